import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ranges, contains, exceeds } from '../src/ranges.js';

const setOf = (numbers: readonly number[]): Ranges => {
  const ranges = new Ranges(1_000);
  for (const n of numbers) ranges.add(n);
  return ranges;
};
const NUMBERS = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 60 });

test('holds what was added, in ascending ranges with gaps between them', () => {
  fc.assert(
    fc.property(NUMBERS, (numbers) => {
      const { ranges } = setOf(numbers);
      for (let n = 0; n <= 61; n++) expect(contains(ranges, n)).toBe(numbers.includes(n));
      ranges.forEach(([from, to], i) => {
        expect(from).toBeLessThanOrEqual(to);
        expect(from).toBeGreaterThan((ranges[i - 1]?.[1] ?? -1) + 1);
      });
    }),
  );
});

test('tells whether a number was missing', () => {
  const ranges = setOf([1, 2, 5]);
  expect([ranges.add(2), ranges.add(3), ranges.add(3), ranges.add(4)]).toEqual([false, true, false, true]);
  expect(ranges.ranges).toEqual([[1, 5]]);
});

test('exceeds: as sets do', () => {
  fc.assert(
    fc.property(NUMBERS, NUMBERS, (a, b) => {
      expect(exceeds(setOf(a).ranges, setOf(b).ranges)).toBe(a.some((n) => !b.includes(n)));
    }),
  );
});

test('too many gaps: the lowest is given up', () => {
  const ranges = new Ranges(3);
  for (const n of [1, 3, 5, 7]) ranges.add(n);
  expect(ranges.ranges).toEqual([
    [1, 3],
    [5, 5],
    [7, 7],
  ]);
});
