import type { PeerId } from '@peerpigeon/core';
import { MAX_ROUTE_HOPS } from './config.js';

/**
 * A source route from `self` to `end` as somebody told it, without loops: the peers in between, the next hop first. Empty
 * when there is none, or when it is too long.
 */
export function straighten(route: readonly PeerId[] | undefined, self: PeerId, end: PeerId): readonly PeerId[] {
  const straight: PeerId[] = [];
  for (const peer of route ?? []) {
    if (peer === end) break;
    const before = peer === self ? 0 : straight.indexOf(peer);
    if (before !== -1) straight.length = before;
    if (peer !== self) straight.push(peer);
  }
  return straight.length > MAX_ROUTE_HOPS ? [] : straight;
}
