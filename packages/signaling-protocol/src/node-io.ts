import type { PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { ConnectionId } from './hub-io.js';
import type { ServerMessage } from './message.js';
import type { Announce } from './visitor.js';

// What several hubs that serve the same networks, each on a node of its own, say to the index that they share, and through
// it to each other. `Registry` is that index within one process.

/** The name of one node: 1 to 64 letters, digits, `-` or `_`. */
export type NodeId = string;

/** Which holder of an id is meant: later holders of the same id have larger ones. Never 0. */
export type Epoch = number;

/** A connection of another node. */
export interface Stranger {
  readonly node: NodeId;
  readonly connection: ConnectionId;
}

/** A discoverable peer, as the index has it. */
export interface Member {
  readonly record: PeerRecord;
  /** Whether it speaks this protocol; a README client does not. */
  readonly isOurs: boolean;
}

/** Whom an announce asks the index for. */
export interface Search {
  /** So many ring neighbours on each side, … */
  readonly around: number;
  /** … XOR-nearest members … */
  readonly nearest: number;
  /** … and uniformly drawn ones, each list exact for itself. */
  readonly random: number;
  /** How many links the announcing peer seeks: given as many members at most that seek links, too. */
  readonly seeking: number;
  /** Members wanted besides, as far as they are there, and ids of which it is asked whether they are held. */
  readonly also: readonly PeerId[];
}

/** An announce that waits for what the index finds; comes back as it was given. */
export interface Ticket {
  readonly connection: ConnectionId;
  readonly announce: Announce;
  /** Whether its neighbours are to be told of it. */
  readonly isNews: boolean;
}

/** What a hub asks of the index. Carried out in this order, seen from one hub. */
export type NodeOutput =
  /**
   * Give this node the id, unless another holds it. Of a holder whose node is gone, of one of this node, and of the one with
   * the epoch `over` it is taken away. Answered by `claimed` or `held`.
   */
  | {
      readonly type: 'claim';
      readonly connection: ConnectionId;
      readonly network: string;
      readonly peerId: PeerId;
      readonly over?: Epoch;
    }
  /** Make the holder discoverable, and find others. Answered by `found`; when it is not the holder any more by `superseded` and an empty `found`. */
  | {
      readonly type: 'announce';
      readonly network: string;
      readonly peerId: PeerId;
      readonly epoch: Epoch;
      readonly member: Member;
      readonly search: Search;
      readonly ticket: Ticket;
    }
  /**
   * Make the holder undiscoverable, and free the id unless it `stays`. Those of its predecessor, its successor and `knownBy`
   * that are discoverable, less those `told` already, get `peer-disconnected`. A no-op when it is not the holder any more.
   */
  | {
      readonly type: 'depart';
      readonly network: string;
      readonly peerId: PeerId;
      readonly epoch: Epoch;
      readonly stays: boolean;
      readonly knownBy: readonly PeerId[];
      readonly told: readonly PeerId[];
    }
  /**
   * Deliver to whatever nodes hold the ids `to`. With a `sender`, answered by `absent` for each that nobody holds. Messages from
   * one node to one id arrive in order.
   */
  | {
      readonly type: 'forward';
      readonly network: string;
      readonly to: readonly PeerId[];
      readonly message: NodeMessage;
      readonly sender?: ConnectionId;
    }
  /** Deliver to a node; lost if it is gone. */
  | { readonly type: 'post'; readonly node: NodeId; readonly message: NodeMessage };

/** What the index tells a hub. */
export type NodeInput =
  /** The id is this node's; `former` was discoverable under it until now. */
  | {
      readonly type: 'claimed';
      readonly connection: ConnectionId;
      readonly network: string;
      readonly peerId: PeerId;
      readonly epoch: Epoch;
      readonly former?: Member;
    }
  /** Another node holds the id. */
  | {
      readonly type: 'held';
      readonly connection: ConnectionId;
      readonly network: string;
      readonly node: NodeId;
      readonly epoch: Epoch;
    }
  /** `members` are all that were found, each once; `drawn` and `seeking` name some of them. `held` are those of `also` that are. */
  | {
      readonly type: 'found';
      readonly ticket: Ticket;
      readonly members: readonly Member[];
      readonly drawn: readonly PeerId[];
      readonly seeking: readonly PeerId[];
      readonly held: readonly PeerId[];
    }
  /** Nobody holds the id that `connection` sent a signal to. */
  | { readonly type: 'absent'; readonly connection: ConnectionId; readonly peerId: PeerId }
  /** Somebody else holds the id now that was held with this epoch, or a smaller one. */
  | { readonly type: 'superseded'; readonly network: string; readonly peerId: PeerId; readonly epoch: Epoch }
  /** From another hub; `network` and `to` are absent from what was posted. */
  | {
      readonly type: 'delivered';
      readonly from: NodeId;
      readonly network?: string;
      readonly to?: readonly PeerId[];
      readonly message: NodeMessage;
      readonly sender?: ConnectionId;
    };

/** What one hub says to another. */
export type NodeMessage =
  /** For the sockets of the peers named: a relayed signal, `peer-discovered` or `peer-disconnected`. */
  | { readonly type: 'write'; readonly message: ServerMessage }
  /** The peers named have become known to `by`, who is to be told when they leave. */
  | { readonly type: 'known'; readonly by: PeerId }
  /** Ask the peers named for signs of life; `connection` waits for them. */
  | { readonly type: 'verify'; readonly connection: ConnectionId }
  /** `peerIds` have shown life, or not. */
  | {
      readonly type: 'verified';
      readonly connection: ConnectionId;
      readonly peerIds: readonly PeerId[];
      readonly alive: boolean;
    }
  /** `connection` wants the id that you hold with `epoch`; with its `resume` token at once, else if its holder is dead. */
  | {
      readonly type: 'contest';
      readonly connection: ConnectionId;
      readonly network: string;
      readonly peerId: PeerId;
      readonly epoch: Epoch;
      readonly resume?: string;
    }
  /** The answer: its holder lives, or is not there any more, or has given it up; `knownBy` know of it. */
  | {
      readonly type: 'contested';
      readonly connection: ConnectionId;
      readonly network: string;
      readonly peerId: PeerId;
      readonly epoch: Epoch;
      readonly verdict: 'alive' | 'vacant' | 'yielded';
      readonly knownBy: readonly PeerId[];
    }
  /** What `connection` sent to `peerId` was in vain. */
  | { readonly type: 'absent'; readonly connection: ConnectionId; readonly peerId: PeerId };
