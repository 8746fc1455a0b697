import type { Envelope, PeerDown, PeerUp, Received, TimerFired } from '@peerpigeon/core';
import type { Message } from './message.js';
import type { Timer } from './timer.js';

/** What can happen to gossip. */
export type Input =
  /** What is broadcast from now on is for us, links or not. Without it that begins with the first other input. */
  | { readonly type: 'start' }
  /**
   * Tell everyone. `ttl` pins the TTL: an integer from 0 (nobody but ourselves) to `maxTtlHops`; without it the TTL
   * follows the size of the mesh.
   */
  | { readonly type: 'broadcast'; readonly envelope: Envelope; readonly ttl?: number }
  /** The topology's estimate of how many peers there are, ourselves included; need not be whole. */
  | { readonly type: 'size'; readonly peers: number }
  | PeerUp
  | PeerDown
  | Received<Message>
  | TimerFired<Timer>;
