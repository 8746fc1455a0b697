import type { Millis } from '@peerpigeon/core';

/** Shorter samples say more of the clock than of the link: browsers round to 1 ms. Ours. */
const MIN_SAMPLE_MS: Millis = 10;

/**
 * How fast a transport drains, in bytes a millisecond, measured while it has something to drain. Where it ran dry before
 * anybody looked, what left is only a lower bound: then the rate may rise, and does not fall. A fall counts at once, a rise
 * by half.
 */
export class DrainRate {
  private rate: number;
  private bytes = 0;
  private elapsedMs: Millis = 0;
  private ranDry = false;

  /** @param first the rate until one has been measured */
  constructor(first: number) {
    this.rate = first;
  }

  /** Bytes a millisecond. */
  get bytesPerMs(): number {
    return this.rate;
  }

  /** So many bytes left in a time in which it had always some, or until it ran dry. */
  sample(bytes: number, elapsedMs: Millis, ranDry: boolean): void {
    this.bytes += bytes;
    this.elapsedMs += elapsedMs;
    this.ranDry ||= ranDry;
    if (this.elapsedMs < MIN_SAMPLE_MS) return;
    const rate = this.bytes / this.elapsedMs;
    if (rate > this.rate) this.rate = this.ranDry ? rate : (this.rate + rate) / 2;
    else if (!this.ranDry) this.rate = rate;
    this.bytes = 0;
    this.elapsedMs = 0;
    this.ranDry = false;
  }
}
