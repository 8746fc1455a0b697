import type { PeerId } from '@peerpigeon/core';

/** The peers between oneself and another, the own neighbour first; empty for a neighbour. */
export type Route = readonly PeerId[];

/** Peers between the two ends of a route, at most: the prototype's 40. Longer ones break before they are used. */
export const MAX_ROUTE_HOPS = 40;

/**
 * The way to a peer that `via`, who is reached by `route`, reaches by `rest`; undefined when it leads through the peer
 * itself, or is too long. Loops are cut out, and it begins at the last of our neighbours on it.
 * @param isNeighbour whether there is a link with a peer
 */
export function joinRoutes(
  self: PeerId,
  target: PeerId,
  [route, via, rest]: readonly [Route, PeerId, Route],
  isNeighbour: (peer: PeerId) => boolean,
): Route | undefined {
  const joined: PeerId[] = [];
  for (const peer of [...route, via, ...rest]) {
    if (peer === target) return undefined;
    // Back at ourselves, or at a neighbour: what went before is a detour.
    if (peer === self || isNeighbour(peer)) joined.length = 0;
    const seen = joined.indexOf(peer);
    if (seen >= 0) joined.length = seen;
    if (peer !== self) joined.push(peer);
  }
  return joined.length > 0 && joined.length <= MAX_ROUTE_HOPS ? joined : undefined;
}
