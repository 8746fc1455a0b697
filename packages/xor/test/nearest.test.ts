import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest, sortByDistance } from '../src/index.js';
import { anyId, sortedBy, spread, toId, xor } from './oracle.js';

const many = Array.from({ length: 3000 }, (_, i) => spread(i));
const target = spread(123_456);

describe('sortByDistance', () => {
  test('sorts as the BigInt oracle does, repeats and shared prefixes included', () => {
    fc.assert(
      fc.property(anyId, fc.array(anyId, { maxLength: 200 }), (origin, ids) => {
        expect(sortByDistance(origin, ids)).toEqual(sortedBy(ids, (id) => xor(origin, id)));
      }),
    );
  });

  test('thousands of ids, the target among them', () => {
    const sorted = sortByDistance(target, [...many, target]);
    expect(sorted).toEqual(sortedBy([...many, target], (id) => xor(target, id)));
    expect(sorted[0]).toBe(target);
  });

  test('ids that share their first 32 bits, all or in groups, are still ordered exactly', () => {
    const together = many.map((id) => `00c0ffee${id.slice(8)}`);
    expect(sortByDistance(target, together)).toEqual(sortedBy(together, (id) => xor(target, id)));
    const groups = many.map((id, i) => `0000000${(i % 16).toString(16)}${id.slice(8)}`);
    expect(sortByDistance(target, groups)).toEqual(sortedBy(groups, (id) => xor(target, id)));
  });

  test('a run of equal prefixes may be longer than an argument list', () => {
    const ids = Array.from({ length: 200_000 }, (_, i) => toId(BigInt(199_999 - i)));
    const sorted = sortByDistance(toId(0n), ids);
    expect(sorted).toHaveLength(200_000);
    expect(sorted.every((id, i) => id === toId(BigInt(i)))).toBe(true);
  });

  test('more ids than an index fits in a key', () => {
    const pool = many.slice(0, 4);
    const ids = Array.from({ length: 2 ** 21 + 1 }, (_, i) => many[i % 4] ?? target);
    const sorted = sortByDistance(target, ids);
    expect(sorted).toHaveLength(ids.length);
    const ends = sortedBy(pool, (id) => xor(target, id)).map((id) => sorted.lastIndexOf(id));
    const counts = sortedBy(pool, (id) => xor(target, id)).map((id) => 2 ** 19 + (id === pool[0] ? 1 : 0));
    expect(ends.map((end, i) => end - (ends[i - 1] ?? -1))).toEqual(counts);
  });

  test('the input stays as it was; any iterable will do', () => {
    const ids = Object.freeze(many.slice(0, 100));
    expect(sortByDistance(target, new Set(ids))).toEqual(sortByDistance(target, ids));
    expect(sortByDistance(target, [])).toEqual([]);
  });
});

describe('nearest', () => {
  test('is the head of the sorted list, for every k', () => {
    fc.assert(
      fc.property(anyId, fc.array(anyId, { maxLength: 60 }), fc.integer({ min: 0, max: 70 }), (origin, ids, k) => {
        expect(nearest(origin, ids, k)).toEqual(sortedBy(ids, (id) => xor(origin, id)).slice(0, k));
      }),
    );
  });

  test.each([1, 8, 20, 500, 3000, Infinity])('k = %s of 3000', (k) => {
    expect(nearest(target, many, k)).toEqual(sortedBy(many, (id) => xor(target, id)).slice(0, k));
  });

  test('best and worst order of arrival', () => {
    const sorted = sortedBy(many, (id) => xor(target, id));
    expect(nearest(target, sorted, 10)).toEqual(sorted.slice(0, 10));
    expect(nearest(target, [...sorted].reverse(), 10)).toEqual(sorted.slice(0, 10));
  });

  test('no k, no ids; and any iterable will do', () => {
    for (const k of [0, -1, NaN]) expect(nearest(target, many, k)).toEqual([]);
    expect(nearest(target, new Map(many.map((id) => [id, 1])).keys(), 3)).toEqual(nearest(target, many, 3));
  });
});
