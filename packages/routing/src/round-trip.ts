import type { Millis } from '@peerpigeon/core';

/** RFC 6298 §2: gains of the mean and of the variation, and how many variations a wait has room for. */
const MEAN_GAIN = 1 / 8;
const VARIATION_GAIN = 1 / 4;
const VARIATIONS = 4;

/** How long something takes there and back, smoothed as TCP does it (RFC 6298 §2). */
export class RoundTrip {
  private meanMs: Millis | undefined;
  private variationMs: Millis = 0;

  /** One more measurement. */
  add(ms: Millis): void {
    if (this.meanMs === undefined) {
      this.meanMs = ms;
      this.variationMs = ms / 2;
      return;
    }
    this.variationMs += VARIATION_GAIN * (Math.abs(this.meanMs - ms) - this.variationMs);
    this.meanMs += MEAN_GAIN * (ms - this.meanMs);
  }

  /** How long an answer is worth waiting for: twice the mean, more where it varies; undefined before the first one. */
  get patienceMs(): Millis | undefined {
    const { meanMs, variationMs } = this;
    return meanMs === undefined ? undefined : Math.max(2 * meanMs, meanMs + VARIATIONS * variationMs);
  }
}
