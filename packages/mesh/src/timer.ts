import type { PeerId } from '@peerpigeon/core';
import type { Timer as GossipTimer } from '@peerpigeon/gossip';
import type { Timer as LinkTimer } from '@peerpigeon/link';
import type { Timer as RoutingTimer } from '@peerpigeon/routing';
import type { Timer as SessionTimer } from '@peerpigeon/signaling-protocol';
import type { Timer as TopologyTimer } from '@peerpigeon/topology';
import type { Timer as SignalerTimer } from './signaler.js';

/** A timer of one of the machines below, with the machine it belongs to. Stale ones are no-ops there. */
export type Timer =
  | { readonly machine: 'session'; readonly timer: SessionTimer }
  | { readonly machine: 'topology'; readonly timer: TopologyTimer }
  | { readonly machine: 'gossip'; readonly timer: GossipTimer }
  | { readonly machine: 'routing'; readonly timer: RoutingTimer }
  | { readonly machine: 'signaler'; readonly timer: SignalerTimer }
  /** Of the optional protocol of that name. */
  | { readonly machine: 'protocol'; readonly name: string; readonly timer: unknown }
  /** A peer whose link lost its path may be awaited too long. */
  | { readonly machine: 'comeback'; readonly peer: PeerId }
  | { readonly machine: 'link'; readonly peer: PeerId; readonly timer: LinkTimer };
