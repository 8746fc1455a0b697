import { below } from '@peerpigeon/core';
import type { Millis, Rng } from '@peerpigeon/core';

/** A bucket drawn for a finger slot, and since when no link covers it. */
interface Drawn {
  readonly bucket: number;
  since: Millis;
}

/**
 * The XOR buckets in which fingers are wanted: one per slot, drawn among the ⌈log2 N̂⌉ shallow ones and kept. Then long
 * links have lengths by Kleinberg's harmonic law (a bucket is uniform in the logarithm of the distance), by which greedy
 * routing finds its way in few hops.
 */
export class Fingers {
  private drawn: Drawn[] = [];

  /**
   * Draws what is missing, and anew what had no partner for `redrawMs`.
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
    const given = new Set<number>();
    this.drawn = this.drawn.filter((one, i) => {
      if (covered.has(one.bucket)) one.since = now;
      else if (one.since + redrawMs <= now) given.add(one.bucket);
      return i < count && one.bucket < depth && !given.has(one.bucket);
    });
    const taken = new Set(this.drawn.map(({ bucket }) => bucket));
    let pool = Array.from({ length: depth }, (_, bucket) => bucket).filter((bucket) => !taken.has(bucket));
    if (given.size > 0) {
      // The second choice is a bucket that a link covers by chance, if there is one: then this is settled.
      const better = pool.filter((bucket) => covered.has(bucket));
      pool = better.length > 0 ? better : pool.filter((bucket) => !given.has(bucket));
    }
    while (taken.size < count && pool.length > 0) {
      const [bucket] = pool.splice(below(rng, pool.length), 1) as [number];
      taken.add(bucket);
      this.drawn.push({ bucket, since: now });
    }
    return taken;
  }
}
