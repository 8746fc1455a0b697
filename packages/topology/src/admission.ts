import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import { between } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { compareRingDistance } from '@peerpigeon/xor';
import type { Purpose } from './input.js';
import type { Knowledge } from './knowledge.js';
import { MAX_HINTS } from './message.js';
import type { Neighborhood } from './neighborhood.js';
import type { Policy } from './policy.js';
import type { Slots } from './slots.js';

/** The answer to a request for a link. */
export type Verdict =
  | { readonly type: 'grant' }
  | { readonly type: 'refuse'; readonly reason: 'full' | 'busy'; readonly retryAfterMs?: Millis };

/** Who asks, and for what. */
export interface Request {
  readonly peer: PeerId;
  readonly purpose: Purpose;
  readonly isolated: boolean;
  /** The asker can be on the ring. */
  readonly onRing: boolean;
  /** The asker is far enough for a long link. */
  readonly far: boolean;
}

/** What the decision depends on besides. */
export interface AdmissionContext {
  readonly self: PeerId;
  readonly maxPeers: number;
  readonly slots: Slots;
  readonly policy: Policy;
  readonly eviction: boolean;
}

/** A handover takes some 0.3 to 0.8 s (prototype): an asker that came in between tries again after that. */
const BUSY_MS: readonly [Millis, Millis] = [300, 800];

/**
 * Decides on a request. Room is `maxPeers`, and one more for a handover: to a nearer ring neighbour always, to a peer
 * without links that hangs on as a leaf, and to a nearer peer when near slots exist (README eviction, S102).
 */
export function admit(neighborhood: Neighborhood, request: Request, context: AdmissionContext, rng: Rng): Verdict {
  const { peer, purpose, isolated, onRing, far } = request;
  const { self, maxPeers, slots, policy, eviction } = context;
  const load = neighborhood.load;
  const spare = slots.random + slots.finger + slots.near;
  const spareLeft = spare - neighborhood.spareLinks() - neighborhood.sparePending();

  if (maxPeers === 1) return load === 0 ? { type: 'grant' } : { type: 'refuse', reason: 'full' };
  const wantedOnRing = onRing && neighborhood.improvesRing(peer);
  const welcome =
    wantedOnRing ||
    (spareLeft > 0 && (far || !onRing || slots.near > 0 || purpose === 'manual')) ||
    (!onRing && isolated && spare > 0) ||
    (eviction && slots.near > 0 && nearerThanSome(self, peer, neighborhood, policy));
  if (!welcome) {
    // A link that no slot asks for is still taken while there is room: it can only help.
    return load < maxPeers && purpose !== 'ring' && spareLeft > 0
      ? { type: 'grant' }
      : { type: 'refuse', reason: 'full' };
  }
  if (load <= maxPeers) return { type: 'grant' };
  return { type: 'refuse', reason: 'busy', retryAfterMs: Math.round(between(rng, ...BUSY_MS)) };
}

function nearerThanSome(self: PeerId, peer: PeerId, neighborhood: Neighborhood, policy: Policy): boolean {
  for (const link of neighborhood.links.values()) {
    if (link.role === 'near' && policy.compareNear(self, peer, link.peer) < 0) return true;
  }
  return false;
}

/** Who may have room for `asker`: the nearest known to it on the ring, those with a free slot first. */
export function hintsFor(asker: PeerId, knowledge: Knowledge): PeerRecord[] {
  const around = [...knowledge.side(1, MAX_HINTS, asker), ...knowledge.side(-1, MAX_HINTS, asker)];
  const rank = (peer: PeerId): number => (knowledge.get(peer)?.open === true ? 0 : 1);
  return [...new Set(around)]
    .sort((a, b) => rank(a) - rank(b) || compareRingDistance(asker, a, b))
    .slice(0, MAX_HINTS)
    .flatMap((peer) => knowledge.get(peer)?.record ?? []);
}
