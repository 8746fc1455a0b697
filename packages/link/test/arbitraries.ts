import { DecodeError } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import * as fc from 'fast-check';

export const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

export const peerId = bytes(20).map((id) => Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join(''));

export const record: fc.Arbitrary<PeerRecord> = fc.record(
  {
    id: peerId,
    publicKey: bytes(32),
    epoch: fc.maxSafeNat(),
    caps: fc.integer({ min: 1, max: 50 }).map((maxPeers) => ({ maxPeers })),
    expires: fc.maxSafeNat(),
  },
  { requiredKeys: ['id', 'epoch', 'caps', 'expires'], noNullPrototype: true },
);

/** Text that UTF-8 can carry. */
export const text = (maxLength: number) => fc.string({ unit: 'grapheme-ascii', maxLength });

/** Values that no correct peer sends, and some that it might. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({ withTypedArray: true, withBigInt: true, withDate: true, maxDepth: 2 }),
  fc.constantFrom<unknown>(null, undefined, -0, NaN, Infinity, 2 ** 53, '', '__proto__', 'x'.repeat(70_000), [], {}),
  fc.constantFrom(300, 5_000).map((length) => Array.from({ length }, () => null)),
);

/** A change somewhere inside a value: `path` picks the place. */
export interface Mutation {
  readonly path: readonly number[];
  readonly how: 'replace' | 'delete' | 'append';
  readonly value: unknown;
}

/** Drawing from a pool is some ten times faster than making each value anew. */
const pool = fc.constantFrom(...fc.sample(junk, { numRuns: 2_000, seed: 1 }));

export const mutations = fc.array(
  fc.record({
    path: fc.array(fc.nat(12), { minLength: 1, maxLength: 3 }),
    how: fc.constantFrom('replace' as const, 'delete' as const, 'append' as const),
    value: pool,
  }),
  { minLength: 1, maxLength: 2 },
);

/** A copy of `value` with the change made. */
export function mutate(value: unknown, { path, how, value: put }: Mutation): unknown {
  const [at, ...rest] = path;
  if (at === undefined || typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return how === 'replace' ? put : value;
  }
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>;
  const keys = Object.keys(copy);
  const key = keys[at % Math.max(keys.length, 1)];
  if (key === undefined) return copy;
  if (rest.length > 0) copy[key] = mutate(copy[key], { path: rest, how, value: put });
  else if (how === 'replace') copy[key] = put;
  else if (how === 'append') copy[keys.length] = put;
  else if (Array.isArray(copy)) copy.splice(at % keys.length, 1);
  else Reflect.deleteProperty(copy, key);
  return copy;
}

/** What `read` throws besides a DecodeError: nothing, it is hoped. */
export function otherErrors(read: () => unknown): unknown[] {
  try {
    read();
    return [];
  } catch (error) {
    return error instanceof DecodeError ? [] : [error];
  }
}
