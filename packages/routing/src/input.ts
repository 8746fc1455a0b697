import type { Envelope, PeerDown, PeerId, PeerUp, Received, TimerFired } from '@peerpigeon/core';
import type { Message } from './message.js';
import type { Timer } from './timer.js';

/** What can happen to a router. */
export type Input =
  /** Bring a direct envelope to its receiver. Exactly one `delivered` or `failed` follows. */
  | { readonly type: 'route'; readonly envelope: Envelope }
  /** The neighbours that a neighbour has: its row of the 2-hop table. Ignored unless there is a link with it. */
  | { readonly type: 'view'; readonly peer: PeerId; readonly neighbours: readonly PeerId[] }
  /** This mesh leaves: what waits for an acknowledgement fails as disconnected, and everything but the counters is forgotten. */
  | { readonly type: 'leave' }
  | PeerUp
  | PeerDown
  | Received<Message>
  | TimerFired<Timer>;
