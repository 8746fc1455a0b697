import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';

/** The retransmission timer of RFC 6298, with bounds of our own: how long to wait for an acknowledgement. */
export class RoundTrip {
  private readonly config: Pick<Config, 'firstTimeoutMs' | 'minTimeoutMs' | 'maxTimeoutMs'>;
  private smoothed: Millis | undefined;
  private deviation: Millis = 0;
  private backoff = 1;

  constructor(config: Pick<Config, 'firstTimeoutMs' | 'minTimeoutMs' | 'maxTimeoutMs'>) {
    this.config = config;
  }

  /** How long to wait now. */
  get timeoutMs(): Millis {
    const { firstTimeoutMs, minTimeoutMs, maxTimeoutMs } = this.config;
    const plain = this.smoothed === undefined ? firstTimeoutMs : this.smoothed + 4 * this.deviation;
    return Math.min(maxTimeoutMs, Math.max(minTimeoutMs, plain) * this.backoff);
  }

  /** Something was acknowledged after so long. Never of what was sent twice (Karn, §3). */
  sample(ms: Millis): void {
    if (this.smoothed === undefined) [this.smoothed, this.deviation] = [ms, ms / 2];
    else {
      this.deviation += (Math.abs(this.smoothed - ms) - this.deviation) / 4;
      this.smoothed += (ms - this.smoothed) / 8;
    }
  }

  /** Nothing came in time: wait twice as long (§5.5). */
  expired(): void {
    this.backoff = Math.min(64, 2 * this.backoff);
  }

  /** There is progress again. */
  progressed(): void {
    this.backoff = 1;
  }
}
