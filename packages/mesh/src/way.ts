import type { PeerId } from '@peerpigeon/core';
import type { Route } from '@peerpigeon/topology';

/** How signals of one attempt reach the other side, and what has been learnt of either path so far. */
export interface Way {
  readonly peer: PeerId;
  /** The peers in between, our neighbour first; undefined when nobody told. */
  route: Route | undefined;
  /** The link keeps the mesh in one piece: both paths at once, where it is not sure that the mesh leads there. */
  readonly isUrgent: boolean;
  /** `proven`: a signal passed it, either way. `failed`: ours did not; the server is asked first from now on. */
  mesh: 'untried' | 'proven' | 'failed';
  /** `absent`: the server does not know the peer. */
  server: 'untried' | 'proven' | 'absent';
  /** The attempt ended, in a link or without: nothing is sent again. */
  over: boolean;
}

/** A way that nobody went yet. */
export function wayTo(peer: PeerId, route?: Route, isUrgent = false): Way {
  return { peer, route, isUrgent, mesh: 'untried', server: 'untried', over: false };
}

/** A signal of the other side came: over the server, or over the mesh, and then `route` leads back. */
export function arrivedBy(way: Way, route: Route | undefined): void {
  if (route === undefined) way.server = 'proven';
  else {
    way.route = route;
    way.mesh = 'proven';
  }
}
