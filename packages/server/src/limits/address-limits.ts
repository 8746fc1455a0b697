import type { Millis } from '@peerpigeon/core';
import { addressKey } from './client-address.js';
import { PATIENCE } from './socket-limits.js';
import { type Allowance, TokenBucket } from './token-bucket.js';

/** What one address may do. */
export interface AddressAllowances {
  /** Connections open at once. */
  readonly connections: number;
  /** New connections. */
  readonly handshakes: Allowance;
}

/** Addresses without a connection that are remembered, those seen last. Ours: some megabytes. */
const MAX_IDLE_ADDRESSES = 10_000;

/** A connection or request that was one too many. */
export interface AddressExcess {
  /** Which limit it was. */
  readonly limit: 'addressConnections' | 'handshakes';
  /** When another try may succeed, from now. */
  readonly retryAfterMs: Millis;
  /** The address does not stop: it is to be answered as cheaply as can be. */
  readonly isFinal: boolean;
}

interface Entry {
  open: number;
  readonly handshakes: TokenBucket;
  readonly requests: TokenBucket;
  readonly patience: TokenBucket;
}

/** How long who has too many connections open is told to wait. Ours: no one knows when one of them closes. */
const FULL_RETRY_MS = 5_000;

/**
 * Connections and requests, counted by address. Pure. What is remembered is bounded: addresses with open connections, which are
 * bounded by the server's, and the latest of the others; who is forgotten among those has his full allowance again.
 */
export class AddressLimits {
  private readonly allowances: AddressAllowances;
  private readonly maxIdle: number;
  private readonly busy = new Map<string, Entry>();
  /** The one seen last stands last. */
  private readonly idle = new Map<string, Entry>();

  constructor(allowances: AddressAllowances, maxIdle: number = MAX_IDLE_ADDRESSES) {
    this.allowances = allowances;
    this.maxIdle = maxIdle;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.busy.size + this.idle.size;
  }

  /** Somebody at `address` wants a connection. When nothing comes back it counts as open until `release`. */
  connect(address: string, now: Millis): AddressExcess | undefined {
    const key = addressKey(address);
    const entry = this.entry(key, now);
    const wait = entry.handshakes.waitFor(1, now);
    if (wait > 0) return excess('handshakes', wait, entry, now);
    entry.handshakes.take(1, now);
    if (entry.open >= this.allowances.connections) return excess('addressConnections', FULL_RETRY_MS, entry, now);
    entry.open++;
    this.idle.delete(key);
    this.busy.set(key, entry);
    return undefined;
  }

  /** A connection of `address` is gone. */
  release(address: string): void {
    const key = addressKey(address);
    const entry = this.busy.get(key);
    if (entry === undefined || --entry.open > 0) return;
    this.busy.delete(key);
    this.rest(key, entry);
  }

  /** Somebody at `address` asks for what costs something, as often as for connections. */
  request(address: string, now: Millis): AddressExcess | undefined {
    const entry = this.entry(addressKey(address), now);
    const wait = entry.requests.waitFor(1, now);
    if (wait > 0) return excess('handshakes', wait, entry, now);
    entry.requests.take(1, now);
    return undefined;
  }

  private entry(key: string, now: Millis): Entry {
    const busy = this.busy.get(key);
    if (busy !== undefined) return busy;
    const { handshakes } = this.allowances;
    const entry = this.idle.get(key) ?? {
      open: 0,
      handshakes: new TokenBucket(handshakes, now),
      requests: new TokenBucket(handshakes, now),
      patience: new TokenBucket(PATIENCE, now),
    };
    this.rest(key, entry);
    return entry;
  }

  private rest(key: string, entry: Entry): void {
    this.idle.delete(key);
    this.idle.set(key, entry);
    if (this.idle.size <= this.maxIdle) return;
    for (const oldest of this.idle.keys()) {
      this.idle.delete(oldest);
      return;
    }
  }
}

function excess(limit: AddressExcess['limit'], retryAfterMs: Millis, { patience }: Entry, now: Millis): AddressExcess {
  return { limit, retryAfterMs, isFinal: !patience.take(1, now) };
}
