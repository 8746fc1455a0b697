import type { Millis, PeerId } from '@peerpigeon/core';
import { Backoff } from './backoff.js';
import type { Context } from './context.js';
import type { Neighbour, Neighbourhood } from './neighbourhood.js';
import { spareSlots } from './plan.js';
import type { Plan } from './plan.js';
import type { Policy } from './policy.js';
import { isUnlinkable } from './ring.js';

/**
 * The near link that one with `peer` would replace: the worst, if `peer` is better.
 *
 * Two peers replace near links by one between them only if both find one (a blocking pair of a stable b-matching). The order
 * is that of a symmetric distance, so what goes at either end is longer than what comes, the sorted list of all lengths
 * falls at each step, and replacement ends.
 */
export function worseThan(
  self: PeerId,
  peer: PeerId,
  neighbourhood: Neighbourhood,
  policy: Policy,
): Neighbour | undefined {
  let worst: Neighbour | undefined;
  for (const link of neighbourhood.ordinary) {
    if (link.role !== 'near' || link.closing) continue;
    if (policy.compareNear(self, peer, link.peer) >= 0) continue;
    if (worst === undefined || policy.compareNear(self, worst.peer, link.peer) < 0) worst = link;
  }
  return worst;
}

/** Looks for better near links when all slots are taken: one at a time, ever more rarely while nothing comes of it. */
export class Replacement {
  private readonly context: Context;
  private readonly backoff: Backoff;

  constructor(context: Context) {
    const { config, rng } = context;
    this.context = context;
    this.backoff = new Backoff(config.seekMs, config.restDiscoverMs, rng);
  }

  /** A link was gained or lost: better ones may be had again. */
  changed(now: Millis): void {
    this.backoff.hasten(now);
  }

  /**
   * Whom to ask for a near link that replaces one of ours, and when to look again.
   */
  step(plan: Plan, now: Millis): { readonly peer?: PeerId; readonly until: Millis } {
    const { self, knowledge, neighbourhood } = this.context;
    const { policy, settings, slots } = plan;
    if (slots.near === 0 || !settings.evictionStrategy) return { until: Infinity };
    if (neighbourhood.pending.size > 0 || spareSlots(plan, neighbourhood) > 0) return { until: Infinity };
    if (now < this.backoff.at) return { until: this.backoff.at };
    let best: PeerId | undefined;
    for (const [peer, known] of knowledge.entries()) {
      if (neighbourhood.has(peer) || !knowledge.reaches(known) || isUnlinkable(this.context, known)) continue;
      if (Math.max(known.retryAt, known.refusedUntil) > now) continue;
      if (best === undefined || policy.compareNear(self, peer, best) < 0) best = peer;
    }
    this.backoff.advance(now);
    const peer = best !== undefined && worseThan(self, best, neighbourhood, policy) ? best : undefined;
    return peer === undefined ? { until: this.backoff.at } : { peer, until: this.backoff.at };
  }
}
