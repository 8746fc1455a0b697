import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { Config, Event, Frame, MeshSettings } from '@peerpigeon/mesh';
import type { DhtOptions } from './dht-node.js';
import type { FaultOptions } from './faults.js';
import type { Liveness } from './liveness.js';
import type { Observer } from './observer.js';
import type { MeshMachine, TimerThrottle } from './peer.js';
import type { ReachabilityOptions } from './reachability.js';

/** The machines and the codec that a network runs. */
export interface Stack {
  createMesh(config: Config, rng: Rng): MeshMachine;
  encodeFrame(frame: Frame): Uint8Array;
  /** @throws {DecodeError} */
  decodeFrame(bytes: Uint8Array): Frame;
}

/** What a network is like. */
export interface NetworkOptions extends FaultOptions, ReachabilityOptions {
  /** Everything random follows from it; default 1. */
  readonly seed?: number;
  /** Range of the one-way latency of a pair, in ms; default [10, 100]. */
  readonly latencyMs?: readonly [Millis, Millis];
  /** Range of what opening a link takes beyond its round trips, in ms; default [50, 200]. */
  readonly handshakeMs?: readonly [Millis, Millis];
  /** Trickled candidates per end of a link; default 1. */
  readonly candidatesPerEnd?: number;
  /**
   * What each peer's access line carries, in kilobits a second, up and down apart, shared by all its links; default Infinity.
   * What it sends to the signaling server is not counted.
   */
  readonly bandwidthKbps?: number;
  /** Each peer's wall clock is off by U(−`clockSkewMs`, `clockSkewMs`), by a hash of the seed and its id; default 0. */
  readonly clockSkewMs?: Millis;
  /** Encode and decode every frame and signaling message instead of passing references; default false. */
  readonly wire?: boolean;
  /** How peers notice deaths; default `full`. */
  readonly liveness?: Liveness;
  /** Watches without touching. */
  readonly observer?: Observer;
}

/** How a peer joins. */
export interface JoinOptions {
  /** Default: drawn from the seed. */
  readonly id?: PeerId;
  /** Default: the mesh's own defaults. */
  readonly settings?: Partial<MeshSettings>;
  /** Overrides for single machines of this peer. */
  readonly config?: Partial<Pick<Config, 'session' | 'topology' | 'gossip' | 'routing' | 'link' | 'protocols'>>;
  /** With a dht (`peer.dht`), which may be tuned; `{}`: as it comes. Default: without. */
  readonly dht?: DhtOptions;
  /** What its access line carries; default: the network's `bandwidthKbps`. */
  readonly bandwidthKbps?: number;
  /** How browsers treat its timers; default `prompt`. */
  readonly timers?: TimerThrottle;
  /** How much its wall clock is ahead, in ms; default: drawn as the network's `clockSkewMs` says. */
  readonly skewMs?: Millis;
  /** Called with every event of the peer. */
  readonly onEvent?: (event: Event, now: Millis) => void;
  /** Called with what its optional protocols (`config.protocols`) ask of their interpreter. */
  readonly onProtocol?: (name: string, output: { readonly type: string }, now: Millis) => void;
}
