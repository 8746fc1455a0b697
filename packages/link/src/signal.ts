import type { PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';

/** What an RTCPeerConnection needs to know of the other end (RFC 8829 SDP; opaque to every core). */
export interface Description {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

/** An ICE candidate as `RTCIceCandidate.toJSON()` gives it; opaque to every core. */
export interface Candidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
}

/** Why a request for a link is not granted. */
export type RedirectReason =
  /** All slots are taken, and the newcomer is not worth one of them. */
  | 'full'
  /** A handover is under way; ask again after `retryAfterMs`. */
  | 'busy'
  /** The application or its policy does not want this peer. */
  | 'refused';

/** What a signal says. */
export type SignalBody =
  | {
      /** "May I have a link?" Costs the other side nothing: no RTCPeerConnection exists before it is granted. */
      readonly kind: 'request';
      /** The role that the asker has for the link; its topology's word, opaque here. */
      readonly purpose: string;
      /** The asker has no link at all (S90): it offers itself, and is not refused by a ring neighbour. */
      readonly isolated: boolean;
      readonly record: PeerRecord;
    }
  | {
      /** "Yes; you offer." (Who is to offer itself sends the offer instead, which says yes as well.) */
      readonly kind: 'accept';
    }
  | {
      readonly kind: 'redirect';
      readonly reason: RedirectReason;
      /** Peers that may have room, nearest to the asker first. */
      readonly peers: readonly PeerRecord[];
      /** For `busy`: how long to wait. */
      readonly retryAfterMs?: number;
    }
  /** Of a link that is ready: a restart (another path is looked for). */
  | { readonly kind: 'offer' | 'answer'; readonly description: Description }
  | { readonly kind: 'candidate'; readonly candidate: Candidate }
  | {
      /** The attempt is over: whoever sends it has given up. */
      readonly kind: 'cancel';
      readonly reason: string;
    }
  /** "Our link is silent here: offer a restart." From the smaller id, since the larger offers. */
  | { readonly kind: 'restart' };

/**
 * What two peers say to each other before they have a link, over the signaling server or over the mesh. `session` names
 * one attempt (drawn by whoever asks; empty from a client that knows no sessions), `seq` counts what one side sends
 * within it, from 0.
 */
export type Signal = { readonly session: string; readonly seq: number } & SignalBody;

/** A signal and where it comes from or goes to. */
export interface AddressedSignal {
  readonly peer: PeerId;
  readonly signal: Signal;
}
