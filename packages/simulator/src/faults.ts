import { SeededRng, between } from '@peerpigeon/core';
import { RESET_SHARE } from './config.js';
import { hash } from './hash.js';

/** What becomes of a frame on its way. Later faults (delay, duplicate, reorder) are further fates. */
export type FrameFate = 'delivered' | 'reset';

/** What becomes of a signaling message on its way. */
export type SignalingFate = 'delivered' | 'lost';

/**
 * Faults of the network by a share of loss. Links are reliable and ordered, so loss shows there as a reset: a frame
 * takes its link down with probability `loss`/100. A signaling message vanishes with probability `loss`.
 */
export class Faults {
  private readonly loss: number;
  private readonly rng: SeededRng;

  /** @throws {RangeError} when `loss` is not in [0, 1] */
  constructor(seed: number, loss: number) {
    if (!(loss >= 0 && loss <= 1)) throw new RangeError(`loss: expected a share in [0, 1], got ${loss}`);
    this.loss = loss;
    this.rng = new SeededRng(hash(seed, 'faults'));
  }

  frame(): FrameFate {
    return this.loss > 0 && between(this.rng, 0, 1) < this.loss * RESET_SHARE ? 'reset' : 'delivered';
  }

  signaling(): SignalingFate {
    return this.loss > 0 && between(this.rng, 0, 1) < this.loss ? 'lost' : 'delivered';
  }
}
