import type { Millis } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Route } from './route.js';

/** What is known of a peer. */
export interface Known {
  record: PeerRecord;
  /** When it was last known alive, by ourselves or through others. */
  heardAt: Millis;
  /** When we first heard of it. */
  readonly discoveredAt: Millis;
  /** The way to it over the mesh: empty for a neighbour, undefined when only the server can reach it. */
  route: Route | undefined;
  /** When the route was good, as far as is known; without one, since when there is none. */
  routedAt: Millis;
  /** When a way to this neighbour was good that does not take the link. */
  detourAt: Millis;
  /** Until when it may be taken to have a free slot, as it said so itself, to us or to one of our neighbours. */
  openUntil: Millis;
  /** Until when it expects to be asked: the server brought us together. */
  invitedUntil: Millis;
  /** Failed dials in a row. */
  attempts: number;
  /** Not to be dialled before. */
  retryAt: Millis;
  /** Since when it has not answered, as far as we asked: nothing before that counts as a sign of life. */
  silentSince: Millis | undefined;
  /** It answered, and yet no path was found between us, so many times in a row. */
  unlinked: number;
  /** Not to be asked for a long link before: it had no room, or was just separated from. */
  refusedUntil: Millis;
}

/** A peer just heard of. */
export function known(record: PeerRecord, heardAt: Millis, now: Millis): Known {
  return {
    record,
    heardAt,
    discoveredAt: now,
    route: undefined,
    routedAt: -Infinity,
    detourAt: -Infinity,
    openUntil: 0,
    invitedUntil: 0,
    attempts: 0,
    retryAt: 0,
    silentSince: undefined,
    unlinked: 0,
    refusedUntil: 0,
  };
}

/** Whether a peer can be on the ring: with a single link it hangs on as a leaf. */
export function isOnRing({ caps }: PeerRecord): boolean {
  return caps.maxPeers >= 2;
}
