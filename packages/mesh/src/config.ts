import type { PeerId } from '@peerpigeon/core';
import type { Config as GossipConfig } from '@peerpigeon/gossip';
import type { Config as LinkConfig } from '@peerpigeon/link';
import type { Config as RoutingConfig } from '@peerpigeon/routing';
import type { Config as SessionConfig } from '@peerpigeon/signaling-protocol';
import type { Config as TopologyConfig } from '@peerpigeon/topology';
import type { Protocol } from './protocol.js';

/** What an application may change on a running mesh (README setters). */
export interface MeshSettings {
  /** Mesh links at most: 1 to 50, default 3, recommended 8. 1 makes pairs only, 2 only a ring. */
  readonly maxPeers: number;
  /** Mesh links worked for: 0 to 49 and at most `maxPeers`, default 2. */
  readonly minPeers: number;
  /** Dial on its own, default true. */
  readonly autoDiscovery: boolean;
  /** Drop a link for a nearer newcomer at capacity, default true. */
  readonly evictionStrategy: boolean;
  /** Prefer XOR-near peers, default true; else a random policy. */
  readonly xorRouting: boolean;
}

/** Who this mesh is and how its machines are tuned; what is not given has the default of its machine. */
export interface Config {
  readonly peerId: PeerId;
  /** The raw Ed25519 public key the id derives from; absent for a custom id. */
  readonly publicKey?: Uint8Array;
  /** Messages and peers of another network are never seen; default `global`. */
  readonly network: string;
  /** Wall clock (ms) at which this run started. */
  readonly epoch: number;
  readonly settings: MeshSettings;
  readonly session?: Partial<SessionConfig>;
  readonly topology?: Partial<TopologyConfig>;
  readonly gossip?: Partial<GossipConfig>;
  readonly routing?: Partial<RoutingConfig>;
  readonly link?: Partial<LinkConfig>;
  /** How long a peer whose link lost its path is shown as connected while it is dialled anew, in ms; 0: not at all. */
  readonly comebackMs?: number;
  /** Protocols that a build may hold or not; default none. */
  readonly protocols?: readonly Protocol[];
}

/** README defaults (S170). */
export const DEFAULT_SETTINGS: MeshSettings = {
  maxPeers: 3,
  minPeers: 2,
  autoDiscovery: true,
  evictionStrategy: true,
  xorRouting: true,
};

/** The network of a mesh that names none. */
export const DEFAULT_NETWORK = 'global';

/** Bounds of the mesh itself. */
export const LIMITS = {
  /** Protocol violations of one peer before its link is closed (S176). A guess. */
  violations: 32,
  /** Frames kept that overtook the hello on the second data channel. A guess: a burst of one round trip. */
  earlyFrames: 16,
  /**
   * Content up to this size is small: it goes before larger content, and travels on the control channel, as what follows it
   * must not come before it. A guess: some packets.
   */
  smallBytes: 4_096,
  /** Datagrams that wait for a busy link, in bytes; the oldest goes. A guess: a second of 60 positions a second of 500 bytes. */
  datagramBytes: 32_768,
  /** Signals under way over the mesh, to one peer: a description and its late candidates. A guess. */
  signalsPerPeer: 32,
  /** And in all: several attempts at once, within what routing keeps for its own messages. A guess. */
  signals: 256,
  /** Sessions that ended lately, remembered so that a late copy of a request begins nothing. A guess: some attempts a second. */
  endedSessions: 128,
  /** How long they are. Routing sends a signal again for 10 s at most. */
  endedSessionsMs: 15_000,
  /** How long a peer whose link lost its path is shown while it is dialled anew: a handshake over the mesh, twice. A guess. */
  comebackMs: 10_000,
  /** A ring that is open for longer is no longer only in repair. The design's bound after kills of 30 to 80 %. */
  suspectPartitionMs: 15_000,
  /** How long a peer's record is good for. A day; records are renewed with each start. */
  recordLifetimeMs: 86_400_000,
} as const;

/** How long signals are waited for. */
export const PATIENCE = {
  /** A word after a request over the server, which is near: two messages through it take a fifth of this. Prototype: 1.5 s. */
  serverMs: 2_000,
  /** A word after a request over the mesh, and so much more for each link crossed, up to a bound. The prototype's figures. */
  meshMs: 1_000,
  meshMsPerHop: 120,
  maxMeshMs: 4_000,
  /**
   * Routing's acknowledgement, before the server carries the signal too: so much, and `meshMsPerHop` for each link crossed,
   * where the route is known. Twice the slowest round trip of the simulator's two links; a dead peer costs a slot meanwhile.
   */
  ackMs: 400,
  /** Longest such wait, and the one where nobody knows how far it is. Ours: 12 links there and back. */
  maxAckMs: 1_500,
  /** Links a signal crosses at most where the server carries it after that wait: so far it gets meanwhile, and a little more. */
  mostHops: 28,
  /** And where the mesh alone carries it, one of many that would do. A guess: most ways among 1,000 peers at maxPeers 3. */
  spareHops: 64,
  /** And then a word over the server, which was to be asked only if the peer is likely to be gone. Prototype: 1.5 s. */
  rescueMs: 1_500,
} as const;

/** The reason that a peer gives to the others when it leaves the mesh, as opposed to closing one link. */
export const LEFT = 'left the mesh';
