/**
 * Epidemic broadcast. Whoever receives a message for the first time shows it to its application and passes it on; copies
 * of what was seen are dropped. So every peer of a connected mesh gets each message once, whatever the mesh looks like,
 * as long as the TTL lasts. The memory of what was seen ends the flood; the TTL only bounds it should memory fail.
 */
import { ExpiringMap } from '@peerpigeon/core';
import type { Envelope, Machine, MessageId, Millis, PeerId } from '@peerpigeon/core';
import { findFault } from './check.js';
import { DEFAULTS } from './config.js';
import type { Config, Options } from './config.js';
import { Flood } from './flood.js';
import type { Input } from './input.js';
import type { Message } from './message.js';
import { Outbox } from './outbox.js';
import type { Output } from './output.js';
import { checkPinnedTtl, checkTtlBounds, ttlForSize } from './ttl.js';

/** What passed through, since the start. Copies are messages on one link; a delivery needs only one of them. */
export interface Counters {
  /** Copies received. */
  readonly received: number;
  /** Of these, shown to the application. */
  readonly delivered: number;
  /** Of these, known already: seen before (S24), or our own id in the path (S25). */
  readonly duplicates: number;
  /** Of these, dropped with their TTL used up (S27). */
  readonly expired: number;
  /** Of these, dropped as violations. */
  readonly refused: number;
  /** Copies sent on for others. */
  readonly forwarded: number;
}

/** The machine; one per mesh. */
export class Gossip implements Machine<Input, Output> {
  /** Read by statistics and by the simulator. */
  readonly counters: Counters;
  private readonly count: { -readonly [K in keyof Counters]: Counters[K] };
  private readonly config: Config;
  /** The most TTL with which a copy of each message arrived. */
  private readonly seenTtl: ExpiringMap<MessageId, number>;
  private readonly flood = new Flood();
  private readonly outbox: Outbox;
  private ttl: number;

  /** @throws {RangeError} when the TTLs are not 1 ≤ `minTtlHops` ≤ `maxTtlHops` ≤ `MAX_HOPS` */
  constructor(options: Options) {
    const config = { ...DEFAULTS, ...options };
    checkTtlBounds(config);
    this.config = config;
    this.ttl = config.minTtlHops;
    this.seenTtl = new ExpiringMap({ maxEntries: config.seenMaxEntries, maxAgeMs: config.seenMaxAgeMs });
    this.outbox = new Outbox(config.outboxMaxMessages, config.outboxMaxAgeMs);
    this.count = { received: 0, delivered: 0, duplicates: 0, expired: 0, refused: 0, forwarded: 0 };
    this.counters = this.count;
  }

  /** The memory of message ids (S21); bounded by `seenMaxEntries` and, as messages come, by `seenMaxAgeMs`. */
  get seen(): { readonly size: number } {
    return this.seenTtl;
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    const { seenMaxEntries, outboxMaxMessages } = this.config;
    return {
      gossipSeen: { size: this.seenTtl.size, cap: seenMaxEntries },
      outbox: { size: this.outbox.size, cap: outboxMaxMessages },
    };
  }

  /**
   * @throws {RangeError} for a `ttl` or `peers` that is no such number, and for an envelope that is no broadcast of ours
   */
  handle(input: Input, now: Millis, out: Output[]): void {
    switch (input.type) {
      case 'broadcast':
        return this.onBroadcast(input.envelope, input.ttl, now, out);
      case 'size':
        this.ttl = ttlForSize(input.peers, this.config);
        return;
      case 'peerUp':
        return this.onPeerUp(input.peer, now, out);
      case 'peerDown':
        this.flood.delete(input.peer);
        return;
      case 'received':
        return this.onReceived(input.from, input.message, now, out);
      case 'timer':
        this.outbox.expire(now);
        return;
    }
  }
  private onBroadcast(envelope: Envelope, pinnedTtl: number | undefined, now: Millis, out: Output[]): void {
    const { peerId, network } = this.config;
    if (envelope.kind !== 'broadcast' || envelope.from !== peerId || envelope.network !== network) {
      throw new RangeError(
        `expected an own broadcast, got ${envelope.kind} of ${envelope.from} in ${envelope.network}`,
      );
    }
    const ttl = pinnedTtl === undefined ? this.ttl : checkPinnedTtl(pinnedTtl, this.config);
    if (this.seenTtl.has(envelope.id, now)) return;
    // No copy that comes back has more TTL than this, so that none is passed on.
    this.seenTtl.set(envelope.id, Infinity, now);
    const path = [peerId];
    out.push({ type: 'event', event: { type: 'message', envelope, hops: 0, ttl, path } });
    if (ttl === 0) return;
    const message: Message = { type: 'payload', envelope, ttl, hops: 1, path, pinned: pinnedTtl !== undefined };
    if (this.flood.size > 0) {
      this.flood.send(message, out);
    } else {
      out.push({ type: 'timer', at: this.outbox.put(message, now), timer: { type: 'outbox' } });
    }
  }

  private onPeerUp(peer: PeerId, now: Millis, out: Output[]): void {
    this.flood.add(peer);
    for (const message of this.outbox.take(now)) out.push({ type: 'send', to: peer, message });
  }

  private onReceived(from: PeerId, message: Message, now: Millis, out: Output[]): void {
    const { count, config } = this;
    const { envelope, ttl, hops, path, pinned } = message;
    count.received++;
    const fault = findFault(message, from, config);
    if (fault !== undefined) {
      count.refused++;
      out.push({ type: 'violation', peer: from, code: fault.code, detail: fault.detail });
      return;
    }
    if (ttl <= 0) {
      count.expired++;
      return;
    }
    if (path.includes(config.peerId)) {
      count.duplicates++;
      return;
    }
    const seenTtl = this.seenTtl.get(envelope.id, now);
    if (seenTtl === undefined) {
      count.delivered++;
      out.push({ type: 'event', event: { type: 'message', envelope, hops, ttl: ttl - 1, path } });
    } else {
      count.duplicates++;
      // More TTL carries a message farther. Where the TTL is pinned that matters at every peer; else it is far above the
      // diameter, and matters only where the first copy ended, so that no relay can stop a message by lowering its TTL.
      if (ttl <= seenTtl || (!pinned && seenTtl > 1)) return;
    }
    this.seenTtl.set(envelope.id, ttl, now);
    if (ttl === 1) return;
    const forward: Message = {
      type: 'payload',
      envelope,
      ttl: ttl - 1,
      hops: hops + 1,
      path: [...path, config.peerId],
      pinned,
    };
    count.forwarded += this.flood.send(forward, out);
  }
}
