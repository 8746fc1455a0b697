import type { Emit, PeerId, SetTimer, Violation } from '@peerpigeon/core';
import type { Event } from './event.js';
import type { Message } from './message.js';
import type { Timer } from './timer.js';

/** A transfer as one end names it: two peers may draw the same id for what they send each other. */
export type Handle = string;

/** What transfers ask of their interpreter. Bytes stay there: a machine sees them as arrays that it hands on. */
export type Output =
  /** Over the link with the peer. A `chunk` is bulk, the rest is small. */
  | { readonly type: 'send'; readonly to: PeerId; readonly message: Message }
  /** Over other peers, unacknowledged; may be lost, doubled, overtaken. */
  | { readonly type: 'route'; readonly to: PeerId; readonly message: Message }
  /** A link with the peer would be of use. Harmless when there is one. */
  | { readonly type: 'dial'; readonly peer: PeerId }
  /** That link is needed no more. */
  | { readonly type: 'release'; readonly peer: PeerId }
  /**
   * SHA-256 of a block; answered by `hashed` with the same `offset` and `attempt`. Receiver: all of it has been written.
   * Sender: the next block of the source, of `length` bytes or less. A file's or a message's may be shorter only where the
   * source ends, a stream's holds what there is; 0 bytes: the end.
   */
  | {
      readonly type: 'hash';
      readonly transfer: Handle;
      readonly offset: number;
      readonly length: number;
      readonly attempt: number;
    }
  /** Sender: these bytes, of a block that was hashed; answered by `chunk`. */
  | { readonly type: 'read'; readonly transfer: Handle; readonly offset: number; readonly length: number }
  /** Sender: nothing before `offset` will be read again. */
  | { readonly type: 'forget'; readonly transfer: Handle; readonly offset: number }
  /** Receiver: keep `bytes` of the block at `block`, which has `blockLength` bytes. */
  | {
      readonly type: 'write';
      readonly transfer: Handle;
      readonly block: number;
      readonly blockLength: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  /** Receiver: the block at `offset` is good: give it to the application; answered by `written` when it has taken it. */
  | { readonly type: 'commit'; readonly transfer: Handle; readonly offset: number; readonly length: number }
  /** Receiver: that was all; answered by `finished` when the application has closed its sink. */
  | { readonly type: 'finish'; readonly transfer: Handle }
  | SetTimer<Timer>
  | Emit<Event>
  | Violation;
