/** Whole numbers as ranges without gaps, ascending: `[from, to]` pairs, both included. */
export type RangeList = readonly (readonly [from: number, to: number])[];

/**
 * A set of whole numbers that are mostly consecutive, as the sequence numbers of an author are. Bounded: where more ranges
 * would be kept than `maxRanges` the lowest gap is given up, as though what is missing there had been seen.
 */
export class Ranges {
  private readonly list: [number, number][] = [];
  private readonly maxRanges: number;

  constructor(maxRanges: number) {
    this.maxRanges = maxRanges;
  }

  get ranges(): RangeList {
    return this.list;
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
    const [first, second] = list;
    if (list.length > this.maxRanges && first !== undefined && second !== undefined) {
      second[0] = first[0];
      list.shift();
    }
    return true;
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
