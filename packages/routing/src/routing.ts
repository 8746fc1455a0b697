/**
 * Multi-hop delivery over existing links. Each relay hands a message to whoever it knows nearest to the target on the
 * ring of ids, looking two links ahead; the target acknowledges along the path that the message took; a relay that knows
 * nobody nearer says so the same way. The origin sends again, over other links, until it is answered or its time is up,
 * and reports exactly one outcome. Whoever sends a direct message on answers for it until the next peer has said that it
 * has it, and tries others meanwhile. Parcels go the same ways once, unacknowledged.
 */
import { assert, ExpiringMap, MAX_HOPS, pick } from '@peerpigeon/core';
import type { Machine, MessageId, Millis, PeerId } from '@peerpigeon/core';
import { findFault } from './check.js';
import { DEFAULTS, MAX_ATTEMPTS, MAX_PARCEL_BYTES, MAX_WALK_STEPS } from './config.js';
import type { Config, Options } from './config.js';
import { Custody } from './custody.js';
import type { Held } from './custody.js';
import { noCounts } from './counters.js';
import type { Counters } from './counters.js';
import type { Event } from './event.js';
import { frameBytes, sendOn } from './forward.js';
import type { Address, Input } from './input.js';
import type { Answer, Data, Message, NackReason, Parcel, Way } from './message.js';
import { GREEDY, Neighbourhood } from './neighbourhood.js';
import type { Hop } from './neighbourhood.js';
import type { Output } from './output.js';
import { PendingTable } from './pending.js';
import { Receipts } from './receipts.js';
import { straighten } from './source-route.js';
import type { Timer } from './timer.js';

/** The machine; one per mesh. */
export class Routing implements Machine<Input, Output> {
  /** Read by statistics and by the simulator. */
  readonly counters: Counters;
  private readonly count: ReturnType<typeof noCounts>;
  private readonly config: Config;
  private readonly neighbourhood: Neighbourhood;
  private readonly pending: PendingTable;
  private readonly custody: Custody;
  private readonly receipts: Receipts;
  private readonly seen: ExpiringMap<MessageId, true>;
  /** Copies passed on for others: their message and attempt. */
  private readonly passed: ExpiringMap<string, true>;
  /** Neighbours that said goodbye. */
  private readonly departed: ExpiringMap<PeerId, true>;

