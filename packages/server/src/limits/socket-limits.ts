import type { Millis } from '@peerpigeon/core';
import type { ServerOptions } from '../options.js';
import { type Allowance, TokenBucket } from './token-bucket.js';

/**
 * Refusals that a client may meet before it is cut off, at once and in the long run. Ours: a client that did not foresee the limit
 * has time to read the first of them and stop; one that goes on is gone within two bursts.
 */
export const PATIENCE: Allowance = { rate: 1, burst: 100 };

/** What one connection may send. */
export interface SocketAllowances {
  readonly messages: Allowance;
  readonly bytes: Allowance;
  readonly announces: Allowance;
}

/** A message that was one too many. */
export interface Excess {
  /** Which limit it was. */
  readonly limit: 'messages' | 'bytes' | 'announces';
  /** When the next one will be taken, from now. */
  readonly retryAfterMs: Millis;
  /** The client does not stop: it is to be cut off. */
  readonly isFinal: boolean;
}

/** The allowances that the options ask for. One largest message is always taken. */
export function socketAllowances(options: ServerOptions): SocketAllowances {
  return {
    messages: { rate: options.messageRate, burst: options.messageBurst },
    bytes: { rate: options.byteRate, burst: Math.max(options.byteBurst, options.maxMessageSize) },
    announces: { rate: options.announceRate, burst: options.announceBurst },
  };
}

/** The token buckets of one connection. Pure. */
export class SocketLimits {
  private readonly messages: TokenBucket;
  private readonly bytes: TokenBucket;
  private readonly announces: TokenBucket;
  private readonly patience: TokenBucket;

  constructor({ messages, bytes, announces }: SocketAllowances, now: Millis) {
    this.messages = new TokenBucket(messages, now);
    this.bytes = new TokenBucket(bytes, now);
    this.announces = new TokenBucket(announces, now);
    this.patience = new TokenBucket(PATIENCE, now);
  }

  /** A message of `bytes` has come, not yet read. */
  message(bytes: number, now: Millis): Excess | undefined {
    const forMessage = this.messages.waitFor(1, now);
    const forBytes = this.bytes.waitFor(bytes, now);
    if (forMessage > 0 || forBytes > 0) {
      return this.excess(forMessage >= forBytes ? 'messages' : 'bytes', Math.max(forMessage, forBytes), now);
    }
    this.messages.take(1, now);
    this.bytes.take(bytes, now);
    return undefined;
  }

  /** The message that has come is an announce: it makes the server search. */
  announce(now: Millis): Excess | undefined {
    const wait = this.announces.waitFor(1, now);
    if (wait > 0) return this.excess('announces', wait, now);
    this.announces.take(1, now);
    return undefined;
  }

  private excess(limit: Excess['limit'], retryAfterMs: Millis, now: Millis): Excess {
    return { limit, retryAfterMs, isFinal: !this.patience.take(1, now) };
  }
}
