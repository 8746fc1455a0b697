import type { Emit, Millis, PeerId, Send, SetTimer } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Purpose, Timer } from './input.js';
import type { Message } from './message.js';

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
  /** The links of a neighbour, for the 2-hop table of routing. */
  | { readonly type: 'view'; readonly peer: PeerId; readonly links: readonly PeerId[] }
  | {
      readonly type: 'warning';
      readonly code: 'isolated' | 'below-min-peers' | 'dial-failed';
      readonly message: string;
    };

/** What a topology asks of the level above. */
export type Output =
  /** Ask `peer` for a link. */
  | { readonly type: 'dial'; readonly peer: PeerId; readonly purpose: Purpose; readonly isolated: boolean }
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
  | { readonly type: 'discover'; readonly seeking: number }
  | Send<Message>
  | SetTimer<Timer>
  | Emit<Event>;
