import { DecodeError, encode } from '@peerpigeon/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_RECORD_BYTES,
  NOTHING_COUNTED,
  Replica,
  count,
  counted,
  decodeCounter,
  encodeCounter,
} from '../src/index.js';
import type { CounterPart } from '../src/index.js';
import { histories, replicaOf, taken } from './parts.js';

const MAX = Number.MAX_SAFE_INTEGER;
const sum = fc.oneof(fc.nat(), fc.maxSafeNat());
const part: fc.Arbitrary<CounterPart> = fc.record({ up: sum, down: sum });

/** Each author's parts, one after the other: the counts so far. */
const runs = histories(fc.integer({ min: -1_000, max: 1_000 }), (n, before: CounterPart | undefined) =>
  count(before ?? NOTHING_COUNTED, n),
);

describe('counter', () => {
  it('counts what all authors added, less what they took away', () => {
    const ann = count(count(NOTHING_COUNTED, 5), -2);
    const bob = count(NOTHING_COUNTED, -7);
    expect(ann).toEqual({ up: 5, down: 2 });
    expect(counted([ann, bob])).toBe(-4);
    expect(counted([])).toBe(0);
    expect(count(ann, 0)).toEqual(ann);
  });

  it('is exact in ±(2^53 − 1), and takes no more of one author', () => {
    const most = count(NOTHING_COUNTED, MAX);
    expect(counted([most, count(NOTHING_COUNTED, -MAX), count(NOTHING_COUNTED, 1)])).toBe(1);
    expect(() => count(most, 1)).toThrow(
      new RangeError(`n: expected at most 2^53 - 1 in all, of one author: ${MAX} added so far, got 1 more`),
    );
    expect(() => count(count(most, -MAX), -1)).toThrow(RangeError);
    for (const n of [0.5, NaN, Infinity, 2 ** 53]) expect(() => count(NOTHING_COUNTED, n)).toThrow(RangeError);
    expect(counted([most, most])).toBe(2 * MAX);
  });

  it('the sum is the same in any order, beyond ±(2^53 − 1) too', () => {
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        expect(counted([...parts].reverse())).toBe(counted(parts));
      }),
    );
  });

  it('parts may arrive in any order, repeatedly and in any grouping', () => {
    fc.assert(
      fc.property(runs, ({ newest, records, shuffled }) => {
        const expected = counted([...newest.values()]);
        for (const deliveries of [records, shuffled, [...shuffled, ...records]]) {
          const replica = taken(new Replica(decodeCounter), deliveries, encodeCounter);
          expect(counted(replica.parts.values())).toBe(expected);
        }
      }),
    );
  });

  it('what one replica learns of another is a join: commutative, associative, idempotent', () => {
    fc.assert(
      fc.property(runs, fc.infiniteStream(fc.nat(2)), ({ shuffled }, where) => {
        const groups = [[], [], []] as (typeof shuffled)[];
        for (const record of shuffled) groups[where.next().value]!.push(record);
        const [a, b, c] = groups as [typeof shuffled, typeof shuffled, typeof shuffled];
        const join = (...all: (typeof shuffled)[]): Map<string, CounterPart> =>
          replicaOf(decodeCounter, encodeCounter, ...all).parts;
        expect(join(a, b)).toEqual(join(b, a));
        expect(join(a, a)).toEqual(join(a));
        expect(join(a, [...b, ...c])).toEqual(join([...a, ...b], c));
      }),
    );
  });

  it('comes back from bytes as it was', () => {
    fc.assert(
      fc.property(part, (any) => {
        expect(decodeCounter(encodeCounter(any))).toEqual(any);
      }),
    );
  });

  it.each([[[]], [[1]], [[-1, 0]], [[0, 0.5]], [['1', 0]], [[2 ** 53, 0]], [null], [7]])(
    '%j is no counter',
    (value) => {
      expect(() => decodeCounter(encode(value))).toThrow(DecodeError);
    },
  );

  it('a longer one than today’s can be read; bytes that are none end in a DecodeError and nothing else', () => {
    expect(decodeCounter(encode([3, 1, 'later']))).toEqual({ up: 3, down: 1 });
    expect(() => decodeCounter(encode([1, 1, new Uint8Array(MAX_RECORD_BYTES)]))).toThrow(DecodeError);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          decodeCounter(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
    );
  });
});
