import type { Millis, PeerId } from '@peerpigeon/core';
import { hashBetween } from './hash.js';

/** One-way latencies: uniform in a range, fixed for each pair by the seed, the same both ways. */
export class Latency {
  private readonly seed: number;
  private readonly rangeMs: readonly [Millis, Millis];

  /** @throws {RangeError} when the range is not 0 ≤ min ≤ max */
  constructor(seed: number, rangeMs: readonly [Millis, Millis]) {
    const [min, max] = rangeMs;
    if (!(min >= 0 && max >= min)) throw new RangeError(`latencyMs: expected 0 ≤ min ≤ max, got [${min}, ${max}]`);
    this.seed = seed;
    this.rangeMs = rangeMs;
  }

  /** Between two peers. */
  betweenPeers(a: PeerId, b: PeerId): Millis {
    return a < b
      ? hashBetween(this.rangeMs, this.seed, 'pair', a, b)
      : hashBetween(this.rangeMs, this.seed, 'pair', b, a);
  }

  /** Between a peer and the signaling server. */
  toServer(peer: PeerId): Millis {
    return hashBetween(this.rangeMs, this.seed, 'server', peer);
  }
}
