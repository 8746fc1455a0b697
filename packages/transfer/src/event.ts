import type { Millis, PeerId } from '@peerpigeon/core';
import type { Description, Reason, TransferId } from './message.js';
import type { Handle } from './output.js';

/** What transfers have to tell. After `completed` or `failed` a handle means nothing. */
export type Event =
  /** A peer offers something: answer with `accept` or `reject`. Messages are accepted without asking. */
  | {
      readonly type: 'offered';
      readonly transfer: Handle;
      readonly id: TransferId;
      readonly from: PeerId;
      readonly description: Description;
    }
  /** The other side takes what we offered. */
  | { readonly type: 'accepted'; readonly transfer: Handle }
  /** Sender: bytes that the receiver has verified. Receiver: bytes that the application has taken. */
  | { readonly type: 'progress'; readonly transfer: Handle; readonly bytes: number }
  /** Both ends have all of it. */
  | {
      readonly type: 'completed';
      readonly transfer: Handle;
      readonly size: number;
      /** The Merkle root over its blocks. */
      readonly root: Uint8Array;
      /** Since the offer was made, or came. */
      readonly tookMs: Millis;
      /** Ids that the last word passed, its sender first, ourselves excluded. */
      readonly path: readonly PeerId[];
    }
  | {
      readonly type: 'failed';
      readonly transfer: Handle;
      readonly reason: Reason;
      readonly text: string;
      /** Who ended it. */
      readonly by: 'local' | 'remote';
    };
