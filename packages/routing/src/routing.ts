/**
 * Multi-hop delivery over existing links. Each relay hands a message to whoever it knows nearest to the target on the
 * ring of ids, looking two links ahead; the target acknowledges along the path that the message took; a relay that knows
 * nobody nearer says so the same way. The origin sends again, over other links, until it is answered or its time is up,
 * and reports exactly one outcome. Relays keep no state of what they pass on.
 */
import { assert, ExpiringMap, MAX_HOPS } from '@peerpigeon/core';
import type { Envelope, Machine, MessageId, Millis, PeerId } from '@peerpigeon/core';
import { findFault } from './check.js';
import { DEFAULTS } from './config.js';
import type { Config, Options } from './config.js';
import type { Input } from './input.js';
import type { Ack, Data, Message, Nack, NackReason } from './message.js';
import { Neighbourhood } from './neighbourhood.js';
import type { Output } from './output.js';
import { PendingTable } from './pending.js';

/** What passed through, since the start. */
export interface Counters {
  /** Messages received, of all kinds. */
  readonly received: number;
  /** Data for us, shown to the application. */
  readonly delivered: number;
  /** Data for us that was shown before, and acknowledged again. */
  readonly duplicates: number;
  /** Data and answers passed on for others. */
  readonly relayed: number;
  /** Data that went no further here. */
  readonly nacked: number;
  /** Answers that came too late, were not ours to have, or knew no way on. */
  readonly stray: number;
  /** Dropped as violations. */
  readonly refused: number;
}

/** The machine; one per mesh. */
export class Routing implements Machine<Input, Output> {
  /** Read by statistics and by the simulator. */
  readonly counters: Counters;
  private readonly count: { -readonly [K in keyof Counters]: Counters[K] };
  private readonly config: Config;
  private readonly neighbourhood: Neighbourhood;
  private readonly pending: PendingTable;
  private readonly seen: ExpiringMap<MessageId, true>;

  /** @throws {RangeError} when `maxHops` is no integer in [1, `MAX_HOPS`] */
  constructor(options: Options) {
    const config = { ...DEFAULTS, ...options };
    if (!Number.isInteger(config.maxHops) || config.maxHops < 1 || config.maxHops > MAX_HOPS) {
      throw new RangeError(`expected maxHops from 1 to ${MAX_HOPS}, got ${config.maxHops}`);
    }
    this.config = config;
    this.neighbourhood = new Neighbourhood(config.peerId, config.maxViewPeers);
    this.pending = new PendingTable(config, this.neighbourhood);
    this.seen = new ExpiringMap({ maxEntries: config.seenMaxEntries, maxAgeMs: config.seenMaxAgeMs });
    this.count = { received: 0, delivered: 0, duplicates: 0, relayed: 0, nacked: 0, stray: 0, refused: 0 };
    this.counters = this.count;
  }

  /** How many own messages wait for an acknowledgement. */
  get pendingSize(): number {
    return this.pending.size;
  }

  /** @throws {AssertionError} for an envelope that is not a direct one from us to another peer, or is under way already */
  handle(input: Input, now: Millis, out: Output[]): void {
    switch (input.type) {
      case 'route':
        return this.onRoute(input.envelope, now, out);
      case 'parcel':
      case 'tunnel':
      case 'suspect':
      case 'recovered':
        return;
      case 'view':
        return this.neighbourhood.setView(input.peer, input.neighbours);
      case 'leave':
        this.neighbourhood.clear();
        return this.pending.onLeave(out);
      case 'peerUp':
        this.neighbourhood.add(input.peer);
        return this.pending.onPeerUp(now, out);
      case 'peerDown':
        this.neighbourhood.delete(input.peer);
        return this.pending.onPeerDown(input.peer, now, out);
      case 'received':
        return this.onReceived(input.from, input.message, now, out);
      case 'timer':
        return this.pending.onTimer(input.timer.messageId, now, out);
    }
  }

