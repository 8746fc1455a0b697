import type { PeerDown, PeerId, TimerFired } from '@peerpigeon/core';
import type { Description, Message, Reason, TransferId } from './message.js';
import type { Handle } from './output.js';
import type { Timer } from './timer.js';

/** What can happen to transfers. What does not fit is ignored: a transfer may have ended meanwhile. */
export type Input =
  /** The application. Offer something; `id` is 16 bytes from a secure source, and the handle, too. */
  | { readonly type: 'offer'; readonly id: TransferId; readonly to: PeerId; readonly description: Description }
  | { readonly type: 'accept'; readonly transfer: Handle }
  | { readonly type: 'reject'; readonly transfer: Handle; readonly text: string }
  /** End it, at either side; `reason` is `cancelled`, `source` or `sink`. */
  | { readonly type: 'cancel'; readonly transfer: Handle; readonly reason: Reason; readonly text: string }
  /** The answers of the interpreter: see `Output`. */
  | {
      readonly type: 'hashed';
      readonly transfer: Handle;
      readonly offset: number;
      readonly length: number;
      readonly attempt: number;
      readonly hash: Uint8Array;
    }
  | { readonly type: 'chunk'; readonly transfer: Handle; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'written'; readonly transfer: Handle; readonly offset: number }
  | { readonly type: 'finished'; readonly transfer: Handle }
  /** A link with the peer is ready, for frames of so many bytes. */
  | { readonly type: 'peerUp'; readonly peer: PeerId; readonly maxFrameBytes: number }
  | PeerDown
  /** The link with the peer takes so many bytes of bulk now; of what was told before nothing holds. */
  | { readonly type: 'writable'; readonly peer: PeerId; readonly bytes: number }
  /** `path`: ids that it passed, its sender first; over a link the sender alone. */
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Message; readonly path: readonly PeerId[] }
  /** This mesh leaves: every transfer ends. */
  | { readonly type: 'leave' }
  | TimerFired<Timer>;
