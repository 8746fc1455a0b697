/**
 * Multi-hop delivery over existing links. Each relay hands a message to whoever it knows nearest to the target on the
 * ring of ids, looking two links ahead; the target acknowledges along the path that the message took; a relay that knows
 * nobody nearer says so the same way. The origin sends again, over other links, until it is answered or its time is up,
 * and reports exactly one outcome. Parcels go the same ways once, unacknowledged. Relays keep no state of what they pass on.
 */
import { assert, ExpiringMap, MAX_HOPS, pick } from '@peerpigeon/core';
import type { Machine, MessageId, Millis, PeerId } from '@peerpigeon/core';
import { findFault } from './check.js';
import { DEFAULTS, MAX_WALK_STEPS } from './config.js';
import type { Config, Options } from './config.js';
import type { Event } from './event.js';
import { sendOn } from './forward.js';
import type { Address, Input } from './input.js';
import type { Answer, Data, Message, NackReason, Parcel, Way } from './message.js';
import { GREEDY, Neighbourhood } from './neighbourhood.js';
import type { Hop } from './neighbourhood.js';
import type { Output } from './output.js';
import { PendingTable } from './pending.js';
import { straighten } from './source-route.js';

/** What passed through, since the start. */
export interface Counters {
  /** Messages received, of all kinds. */
  readonly received: number;
  /** Data and parcels for us, given to the level above. */
  readonly delivered: number;
  /** Data for us that was shown before, and acknowledged again. */
  readonly duplicates: number;
  /** Data, parcels and answers passed on for others. */
  readonly relayed: number;
  /** Data and parcels that went no further here. */
  readonly nacked: number;
  /** Answers that came too late, were not ours to have, or knew no way on, and own parcels that came back. */
  readonly stray: number;
  /** Dropped as violations; parcels that could not be read; own parcels over `MAX_PARCEL_BYTES`. */
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
    this.neighbourhood = new Neighbourhood(config.peerId, config);
    this.pending = new PendingTable(config, this.neighbourhood);
    this.seen = new ExpiringMap({ maxEntries: config.seenMaxEntries, maxAgeMs: config.seenMaxAgeMs });
    this.count = { received: 0, delivered: 0, duplicates: 0, relayed: 0, nacked: 0, stray: 0, refused: 0 };
    this.counters = this.count;
  }

  /** How many own messages wait for an acknowledgement. */
  get pendingSize(): number {
    return this.pending.size;
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    const { direct, signal, seenMaxEntries, maxTunnels, maxLodgers } = this.config;
    return {
      routingPending: { size: this.pending.size, cap: direct.maxPending + signal.maxPending },
      routingSeen: { size: this.seen.size, cap: seenMaxEntries },
      routingTunnels: { size: this.neighbourhood.tunnelled, cap: maxTunnels },
      routingLodgers: { size: this.neighbourhood.lodged, cap: maxLodgers },
    };
  }

  /**
   * @throws {AssertionError} for an envelope that is not from us to one other peer, or is under way already; for a walk
   * of less than 1 step or more than `MAX_WALK_STEPS`
   */
  handle(input: Input, now: Millis, out: Output[]): void {
    switch (input.type) {
      case 'route':
        return this.onRoute(input, now, out);
      case 'parcel':
        return this.onParcel(input, out);
      case 'tunnel':
        return this.neighbourhood.setTunnel(input.peer, input.route);
      case 'lodger':
        return this.neighbourhood.setLodger(input.peer, input.route);
      case 'suspect':
        this.neighbourhood.suspect(input.peer, true);
        return this.pending.onLoss(input.peer, now, out);
      case 'recovered':
        return this.neighbourhood.suspect(input.peer, false);
      case 'view':
        return this.neighbourhood.setView(input.peer, { leaves: [], leaf: false, ...input });
      case 'leave':
        this.neighbourhood.clear();
        return this.pending.onLeave(out);
      case 'peerUp':
        this.neighbourhood.add(input.peer);
        return this.pending.onPeerUp(now, out);
      case 'peerDown':
        this.neighbourhood.delete(input.peer);
        return this.pending.onLoss(input.peer, now, out);
      case 'received':
        return this.onReceived(input.from, input.message, now, out);
      case 'timer':
        return this.pending.onTimer(input.timer.messageId, now, out);
    }
  }

  private onRoute({ envelope, route, mostHops }: Extract<Input, { type: 'route' }>, now: Millis, out: Output[]): void {
    const { peerId, network } = this.config;
    const { id, kind, from, to } = envelope;
    const own = kind !== 'broadcast' && from === peerId && envelope.network === network;
    assert(own && to !== undefined && to !== peerId, 'only own messages to one other peer are routed');
    assert(!this.pending.has(id), 'an envelope is routed once');
    this.pending.add(envelope, to, { route, mostHops }, now, out);
  }

  private onParcel({ address, body }: Extract<Input, { type: 'parcel' }>, out: Output[]): void {
    const { peerId, maxHops } = this.config;
    const hop = this.firstHop(address);
    const to = address.type === 'peer' ? address.peer : address.type === 'key' ? address.key : null;
    if (hop === undefined) {
      if (address.type === 'peer') this.emit({ type: 'bounced', to: address.peer }, out);
      return;
    }
    const ttl = (address.type === 'walk' ? address.steps : maxHops) + 1;
    out.push(sendOn({ type: 'parcel', address: address.type, to, ttl, path: [], body, ...GREEDY }, hop, peerId));
  }

  private firstHop(address: Address): Hop | undefined {
    const { neighbourhood } = this;
    const { peerId } = this.config;
    switch (address.type) {
      case 'peer': {
        const { peer, route } = address;
        if (peer === peerId) return undefined;
        return neighbourhood.over(straighten(route, peerId, peer)) ?? neighbourhood.first(peer, [], new Set());
      }
      case 'key': {
        const { key, over } = address;
        return over === undefined ? neighbourhood.first(key, [], new Set()) : neighbourhood.over([over]);
      }
      case 'walk':
        assert(address.steps >= 1 && address.steps <= MAX_WALK_STEPS, `a walk has 1 to ${MAX_WALK_STEPS} steps`);
        return this.draw();
    }
  }

  /** The next step of a walk. */
  private draw(from?: PeerId): Hop | undefined {
    const next = pick(this.config.rng, this.neighbourhood.steps(from));
    return next === undefined ? undefined : { next, ...GREEDY };
  }

  private onReceived(from: PeerId, message: Message, now: Millis, out: Output[]): void {
    this.count.received++;
    const fault = findFault(message, from, this.config);
    if (fault !== undefined) {
      this.count.refused++;
      out.push({ type: 'violation', peer: from, code: fault.code, detail: fault.detail });
    } else if (message.type === 'data') {
      this.onData(message, now, out);
    } else if (message.type === 'parcel') {
      this.onParcelReceived(message, from, now, out);
    } else {
      this.onAnswer(message, now, out);
    }
  }

  private onData(data: Data, now: Millis, out: Output[]): void {
    const { envelope, hops, ttl, path } = data;
    const { peerId } = this.config;
    if (envelope.to !== peerId) {
      return this.relay(data, this.neighbourhood.next(envelope.to as PeerId, data), now, out);
    }
    if (this.seen.has(envelope.id, now)) {
      this.count.duplicates++;
    } else {
      this.seen.set(envelope.id, true, now);
      this.count.delivered++;
      this.emit({ type: 'message', envelope, hops, ttl: ttl - 1, path }, out);
    }
    this.answer({ type: 'ack', messageId: envelope.id, from: peerId, hops, ...this.wayBack(path) }, out);
  }

  private onParcelReceived(parcel: Parcel, from: PeerId, now: Millis, out: Output[]): void {
    const { address, ttl, path } = parcel;
    if (address === 'walk') {
      const hop = ttl === 1 ? undefined : this.draw(from);
      return hop === undefined ? this.open(parcel, out) : this.relay(parcel, hop, now, out);
    }
    const to = parcel.to as PeerId;
    if (to === this.config.peerId) return this.open(parcel, out);
    if (address === 'peer') return this.relay(parcel, this.neighbourhood.next(to, parcel), now, out);
    const hop = this.neighbourhood.nextToKey(to, parcel, path[0] as PeerId);
    return hop === undefined ? this.open(parcel, out) : this.relay(parcel, hop, now, out);
  }

  /** A parcel ends here. */
  private open({ path, body }: Parcel, out: Output[]): void {
    const from = path[0] as PeerId;
    if (from === this.config.peerId) {
      this.count.stray++;
      return;
    }
    this.count.delivered++;
    this.emit({ type: 'parcel', from, body, path }, out);
  }

  private relay(message: Data | Parcel, hop: Hop | undefined, now: Millis, out: Output[]): void {
    if (message.ttl === 1) return this.giveUp(message, 'hop-limit', now, out);
    if (hop === undefined) return this.giveUp(message, 'unreachable', now, out);
    this.count.relayed++;
    out.push(sendOn(message, hop, this.config.peerId));
  }

  private giveUp(message: Data | Parcel, reason: NackReason, now: Millis, out: Output[]): void {
    this.count.nacked++;
    const way = this.wayBack(message.path);
    let answer: Answer;
    if (message.type === 'data') {
      // Its sender set a limit because it has another path, and that one is on its way by now.
      if (reason === 'hop-limit' && message.envelope.kind === 'signal') return;
      answer = { type: 'nack', messageId: message.envelope.id, from: this.config.peerId, reason, ...way };
    } else if (message.address === 'peer') {
      answer = { type: 'bounce', peer: message.to as PeerId, ...way };
    } else {
      return;
    }
    // A detour may lead an own message back here, and end here.
    if (way.to === this.config.peerId) this.onAnswer(answer, now, out);
    else this.answer(answer, out);
  }

  private wayBack(path: readonly PeerId[]): Way {
    const [to, ...between] = path as readonly [PeerId, ...PeerId[]];
    return { to, route: between.reverse(), ttl: this.config.maxHops };
  }

  private onAnswer(answer: Answer, now: Millis, out: Output[]): void {
    if (answer.to !== this.config.peerId) {
      if (answer.ttl === 1) this.count.stray++;
      else if (this.answer({ ...answer, ttl: answer.ttl - 1 }, out)) this.count.relayed++;
      return;
    }
    if (answer.type === 'bounce') return this.emit({ type: 'bounced', to: answer.peer }, out);
    const { messageId, from } = answer;
    const known =
      answer.type === 'ack'
        ? this.pending.onAck(messageId, from, answer.hops, now, out)
        : this.pending.onNack(messageId, now, out);
    if (!known) this.count.stray++;
  }

  /** Over links alone: back along its route, cut short where that can be; greedily, strictly nearer each time, where not. */
  private answer(answer: Answer, out: Output[]): boolean {
    const hop = this.neighbourhood.next(answer.to, { route: answer.route, goal: null, mode: 2 });
    if (hop === undefined) {
      this.count.stray++;
      return false;
    }
    out.push({ type: 'send', to: hop.next, message: { ...answer, route: hop.route } });
    return true;
  }

  private emit(event: Event, out: Output[]): void {
    out.push({ type: 'event', event });
  }
}
