import type { Emit, Millis, PeerId, Send, SetTimer } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Finding } from './evaluation.js';
import type { Purpose, Timer } from './input.js';
import type { LeafSet } from './leaf-set.js';
import type { Message } from './message.js';
import type { Route } from './route.js';

/** What the level above learns. */
export type Event =
  | { readonly type: 'peerDiscovered'; readonly peer: PeerId }
  | { readonly type: 'peerForgotten'; readonly peer: PeerId }
  /** A link is closed for a better one. */
  | {
      readonly type: 'peerEvicted';
      readonly peer: PeerId;
      readonly reason: string;
      readonly initiatedBy: 'local' | 'remote';
    }
  /** The links of a neighbour, for the 2-hop table of routing: those on the ring, and leaves; it may be a leaf itself. */
  | {
      readonly type: 'view';
      readonly peer: PeerId;
      readonly links: readonly PeerId[];
      readonly leaves: readonly PeerId[];
      readonly leaf: boolean;
    }
  /** The leaf set: once after `start`, and whenever it has changed. `member`: we are on the ring ourselves (maxPeers above 1). */
  | (LeafSet & { readonly type: 'leafSet'; readonly member: boolean })
  /** The periodic evaluation has found something else than the last time. */
  | { readonly type: 'evaluated'; readonly findings: readonly Finding[] }
  | {
      readonly type: 'warning';
      readonly code: 'isolated' | 'below-min-peers' | 'dial-failed';
      readonly message: string;
    };

/** What a topology asks of the level above. */
export type Output =
  /** Ask `peer` for a link. */
  | {
      readonly type: 'dial';
      readonly peer: PeerId;
      readonly purpose: Purpose;
      readonly isolated: boolean;
      /** The server brought us together: the other side expects to be asked. */
      readonly introduced: boolean;
      /** The way to it over the mesh, if one is known. */
      readonly route?: Route;
    }
  /** Send a message to a peer that is no neighbour: over `route`, else greedily. */
  | { readonly type: 'route'; readonly to: PeerId; readonly route?: Route; readonly message: Message }
  /** Send a message to whoever is nearest to `key`, first over the link `over`. */
  | { readonly type: 'probe'; readonly key: PeerId; readonly over: PeerId; readonly message: Message }
  /** Send a message to whoever is reached by so many random steps. */
  | { readonly type: 'walk'; readonly steps: number; readonly message: Message }
  /** From now on `peer` counts as a neighbour for routing, over `route`; without `route` no more. */
  | { readonly type: 'tunnel'; readonly peer: PeerId; readonly route: Route | undefined }
  /** A leaf whose id is near ours is reached over `route`; without `route` no more. */
  | { readonly type: 'lodger'; readonly peer: PeerId; readonly route: Route | undefined }
  /** Answers to `requested`. */
  | { readonly type: 'grant'; readonly peer: PeerId }
  | {
      readonly type: 'refuse';
      readonly peer: PeerId;
      readonly reason: 'full' | 'busy';
      readonly peers: readonly PeerRecord[];
      readonly retryAfterMs?: Millis;
    }
  /** Close the link with `peer`. */
  | { readonly type: 'hangup'; readonly peer: PeerId; readonly reason: string }
  /** Ask the server for peers: one's ring neighbours, the nearest, some at random, and `seeking` that seek links too. */
  | {
      readonly type: 'discover';
      readonly seeking: number;
      /** Peers that fell silent since the last time: the server shall not give them to anybody before they show life. */
      readonly lost: readonly PeerId[];
      /** Members drawn at random, besides the others. */
      readonly sample: number;
    }
  | Send<Message>
  | SetTimer<Timer>
  | Emit<Event>;
