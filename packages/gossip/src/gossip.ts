/**
 * Epidemic broadcast. Whoever receives a message for the first time shows it to its application and passes it on; copies
 * of what was seen are dropped. So every peer of a connected mesh gets each message once, whatever the mesh looks like,
 * as long as the TTL lasts. The memory of what was seen ends the flood; the TTL only bounds it should memory fail.
 *
 * What a link loses that dies, or a mesh in pieces, anti-entropy brings: neighbours compare what they have seen, over each
 * new link and now and then, and each sends the other what it lacks.
 */
import { ExpiringMap, jitter, pick } from '@peerpigeon/core';
import type { Envelope, Machine, MessageId, Millis, PeerId, Rng } from '@peerpigeon/core';
import { findFault } from './check.js';
import { DEFAULTS } from './config.js';
import type { Config, Options } from './config.js';
import { Flood } from './flood.js';
import { History } from './history.js';
import type { Input } from './input.js';
import type { Digest, Message, Payload } from './message.js';
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
  /** Of these, dropped: their TTL was used up (S27), or they are older than our arrival. */
  readonly expired: number;
  /** Of these, dropped as violations. */
  readonly refused: number;
  /** Copies sent on for others. */
  readonly forwarded: number;
  /** Copies sent to peers that had missed the message. */
  readonly repaired: number;
}

