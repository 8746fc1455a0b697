import * as fc from 'fast-check';
import type { Id } from '../src/index.js';

// The slow truth that the fast functions are held against: every id is a BigInt, every distance is computed.

const RING = 1n << 160n;

export const toNumber = (id: Id): bigint => BigInt(`0x${id}`);
export const toId = (value: bigint): Id => (((value % RING) + RING) % RING).toString(16).padStart(40, '0');
export const xor = (a: Id, b: Id): bigint => toNumber(a) ^ toNumber(b);
export const clockwise = (from: Id, to: Id): bigint => (toNumber(to) - toNumber(from) + RING) % RING;
export const around = (a: Id, b: Id): bigint => (clockwise(a, b) < clockwise(b, a) ? clockwise(a, b) : clockwise(b, a));

/** The sign of a − b. */
export const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** A stable sort by `distance`, ascending. */
export const sortedBy = (ids: readonly Id[], distance: (id: Id) => bigint): Id[] =>
  [...ids].sort((a, b) => order(distance(a), distance(b)));

/** Ids where mistakes hide: anywhere, sharing long prefixes, around 0, around the middle, around the top. */
export const anyId: fc.Arbitrary<Id> = fc.oneof(
  fc.bigInt({ min: 0n, max: RING - 1n }).map(toId),
  fc
    .tuple(
      fc.constantFrom(0n, RING / 2n, RING - 1n, 0x1234n << 144n),
      fc.integer({ min: 0, max: 159 }),
      fc.bigInt(-3n, 3n),
    )
    .map(([base, bit, step]) => toId((base ^ (1n << BigInt(bit))) + step)),
  fc.tuple(fc.constantFrom(0n, RING / 2n), fc.bigInt(-5n, 5n)).map(([base, step]) => toId(base + step)),
);

/** A repeatable id for number `i`, spread over the ring (multiplication by an odd constant is a bijection mod 2^160). */
export const spread = (i: number): Id => toId(BigInt(i + 1) * 0x9e3779b97f4a7c15f39cc0605cedc8341082276bn);
