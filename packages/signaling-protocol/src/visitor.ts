import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { ConnectionId } from './hub-io.js';
import type { Network } from './hub-network.js';
import type { ClientMessage, SignalKind } from './message.js';
import type { Epoch, NodeId, Stranger } from './node-io.js';
import type { Census } from './roster.js';

/** An announce, as the hub reads it. */
export type Announce = Extract<ClientMessage, { type: 'announce' }>;

/** What one peer sends to another. */
export type SignalMessage = Extract<ClientMessage, { type: SignalKind }>;

/** Its answer says that whatever came before has been answered. */
export type Ping = Extract<ClientMessage, { type: 'ping' }>;

/** A discoverable peer. */
export interface Announcement {
  record: PeerRecord;
  readonly announcedAt: Millis;
  /** Whether it speaks this protocol; a README client does not. */
  readonly isOurs: boolean;
  /** Who was told of it, or it was given to: the latest, to be told when it leaves. */
  readonly knownBy: Set<PeerId>;
}

/** How a connection stands with the id it came with. */
export type Standing =
  /** Another connection holds the id and is being probed, or the index is being asked; its last announce waits with it. */
  | { readonly name: 'waiting'; readonly announce: Announce | undefined; readonly contest?: Contest }
  /** It holds the id and may signal. */
  | { readonly name: 'connected' }
  /** And others may find it. */
  | { readonly name: 'announced'; readonly announcement: Announcement }
  /** It said goodbye: it holds the id until it closes, but nothing reaches it. */
  | { readonly name: 'left' };

/** A claim to an id that a connection of another node holds. That node gives its verdict by `until`, or is as good as gone. */
export interface Contest {
  readonly node: NodeId;
  readonly epoch: Epoch;
  readonly until: Millis;
  /** Who knows of the peer, as the former holder's node has said when it yielded. */
  readonly knownBy?: readonly PeerId[];
}

/** A question whether a connection lives, on its way. Any sign of life answers it; at `until` the connection is dead. */
export interface Probe {
  readonly until: Millis;
  /** Who sent signals meanwhile: the latest, to be told if they were in vain. Keyed so that each counts once. */
  readonly senders: Map<string, Sender>;
  /** Whose answers wait for this one. */
  readonly inquiries: Set<Inquiry>;
  /** The same on other nodes. */
  readonly strangers: Map<string, Stranger>;
}

/** A connection of this node, or of another. */
export type Sender = { readonly node?: NodeId; readonly connection: ConnectionId };

/** What is known of the life of a peer on another node: asked, heard of, or not heard of in time. */
export type Remote = 'asked' | 'alive' | 'silent';

/** An announce with losses, whose answer waits for signs of life. */
export interface Inquiry {
  readonly asker: Visitor;
  /** The asker's latest, and whom its answer may name. */
  announce: Announce;
  census: Census;
  /** The answer is given then at the latest, as soon as nobody is awaited any more at the soonest. */
  until: Millis;
  /** From then on nobody else is asked. */
  readonly endsAt: Millis;
  /** Members drawn uniformly, of whom the answer names those alive. */
  readonly drawn: Set<PeerId>;
  /** The probes of this round that it waits for; peers of other nodes by their ids. */
  readonly awaited: Set<Probe | PeerId>;
  /** Peers of other nodes that were asked. */
  readonly remotes: Map<PeerId, Remote>;
}

/** One connection. */
export interface Visitor {
  readonly connection: ConnectionId;
  readonly peerId: PeerId;
  network: Network;
  standing: Standing;
  /** Of its claim to the id among several nodes; 0 before, and where the hub is alone. */
  epoch: Epoch;
  /** When it was accepted; undefined before. */
  connectedAt: Millis | undefined;
  /** Who presents it takes this connection over. */
  resume: string | undefined;
  lastHeardAt: Millis;
  malformed: number;
  /** Announces that wait for what the index finds. */
  lookups: number;
  /** What it said meanwhile, or while the index was asked for its id, and what is to be heard in its turn. Undefined: nothing. */
  early: (SignalMessage | Ping)[] | undefined;
  /** The one probe under way to it. */
  probe: Probe | undefined;
  /** The one answer it waits for. */
  inquiry: Inquiry | undefined;
}