/** Jitter of the exchange of digests: ± 33 %. */
const DIGEST_JITTER = 1 / 3;

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
  private readonly history: History;
  private readonly rng: Rng;
  /** When each link last brought a digest that was answered; `answer` digests apart. */
  private readonly digestedAt = new Map<string, Millis>();
  private digestDue: 'none' | 'scheduled' = 'none';
  private ttl: number;

  /** @throws {RangeError} when the TTLs are not 1 ≤ `minTtlHops` ≤ `maxTtlHops` ≤ `MAX_HOPS` */
  constructor(options: Options) {
    const { rng, ...rest } = options;
    const config = { ...DEFAULTS, ...rest };
    checkTtlBounds(config);
    this.config = config;
    this.rng = rng;
    this.history = new History(config, rng);
    this.ttl = config.minTtlHops;
    const maxAgeMs = Math.max(config.seenMaxAgeMs, 2 * config.historyMaxAgeMs);
    this.seenTtl = new ExpiringMap({ maxEntries: config.seenMaxEntries, maxAgeMs });
    this.outbox = new Outbox(config.outboxMaxMessages, config.outboxMaxAgeMs);
    this.count = { received: 0, delivered: 0, duplicates: 0, expired: 0, refused: 0, forwarded: 0, repaired: 0 };
    this.counters = this.count;
  }

  /** The memory of message ids (S21); bounded by `seenMaxEntries` and, as messages come, by `seenMaxAgeMs`. */
  get seen(): { readonly size: number } {
    return this.seenTtl;
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    const { seenMaxEntries, outboxMaxMessages, historyMaxMessages, historyMaxAuthors } = this.config;
    return {
      gossipSeen: { size: this.seenTtl.size, cap: seenMaxEntries },
      outbox: { size: this.outbox.size, cap: outboxMaxMessages },
      history: { size: this.history.size, cap: historyMaxMessages },
      authors: { size: this.history.authorCount, cap: historyMaxAuthors },
    };
  }

  /**
   * @throws {RangeError} for a `ttl` or `peers` that is no such number, and for an envelope that is no broadcast of ours
   */
  handle(input: Input, now: Millis, out: Output[]): void {
    this.history.begin(now);
    switch (input.type) {
      case 'start':
        return;
      case 'broadcast':
        return this.onBroadcast(input.envelope, input.ttl, now, out);
      case 'size':
        this.ttl = ttlForSize(input.peers, this.config);
        return;
      case 'peerUp':
        return this.onPeerUp(input.peer, now, out);
      case 'peerDown':
        this.flood.delete(input.peer);
        for (const answer of [true, false]) this.digestedAt.delete(`${input.peer} ${answer}`);
        return;
      case 'received':
        return this.onReceived(input.from, input.message, now, out);
      case 'timer':
        if (input.timer.type === 'outbox') this.outbox.expire(now);
        else this.compare(now, out);
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
    const message: Payload = {
      type: 'payload',
      envelope,
      ttl,
      hops: 1,
      path,
      pinned: pinnedTtl !== undefined,
      ageMs: 0,
    };
    if (this.flood.size > 0) {
      this.remember(message, now, out);
      this.flood.send(message, out);
    } else {
      out.push({ type: 'timer', at: this.outbox.put(message, now), timer: { type: 'outbox' } });
    }
  }

  private onPeerUp(peer: PeerId, now: Millis, out: Output[]): void {
    this.flood.add(peer);
    for (const message of this.outbox.take(now)) {
      out.push({ type: 'send', to: peer, message });
      this.remember(message, now, out);
    }
    // The other end answers. Both at once would send each other everything twice.
    if (this.config.peerId > peer && this.config.historyMaxAgeMs > 0) this.ask(peer, now, out);
  }

  private onReceived(from: PeerId, message: Message, now: Millis, out: Output[]): void {
    if (message.type === 'digest') this.onDigest(from, message, now, out);
    else this.onPayload(from, message, now, out);
  }

  private onPayload(from: PeerId, message: Payload, now: Millis, out: Output[]): void {
    const { count, config } = this;
    const { envelope, ttl, hops, path, pinned, ageMs } = message;
    count.received++;
    const fault = findFault(message, from, config);
    if (fault !== undefined) {
      count.refused++;
      out.push({ type: 'violation', peer: from, code: fault.code, detail: fault.detail });
      return;
    }
    if (ttl <= 0 || this.history.predates(ageMs, now)) {
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
    // Nothing but a pinned TTL keeps a message from whoever missed it.
    const forward: Payload = {
      type: 'payload',
      envelope,
      ttl: pinned ? ttl - 1 : Math.max(1, ttl - 1),
      hops: hops + 1,
      path: [...path, config.peerId],
      pinned,
      ageMs,
    };
    if (seenTtl === undefined) this.remember(forward, now, out);
    if (ttl > 1) count.forwarded += this.flood.send(forward, out);
  }

  /** Keeps a message, as it would be passed on, for those who miss it. */
  private remember(message: Payload, now: Millis, out: Output[]): void {
    this.history.add(message, now);
    this.scheduleDigest(now, out);
  }

  /** One of two neighbours that compare: sends what the other lacks, and says what it lacks itself. */
  private onDigest(from: PeerId, digest: Digest, now: Millis, out: Output[]): void {
    const { config, history, digestedAt, count } = this;
    const key = `${from} ${digest.answer}`;
    if (config.historyMaxAgeMs === 0 || (digestedAt.get(key) ?? -Infinity) + config.minDigestMs > now) return;
    digestedAt.set(key, now);
    for (const message of history.missing(digest, now)) {
      if (message.path.includes(from)) continue;
      out.push({ type: 'send', to: from, message });
      count.repaired++;
    }
    const answer = digest.answer ? undefined : history.answer(digest, now);
    if (answer !== undefined) out.push({ type: 'send', to: from, message: answer });
  }

  /** Asks one neighbour, drawn at random. */
  private compare(now: Millis, out: Output[]): void {
    this.digestDue = 'none';
    this.history.prune(now);
    const peer = pick(this.rng, this.flood.peers);
    if (peer !== undefined && this.history.size > 0) this.ask(peer, now, out);
    this.scheduleDigest(now, out);
  }

  private ask(peer: PeerId, now: Millis, out: Output[]): void {
    out.push({ type: 'send', to: peer, message: this.history.digest(now) });
  }

  private scheduleDigest(now: Millis, out: Output[]): void {
    if (this.digestDue === 'scheduled' || this.history.size === 0) return;
    this.digestDue = 'scheduled';
    out.push({
      type: 'timer',
      at: now + jitter(this.rng, this.config.digestMs, DIGEST_JITTER),
      timer: { type: 'digest' },
    });
  }
}
