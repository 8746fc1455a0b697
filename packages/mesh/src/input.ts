import type { DecodeError, Envelope, MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { TransportEvent } from '@peerpigeon/link';
import type { Input as SessionInput } from '@peerpigeon/signaling-protocol';
import type { MeshSettings } from './config.js';
import type { Frame } from './frame.js';
import type { Timer } from './timer.js';

/** What comes of the channel to the signaling server last asked for. */
export type ChannelEvent = Extract<SessionInput, { readonly type: 'opened' | 'message' | 'malformed' | 'closed' }>;

/** What can happen to a mesh. The interpreter feeds one at a time. */
export type Input =
  /** The application. */
  /**
   * Join through the server at `url`, or one of its `fallbacks`, and stay joined: reconnect until `leave`. Without a `url`: by
   * `adopt` alone. `history`: broadcasts of the time before are wanted, too, up to `sinceMs` old, as far as others still have them.
   */
  | (Omit<Extract<SessionInput, { readonly type: 'join' }>, 'seeking' | 'url'> & {
      readonly url?: string;
      readonly history?: { readonly sinceMs: Millis };
    })
  /** The network may be back, or somebody is looking: signaling that is down is tried at once, that is up is asked whether it is. */
  | { readonly type: 'hasten' }
  /** Say goodbye, close every link and the signaling channel. Afterwards the machine holds nothing and can join again. */
  | { readonly type: 'leave' }
  /** Change settings on the running mesh. */
  | { readonly type: 'configure'; readonly settings: Partial<MeshSettings> }
  /** Broadcast a sealed envelope; `ttl` pins the TTL. With `receipts`, a `receipts` event says how many it reached. */
  | { readonly type: 'broadcast'; readonly envelope: Envelope; readonly ttl?: number; readonly receipts?: boolean }
  /** Route a sealed envelope to its receiver; `timeoutMs`: how long it is tried, and its acknowledgement waited for. */
  | { readonly type: 'direct'; readonly envelope: Envelope; readonly timeoutMs?: Millis }
  /** Send a direct message no more: unless it has ended already it fails as aborted. */
  | { readonly type: 'abort'; readonly messageId: MessageId }
  /**
   * Send content to a linked peer, unordered and unreliable: it is sent again `maxRetransmits` times at most (0 to 16), never
   * over other peers. `datagramFailed` follows if there is no link, or it is too large.
   */
  | {
      readonly type: 'datagram';
      readonly peer: PeerId;
      readonly channel: string;
      readonly content: Uint8Array;
      readonly maxRetransmits: number;
    }
  /** Dial a known peer now (`connectToPeer`); `extra`: a link beyond `maxPeers`, for a call or a transfer. */
  | { readonly type: 'dial'; readonly peer: PeerId; readonly kind?: 'mesh' | 'extra' }
  /** A transport with a peer, agreed on by an invite, is open: an `open` of this `session` follows, unless they are linked. */
  | { readonly type: 'adopt'; readonly peer: PeerId; readonly session: string }
  /** Close the link with a peer (`disconnectPeer`). */
  | { readonly type: 'hangup'; readonly peer: PeerId; readonly reason: string }
  /** For the optional protocol of that name: an input of its own machine. */
  | { readonly type: 'protocol'; readonly name: string; readonly input: unknown }
  /** The signaling port. */
  | { readonly type: 'signaling'; readonly event: ChannelEvent }
  /** The links port. `session` tells a late event of a former link from one of the present link. */
  | { readonly type: 'transport'; readonly peer: PeerId; readonly session: string; readonly event: TransportEvent }
  | { readonly type: 'frame'; readonly peer: PeerId; readonly session: string; readonly frame: Frame }
  | { readonly type: 'malformed'; readonly peer: PeerId; readonly session: string; readonly error: DecodeError }
  /** The clock. */
  | { readonly type: 'timer'; readonly timer: Timer };
