import { jitter } from '@peerpigeon/core';
import type { Millis, Rng } from '@peerpigeon/core';

/** When something may be done again: after a first delay, then after `factor` times as much each time, ± `share`. */
export class Backoff {
  private readonly firstMs: Millis;
  private readonly maxMs: Millis;
  private readonly rng: Rng;
  private readonly share: number;
  private readonly factor: number;
  private periodMs: Millis = 0;
  /** Not before. */
  at: Millis = 0;

  constructor(firstMs: Millis, maxMs: Millis, rng: Rng, share = 0.5, factor = 2) {
    this.firstMs = firstMs;
    this.maxMs = maxMs;
    this.rng = rng;
    this.share = share;
    this.factor = factor;
  }

  /** It was done: the next time is later. */
  advance(now: Millis): void {
    this.periodMs = Math.min(this.maxMs, Math.max(this.firstMs, this.periodMs * this.factor));
    this.at = now + jitter(this.rng, this.periodMs, this.share);
  }

  /** Things have changed: begin anew, at `at`. @param periodMs the period so far, which the next one is a multiple of */
  reset(at: Millis, periodMs: Millis = 0): void {
    this.periodMs = periodMs;
    this.at = at;
  }

  /** Something is worth doing again: within the first delay. */
  hasten(now: Millis): void {
    if (this.periodMs <= this.firstMs) return;
    this.periodMs = this.firstMs;
    this.at = Math.min(this.at, now + jitter(this.rng, this.firstMs, this.share));
  }
}
