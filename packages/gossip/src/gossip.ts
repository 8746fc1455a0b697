/**
 * Epidemic broadcast. Whoever receives a message for the first time shows it to its application and passes it on; copies
 * of what was seen are dropped. It goes over a spanning tree and is announced over the other links, so that a hole in the tree
 * is noticed and mended (plumtree.ts); the memory of what was seen ends it, the TTL only bounds it should memory fail.
 *
 * What a link loses that dies, or a mesh in pieces, anti-entropy brings: neighbours compare what they have seen, over each
 * new link and now and then, and each sends the other what it lacks, or says that it cannot.
 */
import { ExpiringMap } from '@peerpigeon/core';
import type { Machine, MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Settled } from './author.js';
import { findFault } from './check.js';
import { Comparison } from './comparison.js';
import { DEFAULTS } from './config.js';
import type { Config, Options } from './config.js';
import type { Event, MessageEvent } from './event.js';
import type { Input } from './input.js';
import type { Message, Payload } from './message.js';
import { Order } from './order.js';
import type { Turn } from './order.js';
import { Outbox } from './outbox.js';
import type { Output } from './output.js';
import { Plumtree } from './plumtree.js';
import { Receipts } from './receipts.js';
import type { Timer } from './timer.js';
import { checkPinnedTtl, checkTtlBounds, ttlForSize } from './ttl.js';

/** What passed through, since the start. Copies are messages on one link; a delivery needs only one of them. */
export interface Counters {
  /** Copies received. */
  readonly received: number;
  /** Of these, the first of their message: shown to the application, unless its order forbids. */
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

/** The machine; one per mesh. */
export class Gossip implements Machine<Input, Output> {
  /** Read by statistics and by the simulator. */
  readonly counters: Counters;
  private readonly count: { -readonly [K in keyof Counters]: Counters[K] };
  private readonly config: Config;
  /** The most TTL with which a copy of each message arrived. */
  private readonly seenTtl: ExpiringMap<MessageId, number>;
  private readonly links: Plumtree;
  private readonly outbox: Outbox;
  private readonly comparison: Comparison;
  private readonly order: Order;
  private readonly receipts: Receipts;
  private ttl: number;
  private peers = 1;

  /** @throws {RangeError} when the TTLs are not 1 ≤ `minTtlHops` ≤ `maxTtlHops` ≤ `MAX_HOPS` */
  constructor(options: Options) {
    const { rng, ...rest } = options;
    const config = { ...DEFAULTS, ...rest };
    checkTtlBounds(config);
    this.config = config;
    this.links = new Plumtree(config, rng);
    this.comparison = new Comparison(config, rng);
    this.order = new Order(config);
    this.receipts = new Receipts(config);
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
    const { config, links } = this;
    return {
      gossipSeen: { size: this.seenTtl.size, cap: config.seenMaxEntries },
      outbox: { size: this.outbox.size, cap: config.outboxMaxMessages },
      history: { size: this.comparison.history.size, cap: config.historyMaxMessages },
      authors: { size: this.comparison.history.authorCount, cap: config.historyMaxAuthors },
      recent: { size: links.recent.size, cap: config.recentMaxMessages },
      announced: { size: links.missing.size, cap: config.missingMaxEntries },
      trees: { size: links.trees, cap: config.maxTrees },
      outOfOrder: { size: this.order.size, cap: config.orderMaxMessages },
      receipts: { size: this.receipts.size, cap: config.receiptMaxEntries },
    };
  }

  /**
   * @throws {RangeError} for a `ttl` or `peers` that is no such number, and for an envelope that is no broadcast of ours
   */
  handle(input: Input, now: Millis, out: Output[]): void {
    this.comparison.history.begin(now, input.type === 'start' ? input.sinceMs : 0);
    switch (input.type) {
      case 'start':
        return;
      case 'broadcast':
        return this.onBroadcast(input, now, out);
      case 'size':
        this.ttl = ttlForSize(input.peers, this.config);
        this.peers = input.peers;
        return;
      case 'peerUp':
        return this.onPeerUp(input.peer, now, out);
      case 'peerDown':
        return this.onPeerDown(input.peer, now, out);
      case 'suspect':
        return this.links.suspect(input.peer, now);
      case 'recovered':
        return this.links.recovered(input.peer);
      case 'received':
        return this.onReceived(input.from, input.message, now, out);
      case 'timer':
        return this.onTimer(input.timer, now, out);
    }
  }

