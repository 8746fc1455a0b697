/** Some values in short; all null when there are none. */
export interface Spread {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** The arithmetic mean, or null of nothing. */
export function mean(values: Iterable<number>): number | null {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}

/** The largest, or null of nothing. */
export function largest(values: Iterable<number>): number | null {
  let max: number | null = null;
  for (const value of values) if (max === null || value > max) max = value;
  return max;
}

/**
 * The nearest-rank percentile: the smallest value that at least `share` of all values do not exceed, so always one of
 * them. `sorted` is ascending; null of nothing.
 */
export function percentile(sorted: ArrayLike<number>, share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** Median, 99th percentile and maximum. */
export function spread(values: Iterable<number>): Spread {
  const sorted = Float64Array.from(values).sort();
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), max: percentile(sorted, 1) };
}

/** Six decimals: enough for every figure, and the same text from every engine. */
export function rounded(value: number): number;
export function rounded(value: number | null): number | null;
export function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e6) / 1e6;
}

/** Each of the three {@link rounded}. */
export function roundedSpread({ p50, p99, max }: Spread): Spread {
  return { p50: rounded(p50), p99: rounded(p99), max: rounded(max) };
}
