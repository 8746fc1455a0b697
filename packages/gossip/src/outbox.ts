import type { Millis } from '@peerpigeon/core';
import type { Payload } from './message.js';

/** Own messages that were sent while there was no link; they leave with the first one. Bounded in number and age. */
export class Outbox {
  private readonly maxMessages: number;
  private readonly maxAgeMs: Millis;
  private readonly waiting: { readonly message: Payload; readonly expiresAt: Millis }[] = [];

  constructor(maxMessages: number, maxAgeMs: Millis) {
    this.maxMessages = maxMessages;
    this.maxAgeMs = maxAgeMs;
  }

  /** How many messages wait. */
  get size(): number {
    return this.waiting.length;
  }

  /**
   * Keeps `message`; the oldest goes when there are too many.
   * @returns when it expires
   */
  put(message: Payload, now: Millis): Millis {
    const expiresAt = now + this.maxAgeMs;
    this.waiting.push({ message, expiresAt });
    if (this.waiting.length > this.maxMessages) this.waiting.shift();
    return expiresAt;
  }

  /** Takes all messages, oldest first. */
  take(now: Millis): Payload[] {
    this.expire(now);
    return this.waiting.splice(0).map((held) => held.message);
  }

  /** Drops what has waited too long. */
  expire(now: Millis): void {
    while (this.waiting.length > 0 && (this.waiting[0]?.expiresAt as Millis) <= now) this.waiting.shift();
  }
}
