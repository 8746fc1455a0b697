import type { Envelope, Millis, PeerDown, PeerId, PeerUp, Received, TimerFired } from '@peerpigeon/core';
import type { Message } from './message.js';
import type { Timer } from './timer.js';

/** What can happen to gossip. */
export type Input =
  /**
   * What is broadcast from now on is for us, links or not, and what was broadcast up to `sinceMs` ago (default 0). Without it
   * that begins with the first other input.
   */
  | { readonly type: 'start'; readonly sinceMs?: Millis }
  /**
   * Tell everyone. `ttl` pins the TTL: an integer from 0 (nobody but ourselves) to `maxTtlHops`; without it the TTL
   * follows the size of the mesh. `receipts`: every copy is answered, and an event says how many peers it reached.
   */
  | { readonly type: 'broadcast'; readonly envelope: Envelope; readonly ttl?: number; readonly receipts?: boolean }
  /** The topology's estimate of how many peers there are, ourselves included; need not be whole. */
  | { readonly type: 'size'; readonly peers: number }
  | PeerUp
  | PeerDown
  /** Nothing was heard over a ready link for some seconds, or it is alive again. */
  | { readonly type: 'suspect' | 'recovered'; readonly peer: PeerId }
  | Received<Message>
  | TimerFired<Timer>;
