import { between, jitter } from '@peerpigeon/core';
import type { Machine, Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { admit, hintsFor } from './admission.js';
import { DEFAULT_CONFIG } from './config.js';
import type { Config, Settings } from './config.js';
import { leafStep, ringStep, spareStep } from './dialing.js';
import { hastenExchange, neighborsMessage, scheduleExchange } from './exchange.js';
import type { Input, Purpose } from './input.js';
import { Knowledge } from './knowledge.js';
import type { Message } from './message.js';
import { Neighborhood } from './neighborhood.js';
import type { Neighbor } from './neighborhood.js';
import type { Output } from './output.js';
import { randomPolicy, xorPolicy } from './policy.js';
import type { Policy } from './policy.js';
import { slotsFor } from './slots.js';
import type { Slots } from './slots.js';
import { surplusLinks } from './surplus.js';
import { Warnings } from './warnings.js';

/** Of the ranks nearest on the ring, at most so many are no use as long links (prototype: min(8, N̂/6)). */
const MAX_FAR_RANK = 8;

/**
 * Who should be my neighbours.
 *
 * Every peer wants its predecessor and successor on the ring of ids: then the graph holds a cycle through all peers and is
 * in one piece by construction. The slots left over go to long links, which make the diameter logarithmic, and to near
 * ones, the README's preference. A link yields its slot only within its role, and only after what replaces it is open.
 *
 * The machine reacts to what happens and then reviews everything: roles, surplus, missing links, exchanges due. One timer
 * is under way at a time, for the earliest thing to do; one that comes when an earlier review was taken is a no-op.
 */
export class Topology implements Machine<Input, Output> {
  /** What is known of other peers. */
  readonly knowledge: Knowledge;
  /** Links and those being made. */
  readonly neighborhood: Neighborhood;
  private readonly self: PeerId;
  private readonly config: Config;
  private readonly rng: Rng;
  private readonly warnings: Warnings;
  private record: PeerRecord;
  private settings: Settings;
  private active = false;
  private online = false;
  private reviewAt: Millis = Infinity;
  /** Since when both ring neighbours are the nearest known; Infinity while they are not. */
  private ringOkSince: Millis = Infinity;
  private surplusSince: Millis | undefined;
  private trim = false;
  private discoverAt: Millis = 0;
  private discoverPeriodMs = 0;

  constructor(record: PeerRecord, settings: Settings, config: Partial<Config>, rng: Rng) {
    this.self = record.id;
    this.record = record;
    this.settings = settings;
    this.config = { ...DEFAULT_CONFIG, ...config };
    this.rng = rng;
    this.knowledge = new Knowledge(this.self, this.config);
    this.neighborhood = new Neighborhood(this.self);
    this.warnings = new Warnings(this.config);
  }

  /** How many peers the mesh has, as far as can be told from here. */
  get sizeEstimate(): number {
    return this.knowledge.sizeEstimate();
  }

  /** Both ring neighbours are the nearest known. */
  get ringOk(): boolean {
    return this.ringOkSince !== Infinity;
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    switch (input.type) {
      case 'start':
        this.active = true;
        this.warnings.start(now);
        break;
      case 'stop':
        this.stop();
        return;
      case 'configure':
        this.trim ||= input.settings.maxPeers < this.settings.maxPeers;
        this.settings = input.settings;
        this.record = { ...this.record, caps: { ...this.record.caps, maxPeers: input.settings.maxPeers } };
        break;
      case 'reach':
        this.online = input.online;
        this.discoverAt = now + jitter(this.rng, this.config.restDiscoverMs);
        this.discoverPeriodMs = 0;
        break;
      case 'discovered':
        this.learn(input.records, now, out);
        break;
      case 'departed':
        if (!this.neighborhood.links.has(input.peer)) this.forget(input.peer, false, now, out);
        break;
      case 'requested':
        this.answer(input, now, out);
        break;
      case 'redirected':
        this.redirected(input, now, out);
        break;
      case 'dialFailed':
        this.neighborhood.pending.delete(input.peer);
        if (this.neighborhood.links.has(input.peer)) break;
        this.knowledge.failed(input.peer, now, this.rng);
        if (input.absent) this.forget(input.peer, true, now, out);
        break;
      case 'dial':
        this.dial(input.peer, 'manual', now, out);
        break;
      case 'peerUp':
        this.learn([input.record], now, out);
        this.knowledge.alive(input.peer, now);
        this.neighborhood.add(input.peer, input.record, now);
        this.changed(now);
        break;
      case 'peerDown':
        this.peerDown(input.peer, input.departed, now, out);
        break;
      case 'received':
        this.received(input.from, input.message, now, out);
        break;
      case 'timer':
        if (input.timer.at !== this.reviewAt) return;
        this.reviewAt = Infinity;
        break;
    }
    if (this.active) this.review(now, out);
  }

  private stop(): void {
    this.active = false;
    this.online = false;
    this.neighborhood.clear();
    this.knowledge.clear();
    this.reviewAt = Infinity;
    this.ringOkSince = Infinity;
    this.surplusSince = undefined;
    this.trim = false;
  }

  private learn(records: readonly PeerRecord[], now: Millis, out: Output[]): void {
    for (const record of records) {
      if (this.knowledge.learn(record, now, undefined, now)) this.discovered(record.id, now, out);
    }
  }

  private discovered(peer: PeerId, now: Millis, out: Output[]): void {
    out.push({ type: 'event', event: { type: 'discovered', peer } });
    this.discoverPeriodMs = 0;
    this.changed(now);
  }

  private forget(peer: PeerId, departed: boolean, now: Millis, out: Output[]): void {
    if (this.knowledge.forget(peer, now, departed)) out.push({ type: 'event', event: { type: 'forgotten', peer } });
  }

  private changed(now: Millis): void {
    hastenExchange(this.neighborhood, this.config, now, this.rng);
  }

  private slots(): Slots {
    return slotsFor(this.settings.maxPeers, this.sizeEstimate);
  }

  private policy(): Policy {
    return this.settings.xorRouting ? xorPolicy : randomPolicy;
  }

  private farRank(): number {
    return Math.min(MAX_FAR_RANK, Math.floor(this.sizeEstimate / 6));
  }

  private answer(input: Extract<Input, { type: 'requested' }>, now: Millis, out: Output[]): void {
    const { peer, purpose, isolated, record } = input;
    if (record !== undefined) this.learn([record], now, out);
    const onRing = (record?.caps.maxPeers ?? 2) >= 2;
    const far = this.knowledge.isFar(peer, this.farRank());
    const verdict = this.active
      ? admit(
          this.neighborhood,
          { peer, purpose, isolated, onRing, far },
          {
            self: this.self,
            maxPeers: this.settings.maxPeers,
            slots: this.slots(),
            policy: this.policy(),
            eviction: this.settings.evictionStrategy,
          },
          this.rng,
        )
      : ({ type: 'refuse', reason: 'full' } as const);
    if (verdict.type === 'grant') {
      this.neighborhood.pending.set(peer, { peer, purpose, since: now, ours: false });
      out.push({ type: 'grant', peer });
    } else {
      const peers = verdict.reason === 'full' ? hintsFor(peer, this.knowledge) : [];
      out.push({ ...verdict, peer, peers });
    }
  }

  private redirected(input: Extract<Input, { type: 'redirected' }>, now: Millis, out: Output[]): void {
    this.neighborhood.pending.delete(input.peer);
    this.learn(input.peers, now, out);
    const known = this.knowledge.get(input.peer);
    if (known === undefined) return;
    if (input.reason === 'busy') {
      known.retryAt = now + (input.retryAfterMs ?? this.config.backoffMs);
    } else {
      known.open = false;
      known.refusedUntil = now + this.config.refusedMs * between(this.rng, 0.5, 1.5);
      known.retryAt = now + this.config.backoffMs;
    }
  }

  private peerDown(peer: PeerId, departed: boolean, now: Millis, out: Output[]): void {
    this.neighborhood.pending.delete(peer);
    if (!this.neighborhood.links.delete(peer)) return;
    const known = this.knowledge.get(peer);
    if (departed) this.forget(peer, true, now, out);
    else if (known !== undefined) known.refusedUntil = now + this.config.refusedMs * between(this.rng, 0.5, 1.5);
    this.discoverPeriodMs = 0;
    this.discoverAt = Math.min(this.discoverAt, now + between(this.rng, 50, this.config.discoverMs));
    this.changed(now);
  }

  private received(from: PeerId, message: Message, now: Millis, out: Output[]): void {
    const link = this.neighborhood.links.get(from);
    if (link === undefined) return;
    this.knowledge.alive(from, now);
    switch (message.kind) {
      case 'status': {
        link.theirRole = message.role;
        link.theirRingOk = message.ringOk;
        const known = this.knowledge.get(from);
        if (known !== undefined) known.open = message.open;
        break;
      }
      case 'neighbors':
        link.view = new Set(message.links);
        out.push({ type: 'event', event: { type: 'view', peer: from, links: message.links } });
        for (const { record, ageMs, open } of message.entries) {
          if (this.knowledge.learn(record, now - ageMs, open, now)) this.discovered(record.id, now, out);
        }
        break;
      case 'notice':
        link.closing = true;
        out.push({
          type: 'event',
          event: { type: 'evicted', peer: from, reason: message.reason, initiatedBy: 'remote' },
        });
        this.learn(message.peers, now, out);
        break;
    }
  }

  /** Looks at everything and does what is due. */
  private review(now: Millis, out: Output[]): void {
    for (const peer of this.knowledge.prune(now, (id) => this.isKept(id))) {
      out.push({ type: 'event', event: { type: 'forgotten', peer } });
    }
    this.neighborhood.assign(this.slots(), this.policy(), this.knowledge, this.farRank());
    this.closeSurplus(now, out);
    let next = this.seekLinks(now, out);
    this.sendStatus(out);
    next = Math.min(next, this.exchange(now, out));
    next = Math.min(next, this.warnings.review(this.neighborhood.links.size, this.settings.minPeers, now, out));
    if (this.surplusSince !== undefined) next = Math.min(next, this.nextHandoverStep(this.surplusSince, now));
    this.schedule(next, now, out);
  }

  private nextHandoverStep(since: Millis, now: Millis): Millis {
    const { handoverMs } = this.config;
    return now < since + handoverMs
      ? since + handoverMs
      : now < since + 2 * handoverMs
        ? since + 2 * handoverMs
        : now + handoverMs;
  }

  private isKept(peer: PeerId): boolean {
    return this.neighborhood.links.has(peer) || this.neighborhood.pending.has(peer);
  }

  private schedule(next: Millis, now: Millis, out: Output[]): void {
    // Never at once: a review that changes nothing must not follow itself.
    const at = Math.max(next, now + 20);
    if (at >= this.reviewAt || at === Infinity) return;
    this.reviewAt = at;
    out.push({ type: 'timer', at, timer: { kind: 'review', at } });
  }

  private closeSurplus(now: Millis, out: Output[]): void {
    const { maxPeers } = this.settings;
    if (this.neighborhood.links.size <= maxPeers) {
      this.surplusSince = undefined;
      this.trim = false;
      return;
    }
    this.surplusSince ??= now;
    const { self, ringOk, online, surplusSince: since, trim, config } = this;
    for (const link of surplusLinks(this.neighborhood, { self, maxPeers, ringOk, online, since, trim, now, config })) {
      this.evict(link, out);
    }
  }

  private evict(link: Neighbor, out: Output[]): void {
    link.closing = true;
    const reason = link.role === 'none' ? 'replaced by a nearer peer' : 'no slot left';
    out.push({
      type: 'send',
      to: link.peer,
      message: { kind: 'notice', reason, peers: hintsFor(link.peer, this.knowledge) },
    });
    out.push({ type: 'event', event: { type: 'evicted', peer: link.peer, reason, initiatedBy: 'local' } });
    out.push({ type: 'hangup', peer: link.peer, reason: `evicted: ${reason}` });
  }

  /** Dials what is missing, or asks the server for somebody to dial; returns when to look again. */
  private seekLinks(now: Millis, out: Output[]): Millis {
    const { autoDiscovery, maxPeers } = this.settings;
    if (!autoDiscovery || !this.online) return Infinity;
    if (maxPeers === 1) {
      const step = leafStep(this.self, this.knowledge, this.neighborhood, this.config, now);
      if (step.peer !== undefined) this.dial(step.peer, 'leaf', now, out);
      return Math.min(step.until, this.discover(this.neighborhood.load === 0, now, out));
    }
    let next = this.seekRing(now, out);
    let wanting = !this.ringOk && this.neighborhood.pending.size === 0;
    const spare = this.spareLeft();
    // A peer whose ring neighbours cannot be linked seeks long links all the same (topology trap 9).
    const settledAt = this.ringOk ? this.ringOkSince + this.config.ringSettleMs : Infinity;
    if (spare > 0 && this.neighborhood.load < maxPeers + 1) {
      if (settledAt > now) next = Math.min(next, settledAt);
      else {
        const step = this.spareCandidate(now);
        next = Math.min(next, step.until);
        if (step.peer !== undefined) this.dial(step.peer, 'finger', now, out);
        else if (this.knowledge.size > this.neighborhood.load || this.neighborhood.load === 0) wanting = true;
      }
    }
    return Math.min(next, this.discover(wanting, now, out));
  }

  private spareLeft(): number {
    const { random, finger, near } = this.slots();
    return random + finger + near - this.neighborhood.spareLinks() - this.neighborhood.sparePending();
  }

  private spareCandidate(now: Millis): ReturnType<typeof spareStep> {
    const near = this.slots().near > 0;
    return spareStep(
      this.self,
      this.knowledge,
      this.neighborhood,
      this.policy(),
      near,
      this.farRank(),
      this.config,
      now,
      this.rng,
    );
  }

  private seekRing(now: Millis, out: Output[]): Millis {
    let next: Millis = Infinity;
    let closed = true;
    for (const direction of [1, -1] as const) {
      const step = ringStep(this.self, direction, this.knowledge, this.neighborhood, this.config, now);
      if (step.type === 'closed') continue;
      closed = false;
      if (step.type === 'waiting') next = Math.min(next, step.until);
      else if (this.neighborhood.load <= this.settings.maxPeers) this.dial(step.peer, 'ring', now, out);
      else next = Math.min(next, now + this.config.backoffMs);
    }
    if (!closed || this.neighborhood.links.size === 0) this.ringOkSince = Infinity;
    else if (this.ringOkSince === Infinity) this.ringOkSince = now;
    return next;
  }

  private dial(peer: PeerId, purpose: Purpose, now: Millis, out: Output[]): void {
    const { pending, links } = this.neighborhood;
    if (pending.has(peer) || links.has(peer)) return;
    let dials = 0;
    for (const one of pending.values()) if (one.ours) dials++;
    if (dials >= this.config.maxDials && purpose !== 'manual') return;
    pending.set(peer, { peer, purpose, since: now, ours: true });
    out.push({ type: 'dial', peer, purpose, isolated: links.size === 0 });
  }

  /** Asks the server for peers: while something is missing ever more rarely, at rest from time to time. */
  private discover(wanting: boolean, now: Millis, out: Output[]): Millis {
    const { discoverMs, maxDiscoverMs, restDiscoverMs } = this.config;
    if (!wanting) this.discoverPeriodMs = 0;
    else if (this.discoverPeriodMs === 0) {
      this.discoverPeriodMs = discoverMs;
      this.discoverAt = Math.min(this.discoverAt, now + jitter(this.rng, discoverMs, 0.5));
    }
    if (now < this.discoverAt) return this.discoverAt;
    out.push({ type: 'discover' });
    if (wanting) this.discoverPeriodMs = Math.min(maxDiscoverMs, this.discoverPeriodMs * 2);
    this.discoverAt = now + jitter(this.rng, wanting ? this.discoverPeriodMs : restDiscoverMs, 0.5);
    return this.discoverAt;
  }

  private sendStatus(out: Output[]): void {
    const open = this.spareLeft() > 0;
    const { ringOk } = this;
    for (const link of this.neighborhood.links.values()) {
      const status = `${link.role} ${open} ${ringOk}`;
      if (link.closing || link.sentStatus === status) continue;
      link.sentStatus = status;
      out.push({ type: 'send', to: link.peer, message: { kind: 'status', role: link.role, open, ringOk } });
    }
  }

  private exchange(now: Millis, out: Output[]): Millis {
    let next: Millis = Infinity;
    const open = this.spareLeft() > 0;
    for (const link of this.neighborhood.links.values()) {
      if (link.closing) continue;
      if (link.exchangeAt <= now) {
        const { record, knowledge, neighborhood, config, rng } = this;
        const message = neighborsMessage(record, open, link.peer, knowledge, neighborhood, config, now, rng);
        out.push({ type: 'send', to: link.peer, message });
        scheduleExchange(link, config, now, rng);
      }
      next = Math.min(next, link.exchangeAt);
    }
    return next;
  }
}
