import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';

/** Shares of a new sample in mean and deviation: Jacobson, Congestion Avoidance and Control (1988). */
const MEAN_SHARE = 1 / 8;
const DEVIATION_SHARE = 1 / 4;
/** With so many samples the guess gives way to what was learnt. */
const ENOUGH = 8;

/** How long to wait for a message that was announced: a constant wait makes the tree churn. */
export class Lag {
  private readonly config: Pick<Config, 'roundTripMs' | 'graftMs' | 'graftMaxMs'>;
  private samples = 0;
  private meanMs: Millis = 0;
  private deviationMs: Millis = 0;
  private tripMs: Millis;

  constructor(config: Pick<Config, 'roundTripMs' | 'graftMs' | 'graftMaxMs'>) {
    this.config = config;
    this.tripMs = config.roundTripMs;
  }

  /** A message came so long after it was first announced. */
  learn(lagMs: Millis): void {
    const { samples } = this;
    if (samples === 0) {
      this.meanMs = lagMs;
      this.deviationMs = lagMs / 2;
    } else {
      const error = lagMs - this.meanMs;
      this.meanMs += MEAN_SHARE * error;
      this.deviationMs += DEVIATION_SHARE * (Math.abs(error) - this.deviationMs);
    }
    this.samples++;
  }

  /** Something asked for came so long after it was asked for. */
  learnTrip(tripMs: Millis): void {
    this.tripMs += MEAN_SHARE * (tripMs - this.tripMs);
  }

  /** From the first announcement until the message is asked for: at least two round trips, mean lag and four deviations. */
  get graftMs(): Millis {
    const { graftMs, graftMaxMs } = this.config;
    const learnt = this.samples < ENOUGH ? graftMs : this.meanMs + 4 * this.deviationMs;
    return Math.min(graftMaxMs, Math.max(2 * this.tripMs, learnt));
  }

  /** From there until another that announced it is asked. */
  get retryMs(): Millis {
    return Math.min(this.config.graftMaxMs, 1.5 * this.tripMs);
  }
}
