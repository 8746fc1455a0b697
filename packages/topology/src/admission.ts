import type { Millis, PeerId } from '@peerpigeon/core';
import { between } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { bucketIndex, compareRingDistance } from '@peerpigeon/xor';
import type { Context } from './context.js';
import type { Input } from './input.js';
import { isOnRing } from './known.js';
import type { Knowledge } from './knowledge.js';
import { MAX_HINTS } from './message.js';
import { coveredBuckets } from './partner.js';
import { spareSlots, spareTotal } from './plan.js';
import type { Plan } from './plan.js';
import { redundantLink, worseThan } from './replacement.js';

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
 * without links that hangs on as a leaf while another role can make room, and to a nearer peer where near slots exist
 * (README eviction, S102). With `evictionStrategy` off only the ring still replaces: without that the mesh would fall
 * apart as it grows. `extra` links have their own number.
 */
export function admit({ self, config, knowledge, neighbourhood, rng }: Context, request: Request, plan: Plan): Verdict {
  const { peer, purpose, isolated, record } = request;
  const { slots, policy, settings } = plan;
  const { maxPeers, evictionStrategy } = settings;
  const { load } = neighbourhood;
  const full: Verdict = { type: 'refuse', reason: 'full' };
  const grant: Verdict = { type: 'grant' };
  if (purpose === 'extra') return neighbourhood.extras < config.maxExtraPeers ? grant : full;
  const onRing = record === undefined || isOnRing(record);
  if (maxPeers === 1) return load === 0 || (onRing && !neighbourhood.hangsOn) ? grant : full;

  const spare = spareSlots(plan, neighbourhood);
  // A finger may lead to a near one, where none leads yet.
  const fresh =
    purpose === 'finger' &&
    neighbourhood.wanted !== undefined &&
    !knowledge.near(1).includes(peer) &&
    !coveredBuckets(self, neighbourhood).has(bucketIndex(self, peer));
  const far = fresh || !knowledge.near(plan.farRank).includes(peer);
  const welcome =
    (slots.ring > 0 && onRing && neighbourhood.improvesRing(peer)) ||
    (purpose === 'rescue' && isolated) ||
    (spare > 0 && (far || !onRing || slots.near > 0 || purpose === 'manual')) ||
    (!onRing && isolated && (load < maxPeers || neighbourhood.count('leaf') < spareTotal(plan))) ||
    (evictionStrategy && fresh && redundantLink(plan, neighbourhood) !== undefined) ||
    (evictionStrategy &&
      (purpose !== 'ring' || isolated) &&
      worseThan(self, peer, neighbourhood, policy) !== undefined);
  // A link that no slot asks for is still taken while there is room: it can only help.
  if (!welcome) return load < maxPeers && purpose !== 'ring' && spare > 0 ? grant : full;
  if (load < maxPeers + plan.handover) return grant;
  return { ...full, reason: 'busy', retryAfterMs: Math.round(between(rng, ...BUSY_MS)) };
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
