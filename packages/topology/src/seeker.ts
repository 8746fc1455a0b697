import { between, jitter } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { Backoff } from './backoff.js';
import type { Context } from './context.js';
import { leafStep, ringStep, spareStep } from './dialing.js';
import type { Purpose } from './input.js';
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
  private readonly context: Context;
  /** For asking peers that do not expect it. */
  private readonly blind: Backoff;
  /** For asking the server. */
  private readonly discovery: Backoff;

  constructor(context: Context) {
    const { config, rng } = context;
    this.context = context;
    this.blind = new Backoff(config.seekMs, config.maxSeekMs, rng);
    this.discovery = new Backoff(config.discoverMs, config.maxDiscoverMs, rng);
  }

  /** The server can be asked again; it was, by joining. */
  online(now: Millis): void {
    const { rng, config } = this.context;
    this.discovery.reset(now + jitter(rng, config.restDiscoverMs));
  }

  /** A link was gained: the next one is looked for without delay. */
  gained(now: Millis): void {
    this.blind.reset(now);
  }

  /** A link was lost: the server is asked soon, not by all at once. */
  lost(now: Millis): void {
    const { rng, config } = this.context;
    this.discovery.reset(Math.min(this.discovery.at, now + between(rng, 50, config.discoverMs)));
  }

  /** Dials what is missing, or asks the server for somebody to dial; returns when to look again. */
  seek(plan: Plan, online: boolean, now: Millis, out: Output[]): Millis {
    const { knowledge, neighbourhood, config } = this.context;
    const { autoDiscovery, maxPeers } = plan.settings;
    const dialling = autoDiscovery && online;
    if (maxPeers === 1) return dialling ? this.seekLeaf(now, out) : Infinity;
    let next = this.seekRing(plan, dialling, now, out);
    if (!dialling) return Infinity;
    let missing = this.ring.state === 'open' && neighbourhood.pending.size === 0;
    const spare = spareSlots(plan, neighbourhood);
    if (spare > 0 && neighbourhood.load <= maxPeers) {
      // Whoever finds no ring neighbour at all seeks long links nevertheless, a while later.
      const { ringSettleMs } = config;
      const from = this.ring.since + (this.ring.state === 'right' ? ringSettleMs : 5 * ringSettleMs);
      if (from > now) next = Math.min(next, from);
      else {
        const step = spareStep(this.context, plan, this.blind.at, now);
        next = Math.min(next, step.until);
        if (step.peer === undefined) missing ||= knowledge.size > neighbourhood.load || neighbourhood.load === 0;
        else {
          if (step.invited === false) this.blind.advance(now);
          this.dial(step.peer, 'finger', out);
        }
      }
    }
    return Math.min(next, this.discover(missing, Math.max(0, spare), now, out));
  }

  /** Asks `peer` for a link, unless one is there or being made, or too many are. */
  dial(peer: PeerId, purpose: Purpose, out: Output[]): void {
    const { neighbourhood, config } = this.context;
    const { pending, links } = neighbourhood;
    if (neighbourhood.has(peer)) return;
    let dials = 0;
    for (const one of pending.values()) if (one.ours) dials++;
    if (dials >= config.maxDials && purpose !== 'manual') return;
    pending.set(peer, { purpose, ours: true });
    out.push({ type: 'dial', peer, purpose, isolated: links.size === 0 });
  }

  private seekLeaf(now: Millis, out: Output[]): Millis {
    const step = leafStep(this.context, now);
    if (step.peer !== undefined) this.dial(step.peer, 'leaf', out);
    const seeking = this.context.neighbourhood.load === 0 ? 1 : 0;
    return Math.min(step.until, this.discover(seeking > 0, seeking, now, out));
  }

  private seekRing({ slots, settings }: Plan, dialling: boolean, now: Millis, out: Output[]): Millis {
    const { neighbourhood, config } = this.context;
    let next: Millis = Infinity;
    let right = neighbourhood.links.size > 0;
    for (const direction of slots.ring > 0 ? ([1, -1] as const) : []) {
      const step = ringStep(this.context, direction, now);
      if (step.type === 'closed') continue;
      right = false;
      if (step.type === 'waiting') next = Math.min(next, step.until);
      else if (dialling && neighbourhood.load <= settings.maxPeers) this.dial(step.peer, 'ring', out);
      else next = Math.min(next, now + config.backoffMs);
    }
    const state = right ? 'right' : 'open';
    if (state !== this.ring.state) this.ring = { state, since: now };
    return next;
  }

  /** Asks the server for peers: while something is missing ever more rarely, at rest from time to time. */
  private discover(missing: boolean, seeking: number, now: Millis, out: Output[]): Millis {
    const { discovery } = this;
    const { config, rng } = this.context;
    if (missing) discovery.at = Math.min(discovery.at, now + config.maxDiscoverMs);
    if (now < discovery.at) return discovery.at;
    out.push({ type: 'discover', seeking, lost: [] });
    if (missing) discovery.advance(now);
    else discovery.reset(now + jitter(rng, config.restDiscoverMs, 0.5));
    return discovery.at;
  }
}
