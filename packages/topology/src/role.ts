import { bucketIndex, predecessor, successor } from '@peerpigeon/xor';
import type { PeerId } from '@peerpigeon/core';
import type { Policy } from './policy.js';
import type { Slots } from './slots.js';

/** What a link is for, as one end sees it. `leaf`: one end has a single link. `none`: nothing; it may go. */
export type Role = 'ring' | 'random' | 'finger' | 'near' | 'leaf' | 'none';

/** All roles, in wire order. */
export const ROLES: readonly Role[] = ['ring', 'random', 'finger', 'near', 'leaf', 'none'];

/** What the assignment needs to know of a link. */
export interface Candidate {
  readonly peer: PeerId;
  /** The other end can be on the ring: it has at least two links. */
  readonly onRing: boolean;
  /** Far enough along the ring to be worth a long link. */
  readonly far: boolean;
}

/**
 * Gives each link its role, from scratch: the nearest linked peer on each side is ring; far links become fingers (one per
 * distinct XOR bucket first) and random ones, oldest first; what is left is near, by the policy's order, or none.
 * @param candidates the links, oldest first
 */
export function assignRoles(
  self: PeerId,
  candidates: readonly Candidate[],
  slots: Slots,
  policy: Policy,
): Map<PeerId, Role> {
  const roles = new Map<PeerId, Role>();
  if (slots.ring + slots.random + slots.finger + slots.near === 0) {
    for (const candidate of candidates) roles.set(candidate.peer, roles.size === 0 ? 'leaf' : 'none');
    return roles;
  }
  const ring = candidates.filter(({ onRing }) => onRing).map(({ peer }) => peer);
  for (const nearest of slots.ring > 0 ? [successor(self, ring), predecessor(self, ring)] : []) {
    if (nearest !== undefined) roles.set(nearest, 'ring');
  }

  let { random, finger, near } = slots;
  const long: PeerId[] = [];
  const rest: PeerId[] = [];
  for (const { peer, onRing, far } of candidates) {
    if (roles.has(peer)) continue;
    if (!onRing && random + finger + near > 0) {
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
    if (finger > 0 && !covered.has(bucket)) {
      covered.add(bucket);
      roles.set(peer, 'finger');
      finger--;
    } else spare.push(peer);
  }
  for (const peer of spare) {
    if (random > 0) {
      roles.set(peer, 'random');
      random--;
    } else if (finger > 0) {
      roles.set(peer, 'finger');
      finger--;
    } else rest.push(peer);
  }
  rest.sort((a, b) => policy.compareNear(self, a, b));
  for (const peer of rest) {
    if (near > 0) {
      roles.set(peer, 'near');
      near--;
    } else roles.set(peer, 'none');
  }
  return roles;
}
