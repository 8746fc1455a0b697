import type { PeerId } from '@peerpigeon/core';
import type { Route } from '@peerpigeon/topology';

/**
 * Which paths a link is worth while there is another. `ring`: it keeps the mesh in one piece, so both paths at once where it is
 * not sure that the mesh leads there; `wanted`: the mesh, then the server; `spare`: the mesh alone, as others will do as well.
 */
export type Worth = 'ring' | 'wanted' | 'spare';

/** How signals of one attempt reach the other side, and what has been learnt of either path so far. */
export interface Way {
  readonly peer: PeerId;
  /** The peers in between, our neighbour first; undefined when nobody told. */
  route: Route | undefined;
  /** A spare link that the other side wants, too, is `wanted`. */
  worth: Worth;
  /** `proven`: a signal passed it, either way. `failed`: ours did not; the server is asked first from now on. */
  mesh: 'untried' | 'proven' | 'failed';
  /** `absent`: the server does not know the peer. */
  server: 'untried' | 'proven' | 'absent';
  /** The attempt ended, in a link or without: nothing is sent again. */
  over: boolean;
}

/** A way that nobody went yet. */
export function wayTo(peer: PeerId, route?: Route, worth: Worth = 'wanted'): Way {
  return { peer, route, worth, mesh: 'untried', server: 'untried', over: false };
}

/** A signal of the other side came: over the server, or over the mesh, and then `route` leads back. */
export function arrivedBy(way: Way, route: Route | undefined): void {
  if (way.worth === 'spare') way.worth = 'wanted';
  if (route === undefined) way.server = 'proven';
  else {
    way.route = route;
    way.mesh = 'proven';
  }
}
