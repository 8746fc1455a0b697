import type { Machine, Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { admit, hintsFor } from './admission.js';
import type { Request, Verdict } from './admission.js';
import { Backoff } from './backoff.js';
import { DEFAULT_CONFIG } from './config.js';
import type { Config, Settings } from './config.js';
import type { Context } from './context.js';
import { Conversation } from './conversation.js';
import type { Standing } from './conversation.js';
import { Evaluator, evaluate } from './evaluation.js';
import type { Evaluation } from './evaluation.js';
import type { Input } from './input.js';
import { Knowledge } from './knowledge.js';
import { isOnRing } from './known.js';
import { LeafSetNews } from './leaf-set.js';
import type { Message } from './message.js';
import { Neighbourhood } from './neighbourhood.js';
import type { Neighbour } from './neighbourhood.js';
import type { Output } from './output.js';
import { planFor, spareSlots } from './plan.js';
import type { Plan } from './plan.js';
import { MAX_ASKED } from './repair.js';
import type { Route } from './route.js';
import { Seeker } from './seeker.js';
import type { RingState } from './seeker.js';
import { Surplus } from './surplus.js';
import { Warnings } from './warnings.js';

/** Jitter of the exchange of neighbours over a link: ± 20 %. */
const EXCHANGE_JITTER = 0.2;
/** After a change the exchange slows down so fast: what is new is told once or twice, and then it is known. */
const EXCHANGE_FACTOR = 5;

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
  private readonly conversation: Conversation;
  private readonly surplus: Surplus;
  private readonly warnings: Warnings;
  private readonly evaluator = new Evaluator();
  private readonly leafSetNews = new LeafSetNews();
  private record: PeerRecord;
  private settings: Settings;
  private presence: Presence = 'away';
  private reviewAt: Millis = Infinity;
  /** A slot for a long link was free when last looked. */
  private open = false;

  constructor(record: PeerRecord, settings: Settings, tuning: Partial<Config> | undefined, rng: Rng) {
    const self = record.id;
    const config = { ...DEFAULT_CONFIG, ...tuning };
    this.record = record;
    this.settings = settings;
    this.knowledge = new Knowledge(self, config);
    this.neighbourhood = new Neighbourhood(self);
    this.context = { self, config, rng, knowledge: this.knowledge, neighbourhood: this.neighbourhood };
    this.seeker = new Seeker(this.context);
    this.conversation = new Conversation(this.context);
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
    return Math.max(0, spareSlots(this.plan, this.neighbourhood));
  }

  /** How the ring stands here, and since when. */
  get ring(): RingState {
    return this.seeker.ring;
  }

  /** Both ring neighbours are the nearest known. */
  get ringOk(): boolean {
    return this.seeker.ring.state === 'right';
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    const { knowledge, neighbourhood, conversation, settings, context } = this;
    const { maxKnown, maxLosses, maxDials, maxExtraPeers } = context.config;
    return {
      known: { size: knowledge.size, cap: maxKnown + (maxKnown >> 2) },
      losses: { size: knowledge.losses.size, cap: maxLosses },
      asked: { size: conversation.repair.size, cap: MAX_ASKED },
      tunnels: { size: conversation.tunnels.size, cap: 2 * context.config.leafSetSize },
      lodgers: { size: conversation.lodgers.size, cap: context.config.maxLodgers },
      pending: { size: neighbourhood.pending.size, cap: 2 * settings.maxPeers + maxDials + maxExtraPeers },
    };
  }

  /** Ring neighbours that cannot be linked, and the good ways to them over others. */
  tunnels(now: Millis): ReadonlyMap<PeerId, Route> {
    return new Map(this.conversation.tunnels.good(now));
  }

  /** How well this peer is linked, and what is to be done about it (S107). */
  evaluate(now: Millis): Evaluation {
    return evaluate(this.context, this.plan, this.ringOk, now);
  }

  /**
   * Without the server nobody who may be a bridge is let go while the ring is open, and yet the ring must close: then a
   * handover may take one link more.
   */
  private get plan(): Plan {
    return planFor(this.context, this.settings, this.online || this.ringOk ? 1 : 2);
  }

  /** The ring is open, there is a link to search it over, and the server is away or has not helped so far. */
  private searching(now: Millis): boolean {
    const { state, since } = this.seeker.ring;
    if (this.neighbourhood.links.size === 0) return false;
    return state === 'open' && (!this.online || since + this.context.config.repairAfterMs <= now);
  }

  /** Members that the server names could not be reached over the mesh. */
  get partitionSuspected(): boolean {
    return this.conversation.partition.suspected;
  }

  private get standing(): Standing {
    return { record: this.record, open: this.open, ringOk: this.ringOk };
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    const { knowledge, neighbourhood, context } = this;
    const { config, rng } = context;
    switch (input.type) {
      case 'start':
        if (this.presence === 'away') this.presence = 'offline';
        this.seeker.start(now);
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
        knowledge.setOnline(input.online);
        if (input.online) this.seeker.online(now);
        break;
      case 'discovered':
        this.learnAll(input.records, now, now, out);
        for (const peer of input.seeking ?? []) knowledge.invite(peer, now + config.openMs);
        if (input.answer === true) this.seeker.answered(input.records, now);
        if (this.online) this.conversation.named(input.records, this.standing, now, out);
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
        this.dialFailed(input, now, out);
        break;
      case 'dial':
        this.seeker.dial(input.peer, input.purpose, now, out);
        break;
      case 'peerUp':
        this.learn(input.record, now, now, out);
        knowledge.alive(input.peer, now);
        neighbourhood.add(
          input.peer,
          input.record,
          new Backoff(config.exchangeMs, config.maxExchangeMs, rng, EXCHANGE_JITTER, EXCHANGE_FACTOR),
        );
        this.seeker.gained(now);
        this.conversation.gained(input.peer, now, out);
        break;
      case 'peerDown':
        this.peerDown(input.peer, input.cause, now, out);
        break;
      case 'received': {
        const link = neighbourhood.links.get(input.from);
        if (link === undefined) return;
        knowledge.alive(input.from, now);
        if (!this.conversation.received(link, input.message, this.standing, now, out)) return;
        break;
      }
      case 'routed':
        if (this.presence === 'away') return;
        if (!this.conversation.routed(input.from, input.route, input.message, this.standing, now, out)) return;
        break;
      case 'unreachable':
        if (this.conversation.unreachable(input.peer, now, out)) this.seeker.suspect(now);
        break;
      case 'suspect':
        this.suspect(input.peer, now);
        break;
      case 'recovered': {
        const link = neighbourhood.links.get(input.peer);
        if (link !== undefined) link.suspect = false;
        this.seeker.recovered(input.peer);
        knowledge.alive(input.peer, now);
        this.conversation.changed(now);
        break;
      }
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
    this.seeker.clear();
    this.conversation.clear();
    this.leafSetNews.clear();
    this.reviewAt = Infinity;
  }

  private learnAll(records: readonly PeerRecord[], heardAt: Millis, now: Millis, out: Output[]): void {
    for (const record of records) this.learn(record, heardAt, now, out);
  }

  /** Takes note of a peer that was alive at `heardAt`; tells whether it is new. */
  private learn(record: PeerRecord, heardAt: Millis, now: Millis, out: Output[]): boolean {
    if (!this.knowledge.learn(record, heardAt, now)) return false;
    out.push({ type: 'event', event: { type: 'peerDiscovered', peer: record.id } });
    if (this.knowledge.isLeaf(record.id, this.context.config.nearSetSize)) this.conversation.changed(now);
    return true;
  }

  private forget(peer: PeerId, departed: boolean, now: Millis, out: Output[]): void {
    if (this.knowledge.forget(peer, now, departed)) out.push({ type: 'event', event: { type: 'peerForgotten', peer } });
  }

  private answer(request: Request, now: Millis, out: Output[]): void {
    const { peer, purpose, record, route } = request;
    if (record !== undefined) this.learn(record, now, now, out);
    if (route !== undefined && route.length > 0) this.knowledge.learnRoute(peer, route, now);
    const verdict: Verdict =
      this.presence === 'away' ? { type: 'refuse', reason: 'full' } : admit(this.context, request, this.plan);
    if (verdict.type === 'grant') {
      this.neighbourhood.pending.set(peer, { purpose, ours: false, since: now });
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
    this.learnAll(input.peers, now - config.hintAgeMs, now, out);
    if (purpose !== 'ring') for (const { id } of input.peers) knowledge.hasRoom(id, now + config.hintMs);
    if (input.reason !== 'busy') knowledge.hasNoRoom(input.peer, now, rng);
    const known = knowledge.get(input.peer);
    if (known !== undefined) known.retryAt = now + (input.retryAfterMs ?? config.backoffMs);
  }

  private dialFailed({ peer, cause }: Extract<Input, { type: 'dialFailed' }>, now: Millis, out: Output[]): void {
    const { knowledge, neighbourhood, warnings, context } = this;
    const purpose = neighbourhood.pending.get(peer)?.purpose;
    neighbourhood.pending.delete(peer);
    if (neighbourhood.links.has(peer)) return;
    const ring = purpose === 'ring' || purpose === 'leaf' || knowledge.isLeaf(peer);
    warnings.dialled(peer, knowledge.failed(peer, now, context.rng, cause, ring), out);
    if (cause === 'absent' && knowledge.get(peer)?.route === undefined) {
      // Whoever hears of it later knows better.
      knowledge.bury(peer, now);
      this.forget(peer, false, now, out);
    } else if (cause === 'silent') {
      knowledge.silent(peer, now);
      this.seeker.unanswered(now);
    }
  }

  /** Nothing is heard of a neighbour: no way leads over it, and others are told. */
  private suspect(peer: PeerId, now: Millis): void {
    const link = this.neighbourhood.links.get(peer);
    if (link === undefined) return;
    link.suspect = true;
    this.lost(peer, now);
  }

  private lost(peer: PeerId, now: Millis): void {
    const { knowledge } = this;
    knowledge.parted(peer, now);
    knowledge.silent(peer, now);
    knowledge.bury(peer, now);
    this.seeker.lost(now, peer);
    this.conversation.changed(now);
  }

  private peerDown(
    peer: PeerId,
    cause: Extract<Input, { type: 'peerDown' }>['cause'],
    now: Millis,
    out: Output[],
  ): void {
    const { knowledge } = this;
    this.neighbourhood.pending.delete(peer);
    if (!this.neighbourhood.links.delete(peer)) return;
    if (cause === 'silent') return this.lost(peer, now);
    knowledge.parted(peer, now);
    if (cause === 'left') this.forget(peer, true, now, out);
    else knowledge.hasNoRoom(peer, now, this.context.rng);
    this.seeker.lost(now);
    this.conversation.changed(now);
  }

  /** Looks at everything and does what is due. */
  private review(now: Millis, out: Output[]): void {
    const { knowledge, neighbourhood, settings, seeker, surplus, conversation } = this;
    for (const peer of knowledge.prune(now, (id) => neighbourhood.has(id))) {
      out.push({ type: 'event', event: { type: 'peerForgotten', peer } });
    }
    neighbourhood.tunnels.clear();
    for (const peer of conversation.tunnels.held(now)) neighbourhood.tunnels.add(peer);
    const { plan, online, ringOk } = this;
    neighbourhood.assign(plan, this.context, now);
    const settledAt = seeker.ring.since + this.context.config.settledMs;
    if (ringOk && settledAt <= now) neighbourhood.settle(plan);
    if (conversation.partition.review(now)) seeker.suspect(now);
    for (const link of surplus.review(settings.maxPeers, ringOk, online, now)) this.evict(link, now, out);
    const { since } = seeker.ring;
    const { next: seekAt, tunnels } = seeker.seek(plan, online, now, out);
    if (since !== seeker.ring.since) conversation.ringChanged(online, now);
    this.open = spareSlots(plan, neighbourhood) > 0;
    const { doubtful } = surplus;
    const next = [
      seekAt,
      conversation.review(this.standing, { ring: this.searching(now), online, tunnels, doubtful }, now, out),
      this.warnings.review(neighbourhood.ordinary.length, settings.minPeers, now, out),
      surplus.nextAt(now),
      this.evaluator.review(this.context, plan, this.ringOk, now, out),
    ];
    this.leafSetNews.review(knowledge.leafSet, isOnRing(this.record), out);
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
}
