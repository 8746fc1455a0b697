import type { MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { RtcWarning } from './adapters/web-rtc.js';
import type { DhtConflict } from './dht/dht-node.js';
import type { DhtValueChange } from './dht/watching.js';
import type { FileOffer, OpenedStream } from './transfer/offers.js';
import type { FailureReason, Finding, MeshSettings, WarningCode } from '@peerpigeon/mesh';

/** A message of another peer, or one's own broadcast (S15–S20). */
export interface ReceivedMessage {
  /** What the sending call returned. */
  readonly messageId: MessageId;
  readonly from: PeerId;
  /** Equal in value and type to what was sent. Content of others: check it before use. */
  readonly content: unknown;
  /** For this peer alone. */
  readonly direct: boolean;
  /** Links crossed: 0 for one's own broadcast, 1 from a direct neighbour. */
  readonly hops: number;
  /** Hops still allowed; `ttl + hops` is what the sender started with. */
  readonly ttl: number;
  /** Ids passed so far, the sender first, the receiver excluded. */
  readonly path: readonly PeerId[];
  /** The sender's clock, in ms since 1970. */
  readonly timestamp: Millis;
  /** Whether the sender's signature was checked against an id that derives from its key. */
  readonly verified: boolean;
}

/** What changed, by type; `message` says it for people, whatever the type (S51). */
export type StatusChange = { readonly message: string } & (
  | { readonly type: 'initialized'; readonly peerId: PeerId }
  | { readonly type: 'connecting' | 'connected'; readonly url: string }
  /** Signaling by `url` is lost, or an attempt failed; it is tried again, and so are the other servers. The mesh goes on. */
  | { readonly type: 'reconnecting'; readonly url: string; readonly reason: string; readonly code: number }
  | { readonly type: 'disconnected'; readonly reason: string }
  | { readonly type: 'settings'; readonly settings: MeshSettings }
  /** A link has been silent for some seconds, another path is looked for, or it is alive again. */
  | { readonly type: 'peerDegraded' | 'peerReconnecting' | 'peerRecovered'; readonly peerId: PeerId }
  /** Trouble that the application may act on (S52). */
  | { readonly type: 'warning'; readonly code: WarningCode | RtcWarning['code'] }
  /** The links are not as wanted; `message` sums `findings` up. Told when they change. */
  | { readonly type: 'warning'; readonly code: 'evaluation'; readonly findings: readonly Finding[] }
  /** The server refused us for good, a listener threw, or a bug of ours. */
  | { readonly type: 'error'; readonly error: unknown }
);

/** All events of a mesh and what their listeners get. */
export type MeshEvents = {
  /** Signaling is up, again as well; `url` is the server that accepted us. */
  connected: { readonly url: string };
  /** Signaling, by `url` so far, is down; links stay. `permanent`: it is not tried again. */
  disconnected: { readonly url: string; readonly reason: string; readonly code: number; readonly permanent: boolean };
  statusChanged: StatusChange;
  /** Data can flow to and from this peer; once a link. */
  peerConnected: { readonly peerId: PeerId };
  peerDisconnected: { readonly peerId: PeerId; readonly reason: string };
  peerDiscovered: { readonly peerId: PeerId };
  /** A link gives way to a better one; `peerDisconnected` follows. */
  peerEvicted: { readonly peerId: PeerId; readonly reason: string; readonly initiatedBy: 'local' | 'remote' };
  /** The set of connected peers has changed; the getters show it. */
  peersUpdated: { readonly peers: readonly PeerId[] };
  messageReceived: ReceivedMessage;
  /** A peer would send a file: take it or leave it. */
  fileOffered: FileOffer;
  /** A peer writes to us: read it. */
  streamOpened: OpenedStream;
  /** The receiver's application has the direct message. */
  messageDelivered: {
    readonly messageId: MessageId;
    readonly peerId: PeerId;
    readonly hops: number;
    readonly roundTripMs: Millis;
    /** `messageFailed` was said before: the acknowledgement is late. */
    readonly late: boolean;
  };
  /**
   * Broadcasts `fromSeq` to `toSeq` of one run of a peer (`epoch`: when it started) were missed, and nobody near has them any
   * more. Told once.
   */
  messageGap: {
    readonly from: PeerId;
    readonly epoch: number;
    readonly fromSeq: number;
    readonly toSeq: number;
  };
  /** The value of a key of `dhtSubscribe` has changed, by whomever; once per change (S33). */
  dhtValueChanged: DhtValueChange;
  /** Of two values that were to replace the same one, in two halves of the mesh, the other one counts. */
  dhtConflict: DhtConflict;
  /** An own broadcast never left, for want of a link: it waited too long, or too many came after it. */
  messageUnsent: { readonly messageId: MessageId; readonly reason: 'expired' | 'overflow' };
  /** The direct message did not arrive, or nobody said that it did (S14). */
  messageFailed: { readonly messageId: MessageId; readonly peerId: PeerId; readonly reason: FailureReason };
};
