import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';

/** How long answers are waited for: RFC 6298, with bounds of our own. */
export class RoundTrip {
  private readonly firstMs: Millis;
  private readonly config: Pick<Config, 'minTimeoutMs' | 'maxTimeoutMs'>;
  private smoothed: Millis | undefined;
  private deviation: Millis = 0;

  constructor(firstMs: Millis, config: Pick<Config, 'minTimeoutMs' | 'maxTimeoutMs'>) {
    this.firstMs = firstMs;
    this.config = config;
  }

  /** How long to wait for the answer to the `attempt`th question, from 1. */
  timeoutMs(attempt: number): Millis {
    const { minTimeoutMs, maxTimeoutMs } = this.config;
    const plain = this.smoothed === undefined ? this.firstMs : this.smoothed + 4 * this.deviation;
    return Math.min(maxTimeoutMs, Math.max(minTimeoutMs, plain) * 2 ** (attempt - 1));
  }

  /** An answer took so long. Never of what was asked twice (Karn). */
  sample(ms: Millis): void {
    if (this.smoothed === undefined) [this.smoothed, this.deviation] = [ms, ms / 2];
    else {
      this.deviation += (Math.abs(this.smoothed - ms) - this.deviation) / 4;
      this.smoothed += (ms - this.smoothed) / 8;
    }
  }
}
