import type { Millis, PeerId } from '@peerpigeon/core';
import { pick } from '@peerpigeon/core';
import { bucketIndex, compareDistance } from '@peerpigeon/xor';
import type { Context } from './context.js';
import type { Known } from './knowledge.js';
import type { Plan } from './plan.js';

/** What there is to do about one side of the ring. */
export type RingStep =
  /** The nearest known peer is linked, or there is none. */
  | { readonly type: 'closed' }
  /** A dial is under way, or the initiative is the other's until `until`. */
  | { readonly type: 'waiting'; readonly until: Millis }
  | { readonly type: 'dial'; readonly peer: PeerId };

/**
 * From when on a peer may be dialled. The larger id initiates (S89): the smaller waits `patienceMs`, unless it has no link
 * at all (S90). Failed peers wait for their backoff.
 */
function dialableAt({ self, config, neighbourhood }: Context, peer: PeerId, known: Known): Millis {
  const ours = neighbourhood.links.size === 0 || self > peer;
  return Math.max(ours ? 0 : known.discoveredAt + config.patienceMs, known.retryAt);
}

/** Looks along one side of the ring (1: following, −1: preceding) for the nearest peer that is linked or can be. */
export function ringStep(context: Context, direction: 1 | -1, now: Millis): RingStep {
  const { knowledge, neighbourhood, config } = context;
  let until: Millis = Infinity;
  for (const peer of knowledge.side(direction, config.leafSetSize)) {
    if (neighbourhood.links.has(peer)) break;
    if (neighbourhood.pending.has(peer)) return { type: 'waiting', until };
    const known = knowledge.get(peer) as Known;
    const at = dialableAt(context, peer, known);
    if (at <= now) return { type: 'dial', peer };
    until = Math.min(until, at);
    // A peer whose turn it is will come; one that failed is passed over for the next until it is tried again.
    if (known.retryAt <= now) return { type: 'waiting', until };
  }
  return until === Infinity ? { type: 'closed' } : { type: 'waiting', until };
}

/** Which peer to ask for a link that is no ring link, and when to look again if there is none now. */
export interface SpareStep {
  readonly peer: PeerId | undefined;
  /** It expects to be asked. */
  readonly invited?: boolean;
  readonly until: Millis;
}

/**
 * Chooses a peer for a free slot: one that expects us; else, from `seekAt` on, one said to have room, or anyone. Of these,
 * far ones in XOR buckets that no link covers come first, otherwise one is drawn; for near slots the policy's best.
 */
export function spareStep(
  { self, knowledge, neighbourhood, rng }: Context,
  { slots, policy, farRank }: Plan,
  seekAt: Millis,
  now: Millis,
): SpareStep {
  const wantNear = slots.near > 0;
  let until: Millis = Infinity;
  const candidates: Known[] = [];
  const near = wantNear ? [] : knowledge.near(farRank);
  for (const [peer, known] of knowledge.entries()) {
    if (neighbourhood.has(peer) || near.includes(peer)) continue;
    // Asking is free, whoever has the larger id offers: for a free slot nobody waits for the other's initiative.
    const at = Math.max(known.retryAt, known.refusedUntil);
    if (at <= now) candidates.push(known);
    else until = Math.min(until, at);
  }
  if (candidates.length === 0) return { peer: undefined, until };
  let choice = candidates.filter(({ invitedUntil }) => invitedUntil > now);
  const invited = choice.length > 0;
  if (!invited) {
    if (now < seekAt) return { peer: undefined, until: Math.min(until, seekAt) };
    choice = candidates.filter(({ openUntil }) => openUntil > now);
    if (choice.length === 0) choice = candidates;
  }
  const pool = choice.map(({ record }) => record.id);
  if (wantNear) {
    return { peer: pool.sort((a, b) => policy.compareNear(self, a, b))[0], invited, until };
  }
  const covered = new Set<number>();
  for (const link of neighbourhood.links.values())
    if (link.role === 'finger') covered.add(bucketIndex(self, link.peer));
  const fresh = policy.spread ? pool.filter((peer) => !covered.has(bucketIndex(self, peer))) : pool;
  return { peer: pick(rng, fresh.length > 0 ? fresh : pool), invited, until };
}

/** For a peer with a single link: the XOR-nearest peer that can take it (S92). */
export function leafStep(context: Context, now: Millis): SpareStep {
  const { self, knowledge, neighbourhood } = context;
  let until: Millis = Infinity;
  let best: PeerId | undefined;
  if (neighbourhood.load > 0) return { peer: undefined, until };
  for (const [peer, known] of knowledge.entries()) {
    const at = Math.max(dialableAt(context, peer, known), known.refusedUntil);
    if (at > now) until = Math.min(until, at);
    else if (best === undefined || compareDistance(self, peer, best) < 0) best = peer;
  }
  return { peer: best, until };
}
