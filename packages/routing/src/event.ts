import type { Envelope, MessageId, Millis, PeerId } from '@peerpigeon/core';

/** Why a message failed. */
export type FailureReason =
  /** No way led to its receiver, for as long as we tried: it did not arrive. */
  | 'unreachable'
  /** Nobody answered in time: it may or may not have arrived. */
  | 'timeout'
  /** Its receiver said goodbye to the mesh. */
  | 'left'
  /** It was not taken: too many wait already, or the receiver would not have it. */
  | 'refused'
  /** The `abort` input. It may have arrived. */
  | 'aborted'
  /** With its hop part it exceeds a frame. */
  | 'tooLarge'
  /** This mesh left. It may have arrived. */
  | 'disconnected';

/** What a router has to tell. */
export type Event =
  /** A direct message or a signal (`envelope.kind`) for us, once. */
  | {
      readonly type: 'message';
      readonly envelope: Envelope;
      /** Links crossed (S16). */
      readonly hops: number;
      /** Links it could still have crossed; `ttl + hops` is what the author started with (S19). */
      readonly ttl: number;
      /** Ids passed, the author first, ourselves excluded (S18). */
      readonly path: readonly PeerId[];
    }
  /** The receiver's application has our message. */
  | {
      readonly type: 'delivered';
      readonly messageId: MessageId;
      readonly to: PeerId;
      /** Links that the copy crossed which was acknowledged. */
      readonly hops: number;
      /** From the `route` input to the acknowledgement. */
      readonly roundTripMs: Millis;
      /** It was reported as failed before: its acknowledgement is late. */
      readonly late: boolean;
    }
  /**
   * A parcel for us. `path`: ids passed, its sender first, our neighbour last. `body`: see {@link Parcel}. `key`: what it sought,
   * where it was not addressed to us. `ttl`: links it could still have crossed.
   */
  | {
      readonly type: 'parcel';
      readonly from: PeerId;
      readonly body: unknown;
      readonly path: readonly PeerId[];
      readonly key?: PeerId;
      readonly ttl: number;
    }
  /** A parcel to `to` could not go on. */
  | { readonly type: 'bounced'; readonly to: PeerId }
  /** Our message did not arrive, or nobody said that it did. */
  | { readonly type: 'failed'; readonly messageId: MessageId; readonly to: PeerId; readonly reason: FailureReason };