  /** @throws {RangeError} when `maxHops` is no integer in [1, `MAX_HOPS`], or `maxAttempts` none in [1, `MAX_ATTEMPTS`] */
  constructor(options: Options) {
    const config = { ...DEFAULTS, ...options };
    if (!Number.isInteger(config.maxHops) || config.maxHops < 1 || config.maxHops > MAX_HOPS) {
      throw new RangeError(`expected maxHops from 1 to ${MAX_HOPS}, got ${config.maxHops}`);
    }
    const { maxAttempts, custody } = config;
    if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > MAX_ATTEMPTS) {
      throw new RangeError(`expected maxAttempts from 1 to ${MAX_ATTEMPTS}, got ${maxAttempts}`);
    }
    this.config = config;
    this.neighbourhood = new Neighbourhood(config.peerId, config);
    this.custody = new Custody(custody);
    this.receipts = new Receipts(custody);
    this.departed = new ExpiringMap({ maxEntries: config.maxDeparted, maxAgeMs: config.departedMs });
    this.passed = new ExpiringMap({ maxEntries: custody.maxPassed, maxAgeMs: custody.passedMs });
    this.pending = new PendingTable(config, this.neighbourhood, this.departed, ({ data, next }, now, out) =>
      this.custody.watch({ data, next, tried: new Set([next]) }, now, out),
    );
    this.seen = new ExpiringMap({ maxEntries: config.seenMaxEntries, maxAgeMs: config.seenMaxAgeMs });
    this.count = noCounts();
    this.counters = this.count;
  }

  /** How many own messages wait for an acknowledgement. */
  get pendingSize(): number {
    return this.pending.size;
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    const { direct, signal, seenMaxEntries, maxTunnels, maxLodgers, maxFailed, maxDeparted, custody } = this.config;
    return {
      routingPending: { size: this.pending.size, cap: direct.maxPending + signal.maxPending },
      routingFailed: { size: this.pending.failedSize, cap: maxFailed },
      routingMissed: this.pending.missedSize,
      routingCustody: { size: this.custody.size, cap: custody.maxCopies },
      routingPassed: { size: this.passed.size, cap: custody.maxPassed },
      routingDeparted: { size: this.departed.size, cap: maxDeparted },
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
      case 'pass': {
        const parcel: Parcel = { ...input, type: 'parcel', address: 'peer', ...GREEDY };
        return this.relay(parcel, this.neighbourhood.next(input.to, parcel), now, out);
      }
      case 'tunnel':
        return this.neighbourhood.setTunnel(input.peer, input.route);
      case 'lodger':
        return this.neighbourhood.setLodger(input.peer, input.route);
      case 'suspect':
        this.neighbourhood.suspect(input.peer, true);
        this.pending.onLoss(input.peer, now, out);
        return this.detour(this.custody.abandon(input.peer), now, out);
      case 'recovered':
        return this.neighbourhood.suspect(input.peer, false);
      case 'view':
        return this.neighbourhood.setView(input.peer, { leaves: [], leaf: false, ...input });
      case 'leave':
        this.neighbourhood.clear();
        this.custody.clear();
        this.receipts.clear();
        this.departed.clear();
        return this.pending.onLeave(out);
      case 'abort':
        return this.pending.abort(input.messageId, now, out);
      case 'departed':
        return this.departed.set(input.peer, true, now);
      case 'peerUp':
        this.neighbourhood.add(input.peer);
        this.custody.add(input.peer);
        this.departed.delete(input.peer);
        return this.pending.onPeerUp(now, out);
      case 'peerDown':
        if (this.neighbourhood.isSuspect(input.peer)) this.pending.onMissed(input.peer, now);
        this.neighbourhood.delete(input.peer);
        this.receipts.delete(input.peer);
        this.pending.onLoss(input.peer, now, out);
        return this.detour(this.custody.delete(input.peer), now, out);
      case 'received':
        return this.onReceived(input.from, input.message, now, out);
      case 'timer':
        return this.onTimer(input.timer, now, out);
    }
  }

  private onTimer(timer: Timer, now: Millis, out: Output[]): void {
    switch (timer.type) {
      case 'pending':
        return this.pending.onTimer(timer.messageId, now, out);
      case 'receipts':
        return this.receipts.onTimer(now, out);
      case 'custody': {
        const overdue = this.custody.onTimer(now, out);
        for (const { next } of overdue) this.neighbourhood.owes(next, true);
        return this.detour(overdue, now, out);
      }
    }
  }

  private onRoute(input: Extract<Input, { type: 'route' }>, now: Millis, out: Output[]): void {
    const { envelope, route, mostHops, timeoutMs } = input;
    const { peerId, network } = this.config;
    const { id, kind, from, to } = envelope;
    const own = kind !== 'broadcast' && from === peerId && envelope.network === network;
    assert(own && to !== undefined && to !== peerId, 'only own messages to one other peer are routed');
    assert(!this.pending.has(id), 'an envelope is routed once');
    this.pending.add(envelope, to, { route, mostHops, timeoutMs }, now, out);
  }

  private onParcel({ address, body }: Extract<Input, { type: 'parcel' }>, out: Output[]): void {
    const { peerId, maxHops } = this.config;
    if (body instanceof Uint8Array && body.length > MAX_PARCEL_BYTES) {
      this.count.refused++;
      return;
    }
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
      return;
    }
    this.neighbourhood.owes(from, false);
    if (message.type === 'data') {
      this.onData(message, from, now, out);
    } else if (message.type === 'receipt') {
      this.count.receipts++;
      this.custody.onReceipt(from, message.messageIds, now);
    } else if (message.type === 'parcel') {
      this.onParcelReceived(message, from, now, out);
    } else {
      // Whoever answers a message has it.
      if (message.type !== 'bounce') this.custody.onReceipt(from, [message.messageId], now);
      this.onAnswer(message, now, out);
    }
  }

  private onData(data: Data, from: PeerId, now: Millis, out: Output[]): void {
    const { envelope } = data;
    if (envelope.kind === 'signal' && envelope.to !== this.config.peerId) {
      return this.relay(data, this.neighbourhood.next(envelope.to as PeerId, data), now, out);
    }
    const answered = envelope.to === this.config.peerId ? this.accept(data, now, out) : this.passOn(data, now, out);
    if (envelope.kind !== 'signal' && answered !== from) this.receipts.owe(from, envelope.id, now, out);
  }

  /** A message for us. Returns over which neighbour the acknowledgement went. */
  private accept({ envelope, hops, ttl, path }: Data, now: Millis, out: Output[]): PeerId | undefined {
    const { peerId } = this.config;
    if (this.seen.has(envelope.id, now)) {
      this.count.duplicates++;
    } else {
      this.seen.set(envelope.id, true, now);
      this.count.delivered++;
      this.emit({ type: 'message', envelope, hops, ttl: ttl - 1, path }, out);
    }
    return this.answer({ type: 'ack', messageId: envelope.id, from: peerId, hops, ...this.wayBack(path) }, out);
  }

  /** A direct message for another. Returns over which neighbour an answer went, if one did. */
  private passOn(data: Data, now: Millis, out: Output[]): PeerId | undefined {
    const { envelope, attempt, path } = data;
    const copy = `${envelope.id}${attempt}`;
    // A detour has led to the way that the first copy took. One that comes back to us is another matter: its way was wrong.
    if (this.passed.has(copy, now) && !path.includes(this.config.peerId)) {
      this.count.duplicates++;
      return undefined;
    }
    this.passed.set(copy, true, now);
    return this.forward(data, new Set(), now, out);
  }

  /** Copies that were not acknowledged, or whose link is gone, go other ways. */
  private detour(copies: readonly Held[], now: Millis, out: Output[]): void {
    for (const { data, tried, next } of copies) {
      this.count.detours++;
      if (data.path.length === 0) this.pending.onSilence(data.envelope.id, next, now, out);
      else this.forward(data, tried, now, out);
    }
  }

  /** Sends a direct message on, and answers for it. Returns over which neighbour a nack went instead. */
  private forward(data: Data, tried: ReadonlySet<PeerId>, now: Millis, out: Output[]): PeerId | undefined {
    const { envelope, ttl, path, route } = data;
    const { peerId, maxFrameBytes, custody } = this.config;
    const to = envelope.to as PeerId;
    if (ttl === 1) return this.giveUp(data, 'hop-limit', now, out);
    if (frameBytes(envelope, path.length + route.length + 1) > maxFrameBytes) {
      return this.giveUp(data, 'too-large', now, out);
    }
    let hop = tried.size > custody.maxDetours ? undefined : this.neighbourhood.next(to, data, tried);
    // Where the target itself is gone or silent there is nothing to look for on its other side.
    if (hop === undefined && tried.size <= custody.maxDetours && !tried.has(to) && !this.departed.has(to, now)) {
      hop = this.neighbourhood.round(to, data, tried);
    }
    if (hop === undefined) {
      const reason = tried.size > 0 ? 'unanswered' : 'unreachable';
      return this.giveUp(data, this.departed.has(to, now) ? 'left' : reason, now, out);
    }
    this.count.relayed++;
    out.push(sendOn(data, hop, peerId));
    this.custody.watch({ data, next: hop.next, tried: new Set([...tried, hop.next]) }, now, out);
    return undefined;
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
  private open({ path, body, address, to, ttl }: Parcel, out: Output[]): void {
    const from = path[0] as PeerId;
    if (from === this.config.peerId) {
      this.count.stray++;
      return;
    }
    this.count.delivered++;
    const key = address === 'key' && to !== null ? { key: to } : {};
    this.emit({ type: 'parcel', from, body, path, ttl, ...key }, out);
  }

  private relay(message: Data | Parcel, hop: Hop | undefined, now: Millis, out: Output[]): void {
    if (message.ttl === 1) this.giveUp(message, 'hop-limit', now, out);
    else if (hop === undefined) this.giveUp(message, 'unreachable', now, out);
    else {
      this.count.relayed++;
      out.push(sendOn(message, hop, this.config.peerId));
    }
  }

  private giveUp(message: Data | Parcel, reason: NackReason, now: Millis, out: Output[]): PeerId | undefined {
    this.count.nacked++;
    const way = this.wayBack(message.path);
    let answer: Answer;
    if (message.type === 'data') {
      // Its sender set a limit because it has another path, and that one is on its way by now.
      if (reason === 'hop-limit' && message.envelope.kind === 'signal') return undefined;
      answer = { type: 'nack', messageId: message.envelope.id, from: this.config.peerId, reason, ...way };
    } else if (message.address === 'peer') {
      answer = { type: 'bounce', peer: message.to as PeerId, ...way };
    } else {
      return undefined;
    }
    if (way.to !== this.config.peerId) return this.answer(answer, out);
    // A detour may lead an own message back here, and end here.
    this.onAnswer(answer, now, out);
    return undefined;
  }

  private wayBack(path: readonly PeerId[]): Way {
    const [to, ...between] = path as readonly [PeerId, ...PeerId[]];
    return { to, route: between.reverse(), ttl: this.config.maxHops };
  }

  private onAnswer(answer: Answer, now: Millis, out: Output[]): void {
    if (answer.to !== this.config.peerId) {
      if (answer.ttl === 1) this.count.stray++;
      else if (this.answer({ ...answer, ttl: answer.ttl - 1 }, out) !== undefined) this.count.relayed++;
      return;
    }
    if (answer.type === 'bounce') return this.emit({ type: 'bounced', to: answer.peer }, out);
    const { messageId, from } = answer;
    const known =
      answer.type === 'ack'
        ? this.pending.onAck(messageId, from, answer.hops, now, out)
        : this.pending.onNack(messageId, from, answer.reason, now, out);
    if (!known) this.count.stray++;
  }

  /** Over links alone: back along its route, cut short where that can be; greedily, strictly nearer each time, where not. */
  private answer(answer: Answer, out: Output[]): PeerId | undefined {
    const hop = this.neighbourhood.next(answer.to, { route: answer.route, goal: null, mode: 2 });
    if (hop === undefined) {
      this.count.stray++;
      return undefined;
    }
    out.push({ type: 'send', to: hop.next, message: { ...answer, route: hop.route } });
    return hop.next;
  }

  private emit(event: Event, out: Output[]): void {
    out.push({ type: 'event', event });
  }
}
