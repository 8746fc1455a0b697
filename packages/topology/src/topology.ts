import type { Machine, Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { admit, hintsFor } from './admission.js';
import type { Verdict } from './admission.js';
import { DEFAULT_CONFIG } from './config.js';
import type { Config, Settings } from './config.js';
import { hastenExchange, neighborsMessage, scheduleExchange } from './exchange.js';
import type { Input } from './input.js';
import { Knowledge } from './knowledge.js';
import type { Entry, Message } from './message.js';
import { Neighborhood } from './neighborhood.js';
import type { Neighbor } from './neighborhood.js';
import type { Output } from './output.js';
import { planFor, spareSlots } from './plan.js';
import { Seeker } from './seeker.js';
import { surplusLinks } from './surplus.js';
import { Warnings } from './warnings.js';

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
  private readonly seeker: Seeker;
  private reviewAt: Millis = Infinity;
  private surplusSince: Millis | undefined;
  private trim = false;

  constructor(record: PeerRecord, settings: Settings, config: Partial<Config>, rng: Rng) {
    this.self = record.id;
    this.record = record;
    this.settings = settings;
    this.config = { ...DEFAULT_CONFIG, ...config };
    this.rng = rng;
    this.knowledge = new Knowledge(this.self, this.config);
    this.neighborhood = new Neighborhood(this.self);
    this.seeker = new Seeker(this.self, this.config, rng, this.knowledge, this.neighborhood);
    this.warnings = new Warnings(this.config);
  }

  /** How many peers the mesh has, as far as can be told from here. */
  get sizeEstimate(): number {
    return this.knowledge.sizeEstimate();
  }

  /** Long and near links that are missing. */
  get seeking(): number {
    return Math.max(0, spareSlots(planFor(this.settings, this.knowledge), this.neighborhood));
  }

  /** Both ring neighbours are the nearest known. */
  get ringOk(): boolean {
    return this.seeker.ring.state === 'right';
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
        if (input.online) this.seeker.online(now);
        break;
      case 'discovered':
        this.learn(input.records, now, out);
        for (const peer of input.seeking ?? []) this.knowledge.invite(peer, now + this.config.openMs);
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
        this.warnings.dialled(input.peer, this.knowledge.failed(input.peer, now, this.rng), out);
        if (input.absent) this.forget(input.peer, true, now, out);
        break;
      case 'dial':
        this.seeker.dial(input.peer, 'manual', now, out);
        break;
      case 'peerUp':
        this.learn([input.record], now, out);
        this.knowledge.alive(input.peer, now);
        this.neighborhood.add(input.peer, input.record, now);
        this.seeker.gained(now);
        this.changed(now);
        break;
      case 'peerDown':
        this.peerDown(input.peer, input.departed, now, out);
        break;
      case 'received':
        if (!this.received(input.from, input.message, now, out)) return;
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
    this.surplusSince = undefined;
    this.trim = false;
  }

  private learn(records: readonly PeerRecord[], now: Millis, out: Output[]): void {
    for (const record of records) {
      if (this.knowledge.learn(record, now, now)) this.discovered(record.id, now, out);
    }
  }

  private discovered(peer: PeerId, now: Millis, out: Output[]): void {
    out.push({ type: 'event', event: { type: 'discovered', peer } });
    if (this.knowledge.isLeaf(peer)) this.changed(now);
  }

  private forget(peer: PeerId, departed: boolean, now: Millis, out: Output[]): void {
    if (this.knowledge.forget(peer, now, departed)) out.push({ type: 'event', event: { type: 'forgotten', peer } });
  }

  private changed(now: Millis): void {
    hastenExchange(this.neighborhood, this.config, now, this.rng);
  }

  private answer(input: Extract<Input, { type: 'requested' }>, now: Millis, out: Output[]): void {
    const { peer, purpose, isolated, record } = input;
    if (record !== undefined) this.learn([record], now, out);
    const onRing = (record?.caps.maxPeers ?? 2) >= 2;
    const plan = planFor(this.settings, this.knowledge);
    const far = this.knowledge.isFar(peer, plan.farRank);
    const verdict: Verdict = this.active
      ? admit(this.self, this.neighborhood, { peer, purpose, isolated, onRing, far }, plan, this.rng)
      : { type: 'refuse', reason: 'full' };
    if (verdict.type === 'grant') {
      this.neighborhood.pending.set(peer, { peer, purpose, since: now, ours: false });
      out.push({ type: 'grant', peer });
    } else {
      const forRing = purpose === 'ring' || purpose === 'leaf';
      const peers = verdict.reason === 'full' ? hintsFor(peer, forRing, this.knowledge, now) : [];
      out.push({ ...verdict, peer, peers });
    }
  }

  private redirected(input: Extract<Input, { type: 'redirected' }>, now: Millis, out: Output[]): void {
    // Whoever is asked for a long link and has no room names those of whom it heard that they have.
    const purpose = this.neighborhood.pending.get(input.peer)?.purpose ?? 'ring';
    this.neighborhood.pending.delete(input.peer);
    this.learn(input.peers, now, out);
    if (purpose !== 'ring') for (const { id } of input.peers) this.knowledge.hasRoom(id, now + this.config.hintMs);
    const known = this.knowledge.get(input.peer);
    if (known === undefined) return;
    if (input.reason === 'busy') {
      known.retryAt = now + (input.retryAfterMs ?? this.config.backoffMs);
    } else {
      this.knowledge.hasNoRoom(input.peer, now, this.rng);
      known.retryAt = now + this.config.backoffMs;
    }
  }

  private peerDown(peer: PeerId, departed: boolean, now: Millis, out: Output[]): void {
    this.neighborhood.pending.delete(peer);
    if (!this.neighborhood.links.delete(peer)) return;
    if (departed) this.forget(peer, true, now, out);
    else this.knowledge.hasNoRoom(peer, now, this.rng);
    this.seeker.lost(now);
    this.changed(now);
  }

  /** Takes note of what a neighbour says; tells whether that is a reason to look at the links again. */
  private received(from: PeerId, message: Message, now: Millis, out: Output[]): boolean {
    const link = this.neighborhood.links.get(from);
    if (link === undefined) return false;
    this.knowledge.alive(from, now);
    switch (message.kind) {
      case 'status': {
        const { role, ringOk, open } = message;
        const changed = link.theirRole !== role || link.theirRingOk !== ringOk;
        link.theirRole = role;
        link.theirRingOk = ringOk;
        if (open) this.knowledge.hasRoom(from, now + this.config.openMs);
        return changed;
      }
      case 'neighbors':
        link.view = message.links;
        out.push({ type: 'event', event: { type: 'view', peer: from, links: message.links } });
        return this.learnEntries(message.entries, now, out);
      case 'notice': {
        const { reason, peers } = message;
        link.closing = true;
        out.push({ type: 'event', event: { type: 'evicted', peer: from, reason, initiatedBy: 'remote' } });
        this.learn(peers, now, out);
        return true;
      }
    }
  }

  private learnEntries(entries: readonly Entry[], now: Millis, out: Output[]): boolean {
    let news = false;
    for (const { record, ageMs, open } of entries) {
      if (!this.knowledge.worthLearning(record.id)) continue;
      if (this.knowledge.learn(record, now - ageMs, now)) {
        this.discovered(record.id, now, out);
        news = true;
      }
      if (open && !this.knowledge.isOpen(record.id, now)) {
        this.knowledge.hasRoom(record.id, now + this.config.openMs);
        news = true;
      }
    }
    return news;
  }

  /** Looks at everything and does what is due. */
  private review(now: Millis, out: Output[]): void {
    for (const peer of this.knowledge.prune(now, (id) => this.isKept(id))) {
      out.push({ type: 'event', event: { type: 'forgotten', peer } });
    }
    const plan = planFor(this.settings, this.knowledge);
    this.neighborhood.assign(plan, this.knowledge);
    this.closeSurplus(now, out);
    let next = this.seeker.seek(plan, this.online, now, out);
    const open = spareSlots(plan, this.neighborhood) > 0;
    this.sendStatus(open, out);
    next = Math.min(next, this.exchange(open, now, out));
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
      this.evict(link, now, out);
    }
  }

  private evict(link: Neighbor, now: Millis, out: Output[]): void {
    link.closing = true;
    const reason = link.role === 'none' ? 'replaced by a nearer peer' : 'no slot left';
    out.push({
      type: 'send',
      to: link.peer,
      message: { kind: 'notice', reason, peers: hintsFor(link.peer, true, this.knowledge, now) },
    });
    out.push({ type: 'event', event: { type: 'evicted', peer: link.peer, reason, initiatedBy: 'local' } });
    out.push({ type: 'hangup', peer: link.peer, reason: `evicted: ${reason}` });
  }

  private sendStatus(open: boolean, out: Output[]): void {
    const { ringOk } = this;
    for (const link of this.neighborhood.links.values()) {
      const status = `${link.role} ${open} ${ringOk}`;
      if (link.closing || link.sentStatus === status) continue;
      link.sentStatus = status;
      out.push({ type: 'send', to: link.peer, message: { kind: 'status', role: link.role, open, ringOk } });
    }
  }

  private exchange(open: boolean, now: Millis, out: Output[]): Millis {
    let next: Millis = Infinity;
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
