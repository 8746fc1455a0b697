import { between, jitter } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { Backoff } from './backoff.js';
import type { Context } from './context.js';
import { leafStep, spareStep } from './dialing.js';
import type { Purpose } from './input.js';
import { isolationStep } from './isolation.js';
import type { Output } from './output.js';
import { spareSlots } from './plan.js';
import type { Due } from './partner.js';
import type { Plan } from './plan.js';
import { Replacement } from './replacement.js';
import { ringSide } from './ring.js';

/** `right`: both ring neighbours are the nearest known; else `open`. */
export interface RingState {
  readonly state: 'right' | 'open';
  readonly since: Millis;
}

/** What came of a search: when to search again, and which ring neighbours are to be held over others. */
export interface Search {
  readonly next: Millis;
  readonly tunnels: readonly PeerId[];
}

/** Looks for the links that are missing: the ring first, then long and near ones; and for somebody to link with. */
export class Seeker {
  /** How the ring stands here. */
  ring: RingState = { state: 'open', since: 0 };
  private readonly context: Context;
  /** When a link was gained last. */
  private gainedAt: Millis = 0;
  /** For asking peers that do not expect it. */
  private readonly blind: Backoff;
  /** For asking the server. */
  private readonly discovery: Backoff;
  /** Who fell silent since the server was asked last. */
  private readonly missed = new Set<PeerId>();
  /** Random members to ask for next. */
  private sample = 0;
  /** When the server was asked to look who is alive, until it answers. */
  private verifying: Millis | undefined = undefined;
  private lostAt: Millis = -Infinity;
  /** Whoever was not heard of since may be lost as well. */
  private doubtAt: Millis = -Infinity;
  /** Since when there is no link. */
  private aloneSince: Millis = Infinity;
  private readonly replacement: Replacement;

  constructor(context: Context) {
    const { config, rng } = context;
    this.context = context;
    this.replacement = new Replacement(context);
    this.blind = new Backoff(config.seekMs, config.maxSeekMs, rng);
    this.discovery = new Backoff(config.discoverMs, config.maxDiscoverMs, rng);
  }

  /** From now on links are looked for. */
  start(now: Millis): void {
    this.ring = { state: 'open', since: now };
  }

  /** The server can be asked again; it was, by joining. */
  online(now: Millis): void {
    const { rng, config } = this.context;
    this.discovery.reset(now + jitter(rng, config.restDiscoverMs));
  }

  /** A link was gained: the next one is looked for without delay. */
  gained(now: Millis): void {
    this.gainedAt = now;
    this.blind.reset(now);
    this.replacement.changed(now);
  }

  /** A link was lost: the server is asked soon, not by all at once. @param silent the peer may be gone */
  lost(now: Millis, silent?: PeerId): void {
    const { rng, config } = this.context;
    // One may be alone in its misfortune; two at once are not.
    if (silent !== undefined && this.lostAt + config.doubtMs > now) this.doubtAt = this.lostAt;
    this.lostAt = now;
    if (silent !== undefined && this.missed.size < config.maxMissed) this.missed.add(silent);
    this.discovery.reset(Math.min(this.discovery.at, now + between(rng, 50, config.discoverMs)));
  }

  /** The mesh may be in pieces: members of the others are asked for. */
  suspect(now: Millis): void {
    this.sample = this.context.config.partitionSample;
    this.discovery.reset(now);
  }

  /** The server answered; after losses it looked who is alive. */
  answered(records: readonly PeerRecord[], now: Millis): void {
    if (this.verifying === undefined) return;
    this.context.knowledge.named(new Set(records.map(({ id }) => id)), this.verifying, now);
    this.verifying = undefined;
  }

  /** A peer did not answer a dial: others that were lost with it would not either. */
  unanswered(now: Millis): void {
    if (this.lostAt + this.context.config.doubtMs > now) this.doubtAt = this.lostAt;
  }

  /** A silent peer is heard of again. */
  recovered(peer: PeerId): void {
    this.missed.delete(peer);
  }

  clear(): void {
    this.sample = 0;
    this.missed.clear();
    this.aloneSince = Infinity;
  }

  /** Dials what is missing, or asks the server for somebody to dial. */
  seek(plan: Plan, online: boolean, now: Millis, out: Output[]): Search {
    const { knowledge, neighbourhood, config } = this.context;
    const { autoDiscovery, maxPeers } = plan.settings;
    knowledge.retry(now);
    if (maxPeers === 1) return { next: autoDiscovery ? this.seekLeaf(online, now, out) : Infinity, tunnels: [] };
    if (autoDiscovery && neighbourhood.ordinary.length === 0) return this.seekAny(plan, online, now, out);
    this.aloneSince = Infinity;
    const { tunnels, next: ringNext } = this.seekRing(plan, autoDiscovery, now, out);
    if (!autoDiscovery) return { next: Infinity, tunnels };
    let next = ringNext;
    let missing = this.ring.state === 'open' && neighbourhood.pending.size === 0;
    const spare = spareSlots(plan, neighbourhood);
    if (spare > 0 && neighbourhood.load <= maxPeers) {
      // Whoever finds no ring neighbour at all seeks long links nevertheless, a while later.
      const { ringSettleMs } = config;
      const from = this.ring.since + (this.ring.state === 'right' ? ringSettleMs : 5 * ringSettleMs);
      if (from > now) next = Math.min(next, from);
      else {
        const step = spareStep(this.context, plan, this.due(online), now);
        next = Math.min(next, step.until);
        if (step.peer === undefined) missing ||= knowledge.size > neighbourhood.load || neighbourhood.load === 0;
        else {
          if (step.invited === false) this.blind.advance(now);
          this.dial(step.peer, step.purpose ?? 'finger', now, out, step.invited);
        }
      }
    }
    const better = this.replacement.step(plan, now);
    next = Math.min(next, better.until);
    if (better.peer !== undefined) this.dial(better.peer, better.purpose ?? 'near', now, out);
    if (online) next = Math.min(next, this.discover(missing, Math.max(0, spare), now, out));
    return { next, tunnels };
  }

