import type { Envelope, MessageId, PeerId } from '@peerpigeon/core';

/** A broadcast, once, whoever sent it; one's own too (S20). */
export interface MessageEvent {
  readonly type: 'message';
  readonly envelope: Envelope;
  /** Links crossed; 0 for one's own (S16). */
  readonly hops: number;
  /** Links it may still cross; `ttl + hops` is what the author started with (S19). */
  readonly ttl: number;
  /** Ids passed, the author first, the receiver excluded; the own id alone for one's own (S18). */
  readonly path: readonly PeerId[];
}

/** What gossip has to tell. */
export type Event =
  | MessageEvent
  /** Broadcasts of an author that this peer has missed and that nobody near has any more: told once. */
  | {
      readonly type: 'messageGap';
      readonly from: PeerId;
      /** The run of the author: sequence numbers begin again with each. */
      readonly epoch: number;
      /** The first and the last that are missing. */
      readonly fromSeq: number;
      readonly toSeq: number;
    }
  /** An own broadcast never left, for want of a link: it waited too long, or too many came after it. */
  | { readonly type: 'messageUnsent'; readonly messageId: MessageId; readonly reason: 'expired' | 'overflow' }
  /** What is known of a broadcast with receipts: all have answered, or the time is over. */
  | {
      readonly type: 'receipts';
      readonly messageId: MessageId;
      /** Other peers that there are, by the estimate of the mesh's size; not less than `reached`. */
      readonly expected: number;
      /** Other peers that have it: so many at least. */
      readonly reached: number;
    };
