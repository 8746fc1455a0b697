import { between } from '@peerpigeon/core';
import type { Millis, Rng } from '@peerpigeon/core';

/**
 * The XOR buckets in which fingers are wanted: one per slot, drawn among the ⌈log2 N̂⌉ shallow ones and kept. Then long
 * links have lengths by Kleinberg's harmonic law (a bucket is uniform in the logarithm of the distance), by which greedy
 * routing finds its way in few hops.
 */
export class Fingers {
  /** Each bucket has a place in an order drawn once, so that one that appears as the mesh grows changes little. */
  private readonly order: number[] = [];
  /** The wanted buckets, and since when no link covers each. */
  private readonly wanted = new Map<number, Millis>();

  /**
   * The wanted buckets. One that has had no partner for `redrawMs` is given up: for one that a link covers by chance, if there
   * is one, so that this settles, else for the next in order.
   * @param count finger slots
   * @param depth shallow buckets: those from 0 on
   * @param covered buckets that links cover
   */
  draw(
    count: number,
    depth: number,
    covered: ReadonlySet<number>,
    redrawMs: Millis,
    now: Millis,
    rng: Rng,
  ): ReadonlySet<number> {
    const { order, wanted } = this;
    while (order.length < depth) order.push(between(rng, 0, 1));
    for (const [bucket, since] of wanted) {
      if (covered.has(bucket)) wanted.set(bucket, now);
      else if (since + redrawMs <= now) {
        order[bucket] = 1 + now;
        const instead = [...covered].find((one) => one < depth && !wanted.has(one));
        if (instead !== undefined) order[instead] = 0;
      }
    }
    const buckets = Array.from({ length: depth }, (_, bucket) => bucket);
    const drawn = new Set(buckets.sort((a, b) => order[a]! - order[b]!).slice(0, count));
    for (const bucket of wanted.keys()) if (!drawn.has(bucket)) wanted.delete(bucket);
    for (const bucket of drawn) if (!wanted.has(bucket)) wanted.set(bucket, now);
    return drawn;
  }
}