  /** While the server is up it brings together who has room, and only if nothing comes of that for long anybody is asked. */
  private due(online: boolean): Due {
    const { at } = this.blind;
    return { open: at, anybody: online ? Math.max(at, this.gainedAt + this.context.config.maxSeekMs) : at };
  }

  /** Asks `peer` for a link, unless one is there or being made, or too many are. */
  dial(peer: PeerId, purpose: Purpose, now: Millis, out: Output[], introduced = false): void {
    const { knowledge, neighbourhood, config } = this.context;
    const { pending, ordinary } = neighbourhood;
    if (neighbourhood.has(peer)) return;
    let dials = 0;
    for (const one of pending.values()) if (one.ours) dials++;
    if (dials >= config.maxDials && purpose !== 'manual' && purpose !== 'extra') return;
    pending.set(peer, { purpose, ours: true, since: now });
    const route = knowledge.get(peer)?.route;
    const isolated = ordinary.length === 0;
    out.push({ type: 'dial', peer, purpose, isolated, introduced, ...(route !== undefined && { route }) });
  }

  /** Without a link: one peer after the other (S90). */
  private seekAny(plan: Plan, online: boolean, now: Millis, out: Output[]): Search {
    const { neighbourhood } = this.context;
    if (this.ring.state === 'right') this.ring = { state: 'open', since: now };
    if (this.aloneSince > now) this.aloneSince = now;
    const rescue = now - this.aloneSince >= this.context.config.rescueAfterMs;
    const step = isolationStep(this.context, rescue, now);
    const purpose = rescue ? 'rescue' : plan.slots.ring > 0 ? 'ring' : 'near';
    if (step.peer !== undefined) this.dial(step.peer, purpose, now, out);
    const spare = Math.max(0, spareSlots(plan, neighbourhood));
    const discoverAt = online ? this.discover(neighbourhood.pending.size === 0, spare, now, out) : Infinity;
    return { next: Math.min(step.until, discoverAt), tunnels: [] };
  }

  private seekLeaf(online: boolean, now: Millis, out: Output[]): Millis {
    const step = leafStep(this.context, now);
    if (step.peer !== undefined) this.dial(step.peer, 'leaf', now, out);
    const seeking = this.context.neighbourhood.hangsOn ? 0 : 1;
    return online ? Math.min(step.until, this.discover(seeking > 0, seeking, now, out)) : step.until;
  }

  private seekRing({ slots, settings, handover }: Plan, dialling: boolean, now: Millis, out: Output[]): Search {
    const { neighbourhood, config } = this.context;
    const repairing = this.lostAt + config.maxRingBackoffMs > now;
    const trustFrom = this.doubtAt + config.doubtMs > now ? this.doubtAt : -Infinity;
    const patienceMs = repairing ? config.repairPatienceMs : config.patienceMs;
    const tunnels: PeerId[] = [];
    let next: Millis = Infinity;
    let right = neighbourhood.ordinary.length > 0;
    for (const direction of slots.ring > 0 ? ([1, -1] as const) : []) {
      const side = ringSide(this.context, direction, patienceMs, trustFrom, now);
      for (const peer of side.tunnels) if (!tunnels.includes(peer)) tunnels.push(peer);
      const { step } = side;
      if (step.type === 'closed') continue;
      right = false;
      if (step.type === 'waiting') next = Math.min(next, step.until);
      else if (dialling && neighbourhood.load < settings.maxPeers + handover) this.dial(step.peer, 'ring', now, out);
      else next = Math.min(next, now + config.backoffMs);
    }
    const state = right ? 'right' : 'open';
    if (state !== this.ring.state) this.ring = { state, since: now };
    return { next, tunnels };
  }

  /** Asks the server for peers: while something is missing ever more rarely, at rest from time to time. */
  private discover(missing: boolean, seeking: number, now: Millis, out: Output[]): Millis {
    const { discovery, missed } = this;
    const { config, rng } = this.context;
    if (missing) discovery.at = Math.min(discovery.at, now + config.maxDiscoverMs);
    if (now < discovery.at) return discovery.at;
    if (this.ring.state === 'right') missed.clear();
    out.push({ type: 'discover', seeking, lost: [...missed], sample: this.sample });
    this.verifying = missed.size > 0 ? now : undefined;
    this.sample = 0;
    if (missing) discovery.advance(now);
    else discovery.reset(now + jitter(rng, config.restDiscoverMs, 0.5));
    return discovery.at;
  }
}
