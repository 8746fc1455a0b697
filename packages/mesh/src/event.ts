import type { Envelope, MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Event as GossipEvent } from '@peerpigeon/gossip';
import type { Resume } from '@peerpigeon/signaling-protocol';
import type { Finding } from '@peerpigeon/topology';

/** What the application learns. The façade turns these into the README's events. */
export type Event =
  /** Signaling is up; `url` is the server that accepted us, `resume` what it gave us for a later run. */
  | { readonly type: 'signalingConnected'; readonly url: string; readonly resume: Resume | undefined }
  /** Signaling is down; the mesh goes on. `permanent`: the server at `url` refused us for good and none is asked again. */
  | {
      readonly type: 'signalingDisconnected';
      readonly url: string;
      readonly reason: string;
      readonly code: number;
      readonly permanent: boolean;
    }
  | { readonly type: 'peerDiscovered'; readonly peer: PeerId }
  /** A discovered peer left, or was not heard of for long. */
  | { readonly type: 'peerForgotten'; readonly peer: PeerId }
  /** A link is ready. */
  | { readonly type: 'peerConnected'; readonly peer: PeerId }
  | { readonly type: 'peerDisconnected'; readonly peer: PeerId; readonly reason: string }
  /** A link is closed for a better one; `peerDisconnected` follows. */
  | {
      readonly type: 'peerEvicted';
      readonly peer: PeerId;
      readonly reason: string;
      readonly initiatedBy: 'local' | 'remote';
    }
  /** A ready link has been silent for some seconds (suspect), or is alive again. */
  | { readonly type: 'peerDegraded'; readonly peer: PeerId }
  | { readonly type: 'peerRecovered'; readonly peer: PeerId }
  /** It is still silent, and another path to it is looked for. */
  | { readonly type: 'peerReconnecting'; readonly peer: PeerId }
  /** A message for this application: a broadcast (one's own with hops 0) or a direct message. */
  | {
      readonly type: 'message';
      readonly envelope: Envelope;
      /** Links crossed. */
      readonly hops: number;
      /** Hops still allowed; `ttl + hops` is what the author started with. */
      readonly ttl: number;
      /** Ids passed, the author first, the receiver excluded. */
      readonly path: readonly PeerId[];
      /** Whether the author's signature was checked against an id that derives from its key. */
      readonly verified: boolean;
    }
  /** What broadcasts have to tell besides: a gap, an own one that never left, how far one with receipts came. */
  | Exclude<GossipEvent, { readonly type: 'message' }>
  /** The receiver's application has the direct message. */
  | {
      readonly type: 'messageDelivered';
      readonly messageId: MessageId;
      readonly to: PeerId;
      readonly hops: number;
      readonly roundTripMs: Millis;
      /** It was reported as failed before: the acknowledgement is late. */
      readonly late: boolean;
    }
  /** A direct message did not arrive, or nobody said that it did. */
  | {
      readonly type: 'messageFailed';
      readonly messageId: MessageId;
      readonly to: PeerId;
      readonly reason: FailureReason;
    }
  /** A datagram of a linked peer, for its application's channel. Others may have been lost, or come before or after. */
  | { readonly type: 'datagram'; readonly from: PeerId; readonly channel: string; readonly content: Uint8Array }
  /** A datagram of ours was not sent. */
  | {
      readonly type: 'datagramFailed';
      readonly to: PeerId;
      readonly channel: string;
      /** There is no link with the peer; or channel and content are longer than `MAX_DATAGRAM_BYTES`. */
      readonly reason: 'not-linked' | 'too-large';
    }
  /** The periodic evaluation of the links has found something else than the last time; nothing, when all is as wanted. */
  | { readonly type: 'evaluated'; readonly findings: readonly Finding[] }
  /** Trouble that the application may act on (S52). */
  | { readonly type: 'warning'; readonly code: WarningCode; readonly message: string };

/**
 * Why a direct message failed: no way to the peer; no answer in time; the peer left; it would not take it; it was aborted; it
 * was too large; this mesh left.
 */
export type FailureReason = 'unreachable' | 'timeout' | 'left' | 'refused' | 'aborted' | 'tooLarge' | 'disconnected';

/** What a warning is about. */
export type WarningCode = 'isolated' | 'below-min-peers' | 'dial-failed' | 'signaling-lost' | 'signaling-error';
