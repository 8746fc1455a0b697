import type { Millis } from '@peerpigeon/core';

/** How much, in the long run and at once. */
export interface Allowance {
  /** Tokens that come back in a second. */
  readonly rate: number;
  /** Tokens when it is full, as it is at first. */
  readonly burst: number;
}

/** A token bucket (RFC 2697 has two of them): whoever comes takes tokens, which come back at a steady rate. Pure. */
export class TokenBucket {
  private readonly allowance: Allowance;
  private tokens: number;
  private at: Millis;

  constructor(allowance: Allowance, now: Millis) {
    this.allowance = allowance;
    this.tokens = allowance.burst;
    this.at = now;
  }

  /** How long until `cost` can be taken; 0: now. More than a full bucket holds can never be. */
  waitFor(cost: number, now: Millis): Millis {
    const { rate, burst } = this.allowance;
    if (cost > burst) return Infinity;
    this.refill(now);
    return cost <= this.tokens ? 0 : Math.ceil(((cost - this.tokens) / rate) * 1_000);
  }

  /** Takes `cost`, if it is there. */
  take(cost: number, now: Millis): boolean {
    this.refill(now);
    if (cost > this.tokens) return false;
    this.tokens -= cost;
    return true;
  }

  /** Whether it is full: as good as a new one. */
  isFull(now: Millis): boolean {
    this.refill(now);
    return this.tokens === this.allowance.burst;
  }

  private refill(now: Millis): void {
    const { rate, burst } = this.allowance;
    // A clock that stands still or goes back gives nothing.
    if (now > this.at) this.tokens = Math.min(burst, this.tokens + ((now - this.at) / 1_000) * rate);
    this.at = Math.max(this.at, now);
  }
}
