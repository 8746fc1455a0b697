import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clockwiseCloser,
  clockwiseDistance,
  compareClockwise,
  compareIds,
  compareRingDistance,
  isBetween,
  predecessor,
  successor,
} from '../src/index.js';
import { anyId, around, clockwise, order, sortedBy, toId, toNumber } from './oracle.js';

const half = 1n << 159n;

describe('ring order', () => {
  test('compareIds is numeric order', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        expect(compareIds(a, b)).toBe(order(toNumber(a), toNumber(b)));
      }),
    );
  });

  test('compareClockwise and clockwiseCloser go by the clockwise distance', () => {
    fc.assert(
      fc.property(anyId, anyId, anyId, (from, a, b) => {
        const expected = order(clockwise(from, a), clockwise(from, b));
        expect(compareClockwise(from, a, b)).toBe(expected);
        expect(clockwiseCloser(from, a, b)).toBe(expected <= 0 ? a : b);
        expect(compareClockwise(from, from, a)).toBe(from === a ? 0 : -1);
      }),
      { numRuns: 2000 },
    );
  });

  test('compareRingDistance goes by the shorter way round', () => {
    fc.assert(
      fc.property(anyId, anyId, anyId, (target, a, b) => {
        expect(Math.sign(compareRingDistance(target, a, b))).toBe(order(around(target, a), around(target, b)));
      }),
      { numRuns: 5000 },
    );
  });

  test('compareRingDistance at the turning points', () => {
    const steps = [0n, 1n, 2n, 15n, 16n, half - 16n, half - 1n, half, half + 1n, half + 16n, -16n, -15n, -2n, -1n];
    for (const base of [0n, 1n, half - 1n, half, 7n * half - 5n]) {
      const target = toId(base);
      for (const x of steps) {
        for (const y of steps) {
          const [a, b] = [toId(base + x), toId(base + y)];
          expect(Math.sign(compareRingDistance(target, a, b))).toBe(order(around(target, a), around(target, b)));
        }
      }
    }
  });

  test('isBetween is the open interval, wrapping', () => {
    fc.assert(
      fc.property(anyId, anyId, anyId, (id, from, to) => {
        const inside = id !== from && (from === to || (id !== to && clockwise(from, id) < clockwise(from, to)));
        expect(isBetween(id, from, to)).toBe(inside);
      }),
      { numRuns: 2000 },
    );
    expect(isBetween(toId(0n), toId(-1n), toId(1n))).toBe(true);
    expect(isBetween(toId(5n), toId(5n), toId(5n))).toBe(false);
  });

  test('clockwiseDistance is (to − from) mod 2^160', () => {
    fc.assert(
      fc.property(anyId, anyId, (from, to) => {
        expect(clockwiseDistance(from, to)).toBe(clockwise(from, to));
      }),
    );
    expect(clockwiseDistance(toId(-1n), toId(0n))).toBe(1n);
    expect(() => clockwiseDistance('1', toId(0n))).toThrow(RangeError);
    expect(() => clockwiseDistance(toId(0n), 1 as unknown as string)).toThrow(TypeError);
  });

  test('successor and predecessor of any set, in any order', () => {
    fc.assert(
      fc.property(anyId, fc.array(anyId, { maxLength: 40 }), (id, ids) => {
        const upwards = sortedBy(ids, (other) => clockwise(id, other)).filter((other) => other !== id);
        expect(successor(id, ids)).toBe(upwards[0]);
        expect(predecessor(id, new Set(ids))).toBe(upwards[upwards.length - 1]);
      }),
      { numRuns: 1000 },
    );
  });

  test('nobody else, one other, and the wrap', () => {
    const [low, high] = [toId(1n), toId(-1n)];
    expect(successor(low, [])).toBeUndefined();
    expect(predecessor(low, [low])).toBeUndefined();
    expect(successor(low, [high])).toBe(high);
    expect(predecessor(low, [high])).toBe(high);
    expect(successor(high, [toId(half), low])).toBe(low);
    expect(predecessor(low, [toId(half), high])).toBe(high);
  });
});