  private onRoute(envelope: Envelope, now: Millis, out: Output[]): void {
    const { peerId, network } = this.config;
    const { id, kind, from, to } = envelope;
    const own = kind === 'direct' && from === peerId && envelope.network === network;
    assert(own && to !== undefined && to !== peerId, 'only own direct messages to others are routed');
    assert(!this.pending.has(id), 'an envelope is routed once');
    this.pending.add(envelope, to, now, out);
  }

  private onReceived(from: PeerId, message: Message, now: Millis, out: Output[]): void {
    this.count.received++;
    const fault = findFault(message, from, this.config);
    if (fault !== undefined) {
      this.count.refused++;
      out.push({ type: 'violation', peer: from, code: fault.code, detail: fault.detail });
    } else if (message.type !== 'data') {
      this.onAnswer(message, now, out);
    } else if (message.envelope.to === this.config.peerId) {
      this.onArrival(message, now, out);
    } else {
      this.relay(message, now, out);
    }
  }

  /** We are the target. */
  private onArrival(data: Data, now: Millis, out: Output[]): void {
    const { envelope, hops, ttl, path } = data;
    if (this.seen.has(envelope.id, now)) {
      this.count.duplicates++;
    } else {
      this.seen.set(envelope.id, true, now);
      this.count.delivered++;
      out.push({ type: 'event', event: { type: 'message', envelope, hops, ttl: ttl - 1, path } });
    }
    this.send({ type: 'ack', messageId: envelope.id, from: this.config.peerId, hops, ...this.wayBack(data) }, out);
  }

  private relay(data: Data, now: Millis, out: Output[]): void {
    const { envelope, ttl, hops, path } = data;
    if (ttl === 1) return this.giveUp(data, 'hop-limit', now, out);
    const hop = this.neighbourhood.next(envelope.to as PeerId, data.goal, data.ring);
    if (hop === undefined) return this.giveUp(data, 'unreachable', now, out);
    this.count.relayed++;
    const { next, goal, ring } = hop;
    const passed = [...path, this.config.peerId];
    out.push({
      type: 'send',
      to: next,
      message: { type: 'data', envelope, ttl: ttl - 1, hops: hops + 1, path: passed, goal, ring },
    });
  }

  private giveUp(data: Data, reason: NackReason, now: Millis, out: Output[]): void {
    this.count.nacked++;
    const { id, from } = data.envelope;
    const nack: Nack = { type: 'nack', messageId: id, from: this.config.peerId, reason, ...this.wayBack(data) };
    // A detour may lead an own message back here, and end here.
    if (from === this.config.peerId) this.onAnswer(nack, now, out);
    else this.send(nack, out);
  }

  private wayBack(data: Data): Pick<Ack, 'to' | 'route' | 'ttl'> {
    return { to: data.envelope.from, route: data.path, ttl: this.config.maxHops };
  }

  private onAnswer(answer: Ack | Nack, now: Millis, out: Output[]): void {
    if (answer.to !== this.config.peerId) {
      if (answer.ttl === 1) this.count.stray++;
      else if (this.send({ ...answer, ttl: answer.ttl - 1 }, out)) this.count.relayed++;
      return;
    }
    const { messageId, from } = answer;
    const known =
      answer.type === 'ack'
        ? this.pending.onAck(messageId, from, answer.hops, now, out)
        : this.pending.onNack(messageId, now, out);
    if (!known) this.count.stray++;
  }

  /**
   * Sends an answer to the earliest peer of its route that is a neighbour, which both shortens the way and bridges a peer
   * that is gone; without any it goes on greedily over links, strictly nearer each time.
   */
  private send(answer: Ack | Nack, out: Output[]): boolean {
    const { route } = answer;
    const index = route.findIndex((peer) => this.neighbourhood.has(peer));
    const next = index === -1 ? this.neighbourhood.nearestLink(answer.to) : route[index];
    if (next === undefined) {
      this.count.stray++;
      return false;
    }
    out.push({ type: 'send', to: next, message: { ...answer, route: route.slice(0, Math.max(index, 0)) } });
    return true;
  }
}
