import { bucketIndex, predecessor, successor } from '@peerpigeon/xor';
import type { PeerId } from '@peerpigeon/core';
import type { Policy } from './policy.js';
import type { Slots } from './slots.js';

/**
 * What a link is for, as one end sees it. `leaf`: one end has a single link. `none`: nothing; it may go. `extra`: a call
 * or a transfer, beyond `maxPeers`.
 */
export type Role = 'ring' | 'random' | 'finger' | 'near' | 'leaf' | 'none' | 'extra';

/** All roles, in wire order. */
export const ROLES: readonly Role[] = ['ring', 'random', 'finger', 'near', 'leaf', 'none', 'extra'];

/** What the assignment needs to know of a link that is heard of. */
export interface Candidate {
  readonly peer: PeerId;
  /** The other end can be on the ring: it has at least two links. */
  readonly onRing: boolean;
  /** Far enough along the ring to be worth a long link. */
  readonly far: boolean;
  /** The other end needs it: of links that are equal here, others go first. */
  readonly claimed?: boolean;
  /** It takes no slot; the one role that it may have besides is ring. */
  readonly extra?: boolean;
}

/** What the assignment takes into account besides the links. */
export interface Surroundings {
  /** Ring neighbours without a link: the side of one that is nearer than any link has no ring link. */
  readonly tunnels?: Iterable<PeerId>;
  /** Buckets that come before others for fingers; undefined: any. */
  readonly wanted?: ReadonlySet<number> | undefined;
}

/**
 * Gives each link its role, from scratch: the nearest linked peer on each side is ring; far links become fingers (one per
 * distinct XOR bucket, if it is wanted) and random ones, oldest first, in slots of both kinds; what is left is near, by the
 * policy's order, or none.
 * @param candidates the links, oldest first, without suspects, which have no role
 */
export function assignRoles(
  self: PeerId,
  candidates: readonly Candidate[],
  slots: Slots,
  policy: Policy,
  { tunnels = [], wanted }: Surroundings = {},
): Map<PeerId, Role> {
  const roles = new Map<PeerId, Role>();
  let { random, finger, near } = slots;
  const asLeaf = slots.ring + random + finger + near === 0;
  if (slots.ring > 0) {
    const linked = candidates.filter(({ onRing }) => onRing).map(({ peer }) => peer);
    const sides = [...linked, ...tunnels];
    for (const nearest of [successor(self, sides), predecessor(self, sides)])
      if (nearest !== undefined && linked.includes(nearest)) roles.set(nearest, 'ring');
  }
  const long: PeerId[] = [];
  const rest: PeerId[] = [];
  const own = candidates.filter((one) => one.extra !== true);
  const host = (own.find(({ onRing }) => onRing) ?? own[0])?.peer;
  const claims = new Set<PeerId>();
  for (const { peer, onRing, far, extra, claimed } of candidates) {
    if (roles.has(peer)) continue;
    if (claimed === true) claims.add(peer);
    if (extra === true) roles.set(peer, 'extra');
    else if (asLeaf) roles.set(peer, peer === host ? 'leaf' : 'none');
    else if (!onRing && random + finger + near > 0) {
      roles.set(peer, 'leaf');
      if (near > 0) near--;
      else if (random > 0) random--;
      else finger--;
    } else (far ? long : rest).push(peer);
  }
  const covered = new Set<number>();
  const spare: PeerId[] = [];
  for (const peer of long) {
    const bucket = policy.spread ? bucketIndex(self, peer) : covered.size;
    if (finger > 0 && !covered.has(bucket) && wanted?.has(bucket) !== false) {
      covered.add(bucket);
      roles.set(peer, 'finger');
      finger--;
    } else spare.push(peer);
  }
  spare.sort((a, b) => Number(claims.has(b)) - Number(claims.has(a)));
  for (const peer of spare) {
    if (random > 0 || (finger > 0 && wanted !== undefined)) roles.set(peer, 'random');
    else if (finger > 0) roles.set(peer, 'finger');
    else rest.push(peer);
    if (random > 0) random--;
    else finger--;
  }
  rest.sort((a, b) => policy.compareNear(self, a, b));
  for (const peer of rest) roles.set(peer, near-- > 0 ? 'near' : 'none');
  return roles;
}
