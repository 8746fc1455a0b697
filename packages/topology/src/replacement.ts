import type { Millis, PeerId } from '@peerpigeon/core';
import { pick } from '@peerpigeon/core';
import { bucketIndex } from '@peerpigeon/xor';
import { Backoff } from './backoff.js';
import type { Context } from './context.js';
import type { Neighbour, Neighbourhood } from './neighbourhood.js';
import { wantedBuckets } from './partner.js';
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

/**
 * A random link above their number, in the slot of a finger, that is no finger at the other end either. It is replaced by
 * one that both ends rank higher: the one in a wanted bucket that none covers, the other in a bucket that none covers. So the
 * number of wanted buckets that are covered, over all peers, rises at each step, and that ends too.
 */
export function redundantLink({ slots }: Plan, neighbourhood: Neighbourhood): Neighbour | undefined {
  if (neighbourhood.count('random') <= slots.random) return undefined;
  return neighbourhood.ordinary.find(
    ({ role, theirRole, closing }) => role === 'random' && theirRole === 'random' && !closing,
  );
}

/** Looks for better near links and fingers when all slots are taken: one at a time, ever more rarely while nothing comes of it. */
export class Replacement {
  private readonly context: Context;
  private readonly near: Backoff;
  private readonly fingers: Backoff;

  constructor(context: Context) {
    const { config, rng } = context;
    this.context = context;
    this.near = new Backoff(config.seekMs, config.restDiscoverMs, rng);
    // A bucket without partner is given up after a while, so this ends by itself.
    this.fingers = new Backoff(config.seekMs, 2 * config.seekMs, rng);
  }

  /** A link was gained or lost: better ones may be had again. */
  changed(now: Millis): void {
    this.near.hasten(now);
  }

  /** Whom to ask for a link that replaces one of ours, and when to look again. */
  step(
    plan: Plan,
    now: Millis,
  ): { readonly peer?: PeerId; readonly purpose?: 'finger' | 'near'; readonly until: Millis } {
    const { self, knowledge, neighbourhood, rng } = this.context;
    const { policy, settings, slots } = plan;
    const missing = wantedBuckets(this.context);
    const redundant = missing !== undefined && missing.size > 0 && redundantLink(plan, neighbourhood) !== undefined;
    if ((slots.near === 0 && !redundant) || !settings.evictionStrategy) return { until: Infinity };
    if (neighbourhood.pending.size > 0 || spareSlots(plan, neighbourhood) > 0) return { until: Infinity };
    const backoff = redundant ? this.fingers : this.near;
    if (now < backoff.at) return { until: backoff.at };
    backoff.advance(now);
    const until = backoff.at;
    const adjacent = knowledge.near(1);
    const fingers: PeerId[] = [];
    let best: PeerId | undefined;
    for (const [peer, known] of knowledge.entries()) {
      if (neighbourhood.has(peer) || !knowledge.reaches(known) || isUnlinkable(this.context, known)) continue;
      if (Math.max(known.retryAt, known.refusedUntil) > now) continue;
      if (redundant && missing.has(bucketIndex(self, peer)) && !adjacent.includes(peer)) fingers.push(peer);
      if (best === undefined || policy.compareNear(self, peer, best) < 0) best = peer;
    }
    const finger = pick(rng, fingers);
    if (finger !== undefined) return { peer: finger, purpose: 'finger', until };
    if (best !== undefined && worseThan(self, best, neighbourhood, policy))
      return { peer: best, purpose: 'near', until };
    return { until };
  }
}
