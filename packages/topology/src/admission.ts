import type { Millis, PeerId } from '@peerpigeon/core';
import { between } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { compareRingDistance } from '@peerpigeon/xor';
import type { Context } from './context.js';
import type { Input } from './input.js';
import { isOnRing } from './knowledge.js';
import type { Knowledge } from './knowledge.js';
import { MAX_HINTS } from './message.js';
import type { Neighbourhood } from './neighbourhood.js';
import type { Policy } from './policy.js';
import { spareSlots } from './plan.js';
import type { Plan } from './plan.js';

/** The answer to a request for a link. */
export type Verdict =
  | { readonly type: 'grant' }
  | { readonly type: 'refuse'; readonly reason: 'full' | 'busy'; readonly retryAfterMs?: Millis };

/** Who asks, and for what. */
export type Request = Extract<Input, { readonly type: 'requested' }>;

/** A handover takes some 0.3 to 0.8 s (prototype): an asker that came in between tries again after that. */
const BUSY_MS: readonly [Millis, Millis] = [300, 800];

/**
 * Decides on a request. Room is `maxPeers`, and one more for a handover: to a nearer ring neighbour always, to a peer
 * without links that hangs on as a leaf, and to a nearer peer when near slots exist (README eviction, S102).
 */
export function admit({ self, knowledge, neighbourhood, rng }: Context, request: Request, plan: Plan): Verdict {
  const { peer, purpose, isolated, record } = request;
  const { slots, policy } = plan;
  const { maxPeers, evictionStrategy } = plan.settings;
  const load = neighbourhood.load;
  const spareLeft = spareSlots(plan, neighbourhood);

  if (maxPeers === 1) return load === 0 ? { type: 'grant' } : { type: 'refuse', reason: 'full' };
  const onRing = record === undefined || isOnRing(record);
  const far = !knowledge.near(plan.farRank).includes(peer);
  const welcome =
    (slots.ring > 0 && onRing && neighbourhood.improvesRing(peer)) ||
    (spareLeft > 0 && (far || !onRing || slots.near > 0 || purpose === 'manual')) ||
    (!onRing && isolated && maxPeers > 2) ||
    (evictionStrategy && slots.near > 0 && nearerThanSome(self, peer, neighbourhood, policy));
  if (!welcome) {
    // A link that no slot asks for is still taken while there is room: it can only help.
    return load < maxPeers && purpose !== 'ring' && spareLeft > 0
      ? { type: 'grant' }
      : { type: 'refuse', reason: 'full' };
  }
  if (load <= maxPeers) return { type: 'grant' };
  return { type: 'refuse', reason: 'busy', retryAfterMs: Math.round(between(rng, ...BUSY_MS)) };
}

function nearerThanSome(self: PeerId, peer: PeerId, neighbourhood: Neighbourhood, policy: Policy): boolean {
  for (const link of neighbourhood.links.values()) {
    if (link.role === 'near' && policy.compareNear(self, peer, link.peer) < 0) return true;
  }
  return false;
}

/**
 * Who may take `asker` instead: its nearest on the ring for a ring link, those said to have a free slot for any other;
 * nearest first.
 */
export function hintsFor(asker: PeerId, forRing: boolean, knowledge: Knowledge, now: Millis): PeerRecord[] {
  const candidates = forRing
    ? knowledge.near(MAX_HINTS, asker)
    : [...knowledge.entries()].map(([peer]) => peer).filter((peer) => peer !== asker && knowledge.isOpen(peer, now));
  return [...new Set(candidates)]
    .sort((a, b) => compareRingDistance(asker, a, b))
    .slice(0, MAX_HINTS)
    .flatMap((peer) => knowledge.get(peer)?.record ?? []);
}
