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
   * @returns when it expires, and the one that had to go
   */
  put(message: Payload, now: Millis): { readonly expiresAt: Millis; readonly pushedOut: Payload | undefined } {
    const expiresAt = now + this.maxAgeMs;
    this.waiting.push({ message, expiresAt });
    const pushedOut = this.waiting.length > this.maxMessages ? this.waiting.shift()?.message : undefined;
    return { expiresAt, pushedOut };
  }

  /** Takes all messages, oldest first; {@link expire} comes first. */
  take(): Payload[] {
    return this.waiting.splice(0).map((held) => held.message);
  }

  /** Takes out what has waited too long. */
  expire(now: Millis): Payload[] {
    let count = 0;
    while (count < this.waiting.length && (this.waiting[count]?.expiresAt as Millis) <= now) count++;
    return this.waiting.splice(0, count).map((held) => held.message);
  }
}
