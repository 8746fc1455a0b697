import { between, jitter } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import { Backoff } from './backoff.js';
import type { Config } from './config.js';
import { leafStep, ringStep, spareStep } from './dialing.js';
import type { Purpose } from './input.js';
import type { Knowledge } from './knowledge.js';
import type { Neighborhood } from './neighborhood.js';
import type { Output } from './output.js';
import { spareSlots } from './plan.js';
import type { Plan } from './plan.js';

/** `right`: both ring neighbours are the nearest known; else `open`. */
export interface RingState {
  readonly state: 'right' | 'open';
  readonly since: Millis;
}

/** Looks for the links that are missing: the ring first, then long and near ones; and for somebody to link with. */
export class Seeker {
  /** How the ring stands here. */
  ring: RingState = { state: 'open', since: 0 };
  private readonly self: PeerId;
  private readonly config: Config;
  private readonly rng: Rng;
  private readonly knowledge: Knowledge;
  private readonly neighborhood: Neighborhood;
  /** For asking peers that do not expect it. */
  private readonly blind: Backoff;
  /** For asking the server. */
  private readonly discovery: Backoff;

  constructor(self: PeerId, config: Config, rng: Rng, knowledge: Knowledge, neighborhood: Neighborhood) {
    this.self = self;
    this.config = config;
    this.rng = rng;
    this.knowledge = knowledge;
    this.neighborhood = neighborhood;
    this.blind = new Backoff(config.seekMs, config.maxSeekMs, rng);
    this.discovery = new Backoff(config.discoverMs, config.maxDiscoverMs, rng);
  }

  /** The server can be asked again; it was, by joining. */
  online(now: Millis): void {
    this.discovery.reset(now + jitter(this.rng, this.config.restDiscoverMs));
  }

  /** A link was gained: the next one is looked for without delay. */
  gained(now: Millis): void {
    this.blind.reset(now);
  }

  /** A link was lost: the server is asked soon, not by all at once. */
  lost(now: Millis): void {
    this.discovery.reset(Math.min(this.discovery.at, now + between(this.rng, 50, this.config.discoverMs)));
  }

  /** Dials what is missing, or asks the server for somebody to dial; returns when to look again. */
  seek(plan: Plan, online: boolean, now: Millis, out: Output[]): Millis {
    const { autoDiscovery, maxPeers } = plan.settings;
    const dialling = autoDiscovery && online;
    if (maxPeers === 1) return dialling ? this.seekLeaf(now, out) : Infinity;
    let next = this.seekRing(maxPeers, dialling, now, out);
    if (!dialling) return Infinity;
    let missing = this.ring.state === 'open' && this.neighborhood.pending.size === 0;
    const spare = spareSlots(plan, this.neighborhood);
    if (spare > 0 && this.neighborhood.load <= maxPeers) {
      // Whoever finds no ring neighbour at all seeks long links nevertheless, a while later.
      const { ringSettleMs } = this.config;
      const from = this.ring.since + (this.ring.state === 'right' ? ringSettleMs : 5 * ringSettleMs);
      if (from > now) next = Math.min(next, from);
      else {
        const { self, knowledge, neighborhood, config, rng, blind } = this;
        const step = spareStep(self, knowledge, neighborhood, plan, config, blind.at, now, rng);
        next = Math.min(next, step.until);
        if (step.peer === undefined) missing ||= knowledge.size > neighborhood.load || neighborhood.load === 0;
        else {
          if (!knowledge.isInvited(step.peer, now)) blind.advance(now);
          this.dial(step.peer, 'finger', now, out);
        }
      }
    }
    return Math.min(next, this.discover(missing, Math.max(0, spare), now, out));
  }

  /** Asks `peer` for a link, unless one is there or being made, or too many are. */
  dial(peer: PeerId, purpose: Purpose, now: Millis, out: Output[]): void {
    const { pending, links } = this.neighborhood;
    if (pending.has(peer) || links.has(peer)) return;
    let dials = 0;
    for (const one of pending.values()) if (one.ours) dials++;
    if (dials >= this.config.maxDials && purpose !== 'manual') return;
    pending.set(peer, { peer, purpose, since: now, ours: true });
    out.push({ type: 'dial', peer, purpose, isolated: links.size === 0 });
  }

  private seekLeaf(now: Millis, out: Output[]): Millis {
    const step = leafStep(this.self, this.knowledge, this.neighborhood, this.config, now);
    if (step.peer !== undefined) this.dial(step.peer, 'leaf', now, out);
    const seeking = this.neighborhood.load === 0 ? 1 : 0;
    return Math.min(step.until, this.discover(seeking > 0, seeking, now, out));
  }

  private seekRing(maxPeers: number, dialling: boolean, now: Millis, out: Output[]): Millis {
    let next: Millis = Infinity;
    let right = this.neighborhood.links.size > 0;
    for (const direction of [1, -1] as const) {
      const step = ringStep(this.self, direction, this.knowledge, this.neighborhood, this.config, now);
      if (step.type === 'closed') continue;
      right = false;
      if (step.type === 'waiting') next = Math.min(next, step.until);
      else if (dialling && this.neighborhood.load <= maxPeers) this.dial(step.peer, 'ring', now, out);
      else next = Math.min(next, now + this.config.backoffMs);
    }
    const state = right ? 'right' : 'open';
    if (state !== this.ring.state) this.ring = { state, since: now };
    return next;
  }

  /** Asks the server for peers: while something is missing ever more rarely, at rest from time to time. */
  private discover(missing: boolean, seeking: number, now: Millis, out: Output[]): Millis {
    const { discovery, config } = this;
    if (missing) discovery.at = Math.min(discovery.at, now + config.maxDiscoverMs);
    if (now < discovery.at) return discovery.at;
    out.push({ type: 'discover', seeking });
    if (missing) discovery.advance(now);
    else discovery.reset(now + jitter(this.rng, config.restDiscoverMs, 0.5));
    return discovery.at;
  }
}