  private onBroadcast(
    { envelope, ttl: pinnedTtl, receipts = false }: Extract<Input, { readonly type: 'broadcast' }>,
    now: Millis,
    out: Output[],
  ): void {
    const { peerId, network, receiptMs } = this.config;
    if (envelope.kind !== 'broadcast' || envelope.from !== peerId || envelope.network !== network) {
      throw new RangeError(
        `expected an own broadcast, got ${envelope.kind} of ${envelope.from} in ${envelope.network}`,
      );
    }
    const pinned = pinnedTtl !== undefined;
    const ttl = pinned ? checkPinnedTtl(pinnedTtl, this.config) : this.ttl;
    if (this.seenTtl.has(envelope.id, now)) return;
    // No copy that comes back has more TTL than this, so that none is passed on.
    this.seenTtl.set(envelope.id, Infinity, now);
    const path = [peerId];
    this.emit({ type: 'message', envelope, hops: 0, ttl, path }, out);
    const message: Payload = {
      type: 'payload',
      envelope,
      ttl,
      hops: 1,
      path,
      pinned,
      ageMs: 0,
      mode: 'flood',
      receiptMs: receipts ? receiptMs : 0,
    };
    if (ttl === 0) {
      if (receipts) this.receipts.begin(envelope.id, [], 1, now, out);
    } else if (this.links.size > 0) this.publish(message, now, out);
    else {
      const { expiresAt, pushedOut } = this.outbox.put(message, now);
      if (pushedOut !== undefined) this.unsent(pushedOut, 'overflow', out);
      out.push({ type: 'timer', at: expiresAt, timer: { type: 'outbox' } });
    }
  }

  private publish(draft: Payload, now: Millis, out: Output[]): void {
    const { envelope, receiptMs, pinned } = draft;
    const mode = this.links.modeOf({ pinned, receiptMs, bytes: envelope.bytes.length }, now);
    const message: Payload = { ...draft, mode };
    this.comparison.remember(message, now, out);
    const receivers = this.links.publish(message, now, out);
    if (receiptMs > 0) this.receipts.begin(envelope.id, receivers, this.peers, now + receiptMs, out);
  }

  private unsent({ envelope, receiptMs }: Payload, reason: 'expired' | 'overflow', out: Output[]): void {
    this.emit({ type: 'messageUnsent', messageId: envelope.id, reason }, out);
    if (receiptMs > 0) this.receipts.begin(envelope.id, [], this.peers, 0, out);
  }

  private onPeerUp(peer: PeerId, now: Millis, out: Output[]): void {
    this.links.add(peer, out);
    this.expireOutbox(now, out);
    for (const message of this.outbox.take()) this.publish(message, now, out);
    this.comparison.add(peer, now, out);
  }

  private onPeerDown(peer: PeerId, now: Millis, out: Output[]): void {
    this.links.delete(peer, now, out);
    this.receipts.delete(peer, out);
    this.comparison.delete(peer);
  }

  private onReceived(from: PeerId, message: Message, now: Millis, out: Output[]): void {
    switch (message.type) {
      case 'payload':
        return this.onPayload(from, message, now, out);
      case 'digest':
        this.count.repaired += this.comparison.onDigest(from, message, now, out);
        return;
      case 'summary':
        return this.comparison.onSummary(from, message, now, out);
      case 'gone':
        return this.settle(this.comparison.onGone(from, message, this.links.size, now), now, out);
      case 'ihave':
        return this.links.onAnnouncement(from, message, now, out);
      case 'graft':
        return this.links.onGraft(from, message, now, out);
      case 'prune':
        return this.links.onPrune(from, message.tree, now, out);
      case 'receipt':
        return this.receipts.answered(message.id, from, message.count, out);
    }
  }

  private onTimer(timer: Timer, now: Millis, out: Output[]): void {
    switch (timer.type) {
      case 'outbox':
        return this.expireOutbox(now, out);
      case 'digest':
        return this.settle(this.comparison.next(this.links.peers, now, out), now, out);
      case 'announce':
        return this.links.announce(out);
      case 'graft':
        return this.links.pull(now, out);
      case 'order':
        return this.show(this.order.expire(now), now, out);
      case 'receipts':
        return this.receipts.expire(now, out);
    }
  }

