import type { Millis } from '@peerpigeon/core';

/** Tells whether something happens more often than so many times a second: looks at the last few times. */
export class Pace {
  private readonly times: Millis[] = [];
  private readonly limit: number;
  private readonly windowMs: Millis;

  /** More than `limit` times within `windowMs` is too often. */
  constructor(limit: number, windowMs: Millis) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  /** It happens now. Tells whether that is too often. */
  beat(now: Millis): boolean {
    const { times } = this;
    times.push(now);
    if (times.length > this.limit + 1) times.shift();
    return times.length > this.limit && now - (times[0] as Millis) < this.windowMs;
  }
}
