import { DecodeError } from '@peerpigeon/core';
import type { Fields } from '@peerpigeon/core';

/** Whole numbers as ranges without gaps, ascending: `[from, to]` pairs, both included. */
export type RangeList = readonly (readonly [from: number, to: number])[];

/**
 * A set of whole numbers that are mostly consecutive, as the sequence numbers of an author are. Bounded: where more ranges
 * would be kept than `maxRanges` the lowest gap is given up, as though what is missing there had been seen.
 */
export class Ranges {
  private list: [number, number][] = [];
  private readonly maxRanges: number;
  private changes = 0;

  constructor(maxRanges: number) {
    this.maxRanges = maxRanges;
  }

  get ranges(): RangeList {
    return this.list;
  }

  /** Another number after each change. */
  get revision(): number {
    return this.changes;
  }

  has(n: number): boolean {
    return contains(this.list, n);
  }

  /** Adds `n`; tells whether it was missing. */
  add(n: number): boolean {
    const { list } = this;
    // The first range that does not end before `n`: nearly always the last one, or none.
    let i = list.length;
    while (i > 0 && (list[i - 1] as [number, number])[1] >= n) i--;
    const next = list[i];
    if (next !== undefined && next[0] <= n) return false;
    const former = list[i - 1];
    const joinsFormer = former !== undefined && former[1] === n - 1;
    const joinsNext = next !== undefined && next[0] === n + 1;
    if (joinsFormer && joinsNext) {
      former[1] = next[1];
      list.splice(i, 1);
    } else if (joinsFormer) former[1] = n;
    else if (joinsNext) next[0] = n;
    else list.splice(i, 0, [n, n]);
    this.bound();
    return true;
  }

  /** Adds all of them. */
  addAll(ranges: RangeList): void {
    const all = [...this.list, ...ranges].sort((a, b) => a[0] - b[0]);
    this.list = [];
    for (const [from, to] of all) {
      const last = this.list[this.list.length - 1];
      if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
      else this.list.push([from, to]);
    }
    this.bound();
  }

  private bound(): void {
    const { list, maxRanges } = this;
    this.changes++;
    const excess = list.length - maxRanges;
    if (excess > 0)
      list.splice(0, excess + 1, [(list[0] as [number, number])[0], (list[excess] as [number, number])[1]]);
  }
}

/** Whether `n` is in one of the ranges. */
export function contains(ranges: RangeList, n: number): boolean {
  for (let i = ranges.length - 1; i >= 0; i--) {
    const [from, to] = ranges[i] as readonly [number, number];
    if (n > to) return false;
    if (n >= from) return true;
  }
  return false;
}

/** Whether there is anything in `ranges` that `others` has not. */
export function exceeds(ranges: RangeList, others: RangeList): boolean {
  return ranges.some(([from, to]) => !others.some(([first, last]) => first <= from && to <= last));
}

/** What is in `ranges` and not in `others`. */
export function without(ranges: RangeList, others: RangeList): RangeList {
  const rest: [number, number][] = [];
  for (const [from, to] of ranges) {
    let start = from;
    for (const [first, last] of others) {
      if (last < start || first > to) continue;
      if (first > start) rest.push([start, first - 1]);
      start = last + 1;
    }
    if (start <= to) rest.push([start, to]);
  }
  return rest;
}

/** What is in both. */
export function common(ranges: RangeList, others: RangeList): RangeList {
  return without(ranges, without(ranges, others));
}

/** A copy with at most `max` ranges: of more, the upper ones as one. */
export function condensed(ranges: RangeList, max: number): RangeList {
  const list = ranges.slice(0, max).map(([from, to]) => [from, to] as [number, number]);
  const last = list[max - 1];
  if (last !== undefined) last[1] = (ranges[ranges.length - 1] as RangeList[number])[1];
  return list;
}

/** Reads a flat list of bounds: ascending, and with a gap between any two ranges. @throws {DecodeError} */
export function readRanges(fields: Fields, maxRanges: number): RangeList {
  let least = 1;
  const bounds = fields.list(2 * maxRanges, (list) => {
    const bound = list.integer(least, Number.MAX_SAFE_INTEGER);
    least = bound;
    return bound;
  });
  if (bounds.length % 2 > 0) throw new DecodeError('UNEXPECTED', `${bounds.length} bounds of ranges, expected pairs`);
  const ranges: [number, number][] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    const [from, to] = [bounds[i] as number, bounds[i + 1] as number];
    const former = ranges[ranges.length - 1];
    if (former !== undefined && from < former[1] + 2) {
      throw new DecodeError('UNEXPECTED', `a range from ${from} after one to ${former[1]}, expected a gap`);
    }
    ranges.push([from, to]);
  }
  return ranges;
}
