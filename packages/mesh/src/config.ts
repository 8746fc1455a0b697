import type { PeerId } from '@peerpigeon/core';
import type { Config as GossipConfig } from '@peerpigeon/gossip';
import type { Config as LinkConfig } from '@peerpigeon/link';
import type { Config as RoutingConfig } from '@peerpigeon/routing';
import type { Config as SessionConfig } from '@peerpigeon/signaling-protocol';
import type { Config as TopologyConfig } from '@peerpigeon/topology';

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
  /** Messages above this size travel on the bulk channel, so that no heartbeat waits for them. A guess: some packets. */
  controlLaneBytes: 4_096,
  /** How long a peer's record is good for. A day; records are renewed with each start. */
  recordLifetimeMs: 86_400_000,
} as const;

/** The reason that a peer gives to the others when it leaves the mesh, as opposed to closing one link. */
export const LEFT = 'left the mesh';
