import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';

/**
 * What a server relays from one peer to another without looking inside: the README's three, and `signal` (an extension),
 * which carries everything else that two peers say before they have a link.
 */
export type SignalKind = 'offer' | 'answer' | 'ice-candidate' | 'signal';

/** From a client to a server. On the wire each is an envelope: see `encodeClientMessage`. */
export type ClientMessage =
  /** Become discoverable, and ask for peers. Repeating it is harmless, and how one asks for peers again (S120). */
  | {
      readonly type: 'announce';
      /** The sender; it must be the id of the connection. */
      readonly peerId?: PeerId;
      /** The mesh to join; absent: stay in the connection's, `global` by default. */
      readonly network?: string;
      /** The version of the protocol; absent from a README client, which then gets peers one by one. */
      readonly protocol?: number;
      /** What others are told of the sender; absent from a README client. */
      readonly record?: PeerRecord;
      /** How many links the sender would like to make besides those to its neighbours; absent: none. */
      readonly seeking?: number;
      /** Peers that fell silent to the sender, at most 32: asked for a sign of life, and given to nobody before. */
      readonly lost?: readonly PeerId[];
      /** How many uniformly drawn members the sender wants, at most 8; absent: as many as the server gives everybody. */
      readonly sample?: number;
      /** The token of a former connection with this id, which is taken over at once if it is still there. */
      readonly resume?: string;
    }
  /** Stop being discoverable; the peers concerned are told (S121). */
  | { readonly type: 'goodbye' }
  /** Relayed to `to`. `data` is any JSON value; whoever receives it checks it (S122–S124). */
  | { readonly type: SignalKind; readonly to: PeerId; readonly data: unknown }
  /** From the README; accepted, does nothing (S125). */
  | { readonly type: 'cleanup' }
  /** Answered by `pong` (S126). */
  | { readonly type: 'ping' };

/** From a server to a client. On the wire each is an envelope: see `encodeServerMessage`. */
export type ServerMessage =
  /** The connection is accepted. All but the type may be absent from other servers. */
  | {
      readonly type: 'connected';
      readonly peerId?: PeerId;
      readonly protocol?: number;
      /** A client silent for so long is cut off. */
      readonly peerTimeoutMs?: Millis;
      /** Larger messages close the connection. */
      readonly maxMessageBytes?: number;
      /** With it a later connection takes this one over; it ends with this one. */
      readonly resume?: string;
    }
  /** The answer to an announce with `protocol`: ring neighbours, XOR-nearest and random members, each once. */
  | {
      readonly type: 'peers';
      readonly peers: readonly PeerRecord[];
      /** Of members that seek links too: at most as many as the announce seeks. */
      readonly seeking?: readonly PeerRecord[];
    }
  /** A peer has come near; README clients learn so of those already there, too. */
  | { readonly type: 'peer-discovered'; readonly peerId: PeerId; readonly record?: PeerRecord }
  /** A peer that this one was told of, or its ring neighbour, left. */
  | { readonly type: 'peer-disconnected'; readonly peerId: PeerId }
  /** Relayed. `from` is set by the server, whatever the sender wrote (S119). */
  | { readonly type: SignalKind; readonly from: PeerId; readonly data: unknown }
  | { readonly type: 'pong' }
  /** The server stops soon: come back `afterMs` from now, here or at another address of the deployment. */
  | { readonly type: 'drain'; readonly afterMs?: Millis }
  /** The server could not do what was asked. `code` is a {@link ServerErrorCode}, or one of a later version. */
  | {
      readonly type: 'error';
      readonly code: string;
      readonly message: string;
      readonly targetPeerId?: PeerId;
      /** When what was refused is worth another try, from now. */
      readonly retryAfterMs?: Millis;
    };

/** A message of this protocol, in either direction. */
export type Message = ClientMessage | ServerMessage;

/** What a server complains of. */
export type ServerErrorCode =
  /** Not JSON, not this protocol, or over a limit. */
  | 'MALFORMED'
  /** `targetPeerId` is not connected to this network. */
  | 'TARGET_ABSENT'
  /** An announce, or its record, names another id than the connection's. */
  | 'ID_MISMATCH'
  /** An announced peer cannot move to another network. */
  | 'NETWORK_FIXED'
  /** More messages, or connections of one address, than the server takes; this one is dropped. Who goes on is cut off. */
  | 'RATE_LIMITED';

/** The kinds that are relayed. */
export const SIGNAL_KINDS: readonly SignalKind[] = ['offer', 'answer', 'ice-candidate', 'signal'];

/** Whether a message is one that travels from peer to peer. */
export function isSignal<M extends Message>(message: M): message is Extract<M, { readonly type: SignalKind }> {
  return (SIGNAL_KINDS as readonly string[]).includes(message.type);
}

/**
 * The record of a peer that gave none, as a README client does: the README's default of 3 links, older than any record
 * the peer may give later, and good for as long as the peer is there.
 */
export function bareRecord(id: PeerId): PeerRecord {
  return { id, epoch: 0, caps: { maxPeers: 3 }, expires: Number.MAX_SAFE_INTEGER };
}
