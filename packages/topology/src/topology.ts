import type { Machine, Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { admit, hintsFor } from './admission.js';
import type { Request, Verdict } from './admission.js';
import { Backoff } from './backoff.js';
import { DEFAULT_CONFIG } from './config.js';
import type { Config, Settings } from './config.js';
import type { Context } from './context.js';
import { neighboursMessage } from './exchange.js';
import type { Input } from './input.js';
import { Knowledge } from './knowledge.js';
import type { Entry, Message } from './message.js';
import { Neighbourhood } from './neighbourhood.js';
import type { Neighbour } from './neighbourhood.js';
import type { Output } from './output.js';
import { planFor, spareSlots } from './plan.js';
import { Seeker } from './seeker.js';
import { Surplus } from './surplus.js';
import { Warnings } from './warnings.js';

/** Jitter of the exchange of neighbours: ± 20 %. */
const EXCHANGE_JITTER = 0.2;

/** Whether links are wanted, and whether requests can reach peers that are not linked. */
type Presence = 'away' | 'offline' | 'online';

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
  readonly neighbourhood: Neighbourhood;
  private readonly context: Context;
  private readonly seeker: Seeker;
  private readonly surplus: Surplus;
  private readonly warnings: Warnings;
  private record: PeerRecord;
  private settings: Settings;
  private presence: Presence = 'away';
  private reviewAt: Millis = Infinity;

  constructor(record: PeerRecord, settings: Settings, tuning: Partial<Config> | undefined, rng: Rng) {
    const self = record.id;
    const config = { ...DEFAULT_CONFIG, ...tuning };
    this.record = record;
    this.settings = settings;
    this.knowledge = new Knowledge(self, config);
    this.neighbourhood = new Neighbourhood(self);
    this.context = { self, config, rng, knowledge: this.knowledge, neighbourhood: this.neighbourhood };
    this.seeker = new Seeker(this.context);
    this.surplus = new Surplus(this.context);
    this.warnings = new Warnings(config);
  }

  /** How many peers the mesh has, as far as can be told from here. */
  get sizeEstimate(): number {
    return this.knowledge.sizeEstimate();
  }

  /** Requests can reach peers that are not linked. */
  get online(): boolean {
    return this.presence === 'online';
  }

  /** Long and near links that are missing. */
  get seeking(): number {
    return Math.max(0, spareSlots(planFor(this.context, this.settings), this.neighbourhood));
  }

  /** Both ring neighbours are the nearest known. */
  get ringOk(): boolean {
    return this.seeker.ring.state === 'right';
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    const { knowledge, neighbourhood, context } = this;
    const { config, rng } = context;
    switch (input.type) {
      case 'start':
        if (this.presence === 'away') this.presence = 'offline';
        this.warnings.start();
        break;
      case 'stop':
        this.stop();
        return;
      case 'configure':
        if (input.settings.maxPeers < this.settings.maxPeers) this.surplus.trim();
        this.settings = input.settings;
        this.record = { ...this.record, caps: { ...this.record.caps, maxPeers: input.settings.maxPeers } };
        break;
      case 'reach':
        if (this.presence !== 'away') this.presence = input.online ? 'online' : 'offline';
        if (input.online) this.seeker.online(now);
        break;
      case 'discovered':
        this.learnAll(input.records, now, out);
        for (const peer of input.seeking ?? []) knowledge.invite(peer, now + config.openMs);
        break;
      case 'departed':
        if (!neighbourhood.links.has(input.peer)) this.forget(input.peer, false, now, out);
        break;
      case 'requested':
        this.answer(input, now, out);
        break;
      case 'redirected':
        this.redirected(input, now, out);
        break;
      case 'dialFailed':
        neighbourhood.pending.delete(input.peer);
        if (neighbourhood.links.has(input.peer)) break;
        this.warnings.dialled(input.peer, knowledge.failed(input.peer, now, rng), out);
        if (input.cause === 'absent') this.forget(input.peer, true, now, out);
        break;
      case 'dial':
        this.seeker.dial(input.peer, input.purpose, out);
        break;
      case 'peerUp':
        this.learn(input.record, now, now, out);
        knowledge.alive(input.peer, now);
        neighbourhood.add(
          input.peer,
          input.record,
          new Backoff(config.exchangeMs, config.maxExchangeMs, rng, EXCHANGE_JITTER),
        );
        this.seeker.gained(now);
        this.changed(now);
        break;
      case 'peerDown':
        this.peerDown(input.peer, input.departed, now, out);
        break;
      case 'received':
        if (!this.received(input.from, input.message, now, out)) return;
        break;
      case 'suspect':
      case 'recovered':
      case 'routed':
      case 'unreachable':
        return;
      case 'timer':
        if (input.timer.at !== this.reviewAt) return;
        this.reviewAt = Infinity;
        break;
    }
    if (this.presence !== 'away') this.review(now, out);
  }

  private stop(): void {
    this.presence = 'away';
    this.neighbourhood.clear();
    this.knowledge.clear();
    this.surplus.clear();
    this.reviewAt = Infinity;
  }

  private learnAll(records: readonly PeerRecord[], now: Millis, out: Output[]): void {
    for (const record of records) this.learn(record, now, now, out);
  }

  /** Takes note of a peer that was alive at `heardAt`; tells whether it is new. */
  private learn(record: PeerRecord, heardAt: Millis, now: Millis, out: Output[]): boolean {
    if (!this.knowledge.learn(record, heardAt, now)) return false;
    out.push({ type: 'event', event: { type: 'peerDiscovered', peer: record.id } });
    if (this.knowledge.isLeaf(record.id)) this.changed(now);
    return true;
  }

  private forget(peer: PeerId, departed: boolean, now: Millis, out: Output[]): void {
    if (this.knowledge.forget(peer, now, departed)) out.push({ type: 'event', event: { type: 'peerForgotten', peer } });
  }

  private changed(now: Millis): void {
    for (const link of this.neighbourhood.links.values()) link.exchange.hasten(now);
  }

  private answer(request: Request, now: Millis, out: Output[]): void {
    const { peer, purpose, record } = request;
    if (record !== undefined) this.learn(record, now, now, out);
    const verdict: Verdict =
      this.presence === 'away'
        ? { type: 'refuse', reason: 'full' }
        : admit(this.context, request, planFor(this.context, this.settings));
    if (verdict.type === 'grant') {
      this.neighbourhood.pending.set(peer, { purpose, ours: false });
      out.push({ type: 'grant', peer });
    } else {
      const forRing = purpose === 'ring' || purpose === 'leaf';
      const peers = verdict.reason === 'full' ? hintsFor(peer, forRing, this.knowledge, now) : [];
      out.push({ ...verdict, peer, peers });
    }
  }

  private redirected(input: Extract<Input, { type: 'redirected' }>, now: Millis, out: Output[]): void {
    const { knowledge, neighbourhood, context } = this;
    const { config, rng } = context;
    // Whoever is asked for a long link and has no room names those of whom it heard that they have.
    const purpose = neighbourhood.pending.get(input.peer)?.purpose ?? 'ring';
    neighbourhood.pending.delete(input.peer);
    this.learnAll(input.peers, now, out);
    if (purpose !== 'ring') for (const { id } of input.peers) knowledge.hasRoom(id, now + config.hintMs);
    if (input.reason !== 'busy') knowledge.hasNoRoom(input.peer, now, rng);
    const known = knowledge.get(input.peer);
    if (known !== undefined) known.retryAt = now + (input.retryAfterMs ?? config.backoffMs);
  }

  private peerDown(peer: PeerId, departed: boolean, now: Millis, out: Output[]): void {
    this.neighbourhood.pending.delete(peer);
    if (!this.neighbourhood.links.delete(peer)) return;
    if (departed) this.forget(peer, true, now, out);
    else this.knowledge.hasNoRoom(peer, now, this.context.rng);
    this.seeker.lost(now);
    this.changed(now);
  }

  /** Takes note of what a neighbour says; tells whether that is a reason to look at the links again. */
  private received(from: PeerId, message: Message, now: Millis, out: Output[]): boolean {
    const link = this.neighbourhood.links.get(from);
    if (link === undefined) return false;
    this.knowledge.alive(from, now);
    switch (message.kind) {
      case 'status': {
        const { role, ringOk, open } = message;
        const changed = link.theirRole !== role || link.theirRingOk !== ringOk;
        link.theirRole = role;
        link.theirRingOk = ringOk;
        if (open) this.knowledge.hasRoom(from, now + this.context.config.openMs);
        return changed;
      }
      case 'neighbours':
        link.view = message.links;
        out.push({ type: 'event', event: { type: 'view', peer: from, links: message.links } });
        return this.learnEntries(message.entries, now, out);
      case 'notice': {
        const { reason, peers } = message;
        link.closing = true;
        out.push({ type: 'event', event: { type: 'peerEvicted', peer: from, reason, initiatedBy: 'remote' } });
        this.learnAll(peers, now, out);
        return true;
      }
    }
  }

  private learnEntries(entries: readonly Entry[], now: Millis, out: Output[]): boolean {
    const { knowledge } = this;
    let news = false;
    for (const { record, ageMs, open } of entries) {
      if (!knowledge.worthLearning(record.id)) continue;
      if (this.learn(record, now - ageMs, now, out)) news = true;
      if (open && !knowledge.isOpen(record.id, now)) {
        knowledge.hasRoom(record.id, now + this.context.config.openMs);
        news = true;
      }
    }
    return news;
  }

  /** Looks at everything and does what is due. */
  private review(now: Millis, out: Output[]): void {
    const { knowledge, neighbourhood, settings, seeker, surplus } = this;
    for (const peer of knowledge.prune(now, (id) => neighbourhood.has(id))) {
      out.push({ type: 'event', event: { type: 'peerForgotten', peer } });
    }
    const plan = planFor(this.context, settings);
    neighbourhood.assign(plan, knowledge);
    const { online, ringOk } = this;
    for (const link of surplus.review(settings.maxPeers, ringOk, online, now)) this.evict(link, now, out);
    const next = [
      seeker.seek(plan, online, now, out),
      this.tellNeighbours(spareSlots(plan, neighbourhood) > 0, now, out),
      this.warnings.review(neighbourhood.links.size, settings.minPeers, now, out),
      surplus.nextAt(now),
    ];
    // Never at once: a review that changes nothing must not follow itself.
    const at = Math.max(Math.min(...next), now + 20);
    if (at >= this.reviewAt || at === Infinity) return;
    this.reviewAt = at;
    out.push({ type: 'timer', at, timer: { kind: 'review', at } });
  }

  private evict(link: Neighbour, now: Millis, out: Output[]): void {
    const { peer, role } = link;
    link.closing = true;
    const reason = role === 'none' ? 'replaced by a nearer peer' : 'no slot left';
    const message: Message = { kind: 'notice', reason, peers: hintsFor(peer, true, this.knowledge, now) };
    out.push({ type: 'send', to: peer, message });
    out.push({ type: 'event', event: { type: 'peerEvicted', peer, reason, initiatedBy: 'local' } });
    out.push({ type: 'hangup', peer, reason: `evicted: ${reason}` });
  }

  /** Tells each neighbour what its link is for, when that has changed, and whom we know, when it is time to. */
  private tellNeighbours(open: boolean, now: Millis, out: Output[]): Millis {
    const { ringOk } = this;
    let next: Millis = Infinity;
    for (const link of this.neighbourhood.links.values()) {
      const { peer, role, exchange } = link;
      if (link.closing) continue;
      const status = `${role} ${open} ${ringOk}`;
      if (link.sentStatus !== status) {
        link.sentStatus = status;
        out.push({ type: 'send', to: peer, message: { kind: 'status', role, open, ringOk } });
      }
      if (exchange.at <= now) {
        out.push({ type: 'send', to: peer, message: neighboursMessage(this.context, this.record, open, peer, now) });
        exchange.advance(now);
      }
      next = Math.min(next, exchange.at);
    }
    return next;
  }
}
