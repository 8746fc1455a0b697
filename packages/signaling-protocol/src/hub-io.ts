import type { DecodeError, Emit, Millis, PeerId, Rng, SetTimer, TimerFired } from '@peerpigeon/core';
import type { HubConfig } from './config.js';
import type { ClientMessage, ServerMessage } from './message.js';
import type { NodeId } from './node-io.js';

/** A connection as its adapter numbers it; never reused while the hub lives. */
export type ConnectionId = number;

/** What a hub is made of. */
export interface HubOptions {
  /** Draws the random members that newcomers are given. */
  readonly rng: Rng;
  /** Draws the tokens with which peers take over their own former connections: unguessable. Absent: none are given. */
  readonly tokens?: Rng;
  readonly config?: Partial<HubConfig>;
  /**
   * The hub's name among several that serve the same networks, each on a node of its own: then it takes a `NodeInput` and gives
   * a `NodeOutput`, too, which the index of all nodes answers. Absent: the hub is alone, and neither occurs.
   */
  readonly node?: NodeId;
}

/** What can happen to a hub. */
export type HubInput =
  /** A channel has opened; `peerId` and `network` are what its address says, unchecked. */
  | {
      readonly type: 'connected';
      readonly connection: ConnectionId;
      readonly peerId: unknown;
      /** Absent: `global`. */
      readonly network?: unknown;
    }
  | { readonly type: 'message'; readonly connection: ConnectionId; readonly message: ClientMessage }
  /** Something arrived that is no message. */
  | { readonly type: 'malformed'; readonly connection: ConnectionId; readonly error: DecodeError }
  /** A sign of life below messages: the answer to a `probe`. */
  | { readonly type: 'alive'; readonly connection: ConnectionId }
  /** A channel closed or was lost. For a connection that the hub has closed itself a no-op. */
  | { readonly type: 'closed'; readonly connection: ConnectionId }
  | TimerFired<HubTimer>;

/** What a hub asks of its adapter. Outputs for a connection that is gone are to be dropped. */
export type HubOutput =
  | { readonly type: 'write'; readonly connection: ConnectionId; readonly message: ServerMessage }
  /** The hub has already forgotten the connection. */
  | { readonly type: 'close'; readonly connection: ConnectionId; readonly code: number; readonly reason: string }
  /** Find out whether the other side lives (a WebSocket ping); if it does, feed `alive`. */
  | { readonly type: 'probe'; readonly connection: ConnectionId }
  | SetTimer<HubTimer>
  | Emit<HubEvent>;

/** What an operator learns. */
export type HubEvent =
  /** A connection was accepted. A takeover of a dead one is none (S144). */
  | { readonly type: 'peerConnected'; readonly peerId: PeerId; readonly network: string }
  /** An accepted peer is gone; once for each `peerConnected` (S145). */
  | { readonly type: 'peerDisconnected'; readonly peerId: PeerId; readonly network: string }
  /** A peer became discoverable, or announced another run of itself (S146). */
  | { readonly type: 'peerAnnounced'; readonly peerId: PeerId; readonly network: string }
  | { readonly type: 'peerGoodbye'; readonly peerId: PeerId; readonly network: string }
  /** A peer sent what is no message (S148). */
  | { readonly type: 'peerMisbehaved'; readonly peerId: PeerId; readonly error: DecodeError };

/** A hub's timers. Stale ones are no-ops. */
export type HubTimer =
  /** Look for silent connections. */
  | { readonly type: 'sweep' }
  /** The probed `connection` should have shown life. */
  | { readonly type: 'probe'; readonly connection: ConnectionId }
  /** The answer that `connection` waits for is due. */
  | { readonly type: 'answer'; readonly connection: ConnectionId }
  /** The node of whoever holds the id that `connection` wants should have given its verdict. */
  | { readonly type: 'contest'; readonly connection: ConnectionId };

/** An accepted peer as an operator sees it. Times are the hub's monotonic ones. */
export interface Presence {
  readonly connection: ConnectionId;
  readonly peerId: PeerId;
  readonly network: string;
  readonly connectedAt: Millis;
  readonly lastHeardAt: Millis;
  /** Undefined while it is not discoverable. */
  readonly announcedAt: Millis | undefined;
}