  private expireOutbox(now: Millis, out: Output[]): void {
    for (const message of this.outbox.expire(now)) this.unsent(message, 'expired', out);
  }

  private onPayload(from: PeerId, message: Payload, now: Millis, out: Output[]): void {
    const { count, config } = this;
    const { envelope, ttl, hops, path, pinned, ageMs, receiptMs } = message;
    count.received++;
    const fault = findFault(message, from, config);
    if (fault !== undefined) {
      count.refused++;
      out.push({ type: 'violation', peer: from, code: fault.code, detail: fault.detail });
      return;
    }
    const answerNone = (): void => {
      if (receiptMs > 0) out.push({ type: 'send', to: from, message: { type: 'receipt', id: envelope.id, count: 0 } });
    };
    if (ttl <= 0 || this.comparison.history.predates(ageMs, now)) {
      count.expired++;
      return answerNone();
    }
    if (path.includes(config.peerId)) {
      count.duplicates++;
      return answerNone();
    }
    // Nothing but a pinned TTL keeps a message from whoever missed it.
    const passed: Payload = {
      ...message,
      ttl: pinned ? ttl - 1 : Math.max(1, ttl - 1),
      hops: hops + 1,
      path: [...path, config.peerId],
      receiptMs: Math.max(0, receiptMs - config.receiptStepMs),
    };
    const seenTtl = this.seenTtl.get(envelope.id, now);
    if (seenTtl !== undefined) {
      count.duplicates++;
      answerNone();
      // More TTL carries a message farther. Where the TTL is pinned that matters at every peer; else it is far above the
      // diameter, and matters only where the first copy ended, so that no relay can stop a message by lowering its TTL.
      if (ttl > seenTtl && (pinned || seenTtl <= 1)) {
        this.seenTtl.set(envelope.id, ttl, now);
        count.forwarded += this.links.flood({ ...passed, receiptMs: 0 }, out).length;
      } else if (!pinned) this.links.duplicate(from, message, now, out);
      return;
    }
    count.delivered++;
    this.seenTtl.set(envelope.id, ttl, now);
    this.deliver({ type: 'message', envelope, hops, ttl: ttl - 1, path }, now, out);
    this.comparison.remember(passed, now, out);
    const receivers = this.links.forward(from, passed, ttl <= 1, now, out);
    count.forwarded += receivers.length;
    if (receiptMs === 0) return;
    const counted = passed.receiptMs > 0 ? receivers : [];
    this.receipts.relay(envelope.id, from, counted, now + passed.receiptMs, out);
  }

  private deliver(event: MessageEvent, now: Millis, out: Output[]): void {
    if (this.config.order === 'none') return this.emit(event, out);
    this.show(this.order.put(event, now), now, out);
    const dueAt = this.order.dueAt(event);
    if (dueAt !== undefined) out.push({ type: 'timer', at: dueAt, timer: { type: 'order' } });
  }

  private show({ shown, skipped }: Turn, now: Millis, out: Output[]): void {
    for (const { peer, epoch, fromSeq, toSeq } of skipped) {
      const given = this.comparison.history.skip(peer, epoch, [[fromSeq, toSeq]], now);
      for (const [from, to] of given)
        this.emit({ type: 'messageGap', from: peer, epoch, fromSeq: from, toSeq: to }, out);
    }
    for (const event of shown) this.emit(event, out);
  }

  private emit(event: Event, out: Output[]): void {
    out.push({ type: 'event', event });
  }

  /** What is given up: the application hears what it missed, and nothing waits for it any more. */
  private settle(settled: readonly Settled[], now: Millis, out: Output[]): void {
    for (const { peer, epoch, lost, withheld } of settled) {
      for (const [fromSeq, toSeq] of lost) this.emit({ type: 'messageGap', from: peer, epoch, fromSeq, toSeq }, out);
      if (this.config.order === 'none') continue;
      const gone = [...withheld, ...lost].sort((a, b) => a[0] - b[0]);
      this.show(this.order.giveUp(peer, epoch, gone), now, out);
    }
  }
}
