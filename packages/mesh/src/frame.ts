import type { Message as GossipMessage } from '@peerpigeon/gossip';
import type { Message as LinkMessage } from '@peerpigeon/link';
import type { Message as RoutingMessage } from '@peerpigeon/routing';
import type { Message as TopologyMessage } from '@peerpigeon/topology';

/** What crosses a link: one message of one protocol, under its channel tag. The simulator passes it by reference. */
export type Frame =
  | { readonly channel: 'link'; readonly message: LinkMessage }
  | { readonly channel: 'topology'; readonly message: TopologyMessage }
  | { readonly channel: 'gossip'; readonly message: GossipMessage }
  | { readonly channel: 'routing'; readonly message: RoutingMessage };
