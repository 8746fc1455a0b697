import type { PeerId } from '@peerpigeon/core';

/** The peers between oneself and another, the own neighbour first; empty for a neighbour. */
export type Route = readonly PeerId[];

/** Peers between the two ends of a route, at most: the prototype's 40. Longer ones break before they are used. */
export const MAX_ROUTE_HOPS = 40;

/**
 * The way to `target` over these peers without its loops and detours: it begins at the last of our neighbours on it.
 * Undefined when nothing is left of it, or too much.
 * @param isNeighbour whether there is a link with a peer
 */
export function straighten(
  self: PeerId,
  target: PeerId,
  hops: Iterable<PeerId>,
  isNeighbour: (peer: PeerId) => boolean,
): Route | undefined {
  const way: PeerId[] = [];
  for (const peer of hops) {
    if (peer === target) break;
    // Back at ourselves, or at a neighbour: what went before is a detour.
    if (peer === self || isNeighbour(peer)) way.length = 0;
    const seen = way.indexOf(peer);
    if (seen >= 0) way.length = seen;
    if (peer !== self) way.push(peer);
  }
  return way.length > 0 && way.length <= MAX_ROUTE_HOPS ? way : undefined;
}
