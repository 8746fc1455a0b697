import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { Config, Event, Frame, MeshSettings } from '@peerpigeon/mesh';
import type { Liveness } from './liveness.js';
import type { Observer } from './observer.js';
import type { MeshMachine } from './peer.js';

/** The machines and the codec that a network runs. */
export interface Stack {
  createMesh(config: Config, rng: Rng): MeshMachine;
  encodeFrame(frame: Frame): Uint8Array;
  /** @throws {DecodeError} */
  decodeFrame(bytes: Uint8Array): Frame;
}

/** What a network is like. */
export interface NetworkOptions {
  /** Everything random follows from it; default 1. */
  readonly seed?: number;
  /** Range of the one-way latency of a pair, in ms; default [10, 100]. */
  readonly latencyMs?: readonly [Millis, Millis];
  /** Range of what opening a link takes beyond its round trips, in ms; default [50, 200]. */
  readonly handshakeMs?: readonly [Millis, Millis];
  /** Trickled candidates per end of a link; default 1. */
  readonly candidatesPerEnd?: number;
  /** Share of loss in [0, 1]: signaling messages vanish with it, links reset with a hundredth of it; default 0. */
  readonly loss?: number;
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
  readonly config?: Partial<Pick<Config, 'session' | 'topology' | 'gossip' | 'routing' | 'link'>>;
  /** Called with every event of the peer. */
  readonly onEvent?: (event: Event, now: Millis) => void;
}
