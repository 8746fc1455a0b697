import type { PeerRecord } from '@peerpigeon/identity';
import type { RedirectReason } from './signal.js';

/** What the mesh learns of a link. The last one is `redirected` or `closed`, and there is exactly one of the two. */
export type Event =
  /** The other side asks for the link: answer with `grant` or `refuse`. `record` is absent from a client that sends none. */
  | {
      readonly type: 'requested';
      readonly purpose: string;
      readonly isolated: boolean;
      readonly record: PeerRecord | undefined;
    }
  /** Messages may flow. */
  | {
      readonly type: 'ready';
      /** The peer as it describes itself. */
      readonly record: PeerRecord;
      /** The largest frame that both ends take. */
      readonly maxFrameBytes: number;
      /** The protocol version that both ends speak. */
      readonly version: number;
    }
  /** Nothing was heard for `suspectAfterMs`: route around it, keep it. */
  | { readonly type: 'degraded' }
  /** Another path is looked for. */
  | { readonly type: 'reconnecting' }
  /** A degraded link was heard of again. */
  | { readonly type: 'recovered' }
  /** Our request was refused. Final. */
  | {
      readonly type: 'redirected';
      readonly reason: RedirectReason;
      readonly peers: readonly PeerRecord[];
      readonly retryAfterMs: number | undefined;
    }
  /** The link, or the attempt at one, is over. Final. */
  | {
      readonly type: 'closed';
      /** A {@link CloseReason}, or what the application or the other side gave as a reason. */
      readonly reason: string;
      /** Whether it had been ready. */
      readonly wasReady: boolean;
      /** Who ended it; `network` when nobody did. */
      readonly initiator: 'local' | 'remote' | 'network';
    };

/** Why a link ends by itself. */
export type CloseReason =
  /** Nobody answered the request (or the mesh never answered `requested`). */
  | 'request-timeout'
  /** Agreed upon, but no path was found in time. */
  | 'negotiation-timeout'
  /** A path, but no hello over it. */
  | 'hello-timeout'
  /** Nothing was heard for `deadAfterMs`. */
  | 'timeout'
  /** The other side lives, and no path to it was found any more. */
  | 'path-lost'
  /** The platform lost the path, or the other side closed it without a goodbye. */
  | 'transport-closed'
  /** The platform refused a command. */
  | 'transport-failed'
  /** We did not grant the request. */
  | 'refused'
  /** The first thing heard belongs to an attempt that is over. */
  | 'stale'
  /** The other side asks for a new link and is silent on this one. */
  | 'replaced'
  /** The hello or the request shows that this link must not be. */
  | HelloFault;

/** Why a hello is not accepted. */
export type HelloFault =
  /** No common protocol version. */
  | 'version-mismatch'
  /** Another network. */
  | 'network-mismatch'
  /** Not the peer that was dialled, or a key that does not belong to its id. */
  | 'wrong-peer'
  /** Takes only frames smaller than every peer must take. */
  | 'frame-size';
