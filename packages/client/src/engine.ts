import { peerIdFromPublicKey } from '@peerpigeon/identity';
import { DEFAULT_NETWORK, Mesh, type Event, type MeshSettings, type Ports } from '@peerpigeon/mesh';
import type { PeerId } from '@peerpigeon/core';
import { hostPorts } from './host-ports.js';
import type { Logger } from './logger.js';
import type { MeshOptions } from './options.js';
import { Runtime } from './runtime.js';

/** A mesh with its ports and what runs it on them: what `init()` makes. */
export interface Engine {
  readonly peerId: PeerId;
  readonly network: string;
  readonly mesh: Mesh;
  readonly ports: Ports;
  readonly runtime: Runtime;
}

/** What an {@link Engine} is made of besides the options. */
export interface EngineParts {
  /** The id that the options ask for. */
  readonly peerId: PeerId | undefined;
  readonly settings: () => MeshSettings;
  readonly logger: Logger;
  readonly onEvent: (event: Event) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Finds the ports, draws a key unless the id is given, and composes the mesh.
 * @throws {PeerPigeonError} `UNSUPPORTED`, naming what the host lacks
 */
export async function makeEngine(options: MeshOptions, parts: EngineParts): Promise<Engine> {
  const { logger, onEvent, onError } = parts;
  const ports = await hostPorts(options);
  const publicKey = parts.peerId === undefined ? (await ports.crypto.generateKey()).publicKey : undefined;
  const peerId = parts.peerId ?? peerIdFromPublicKey(publicKey as Uint8Array);
  const network = options.networkName ?? DEFAULT_NETWORK;
  const epoch = Math.floor(ports.clock.wall());
  const { maxExtraPeers, historyMs } = options;
  const topology = maxExtraPeers === undefined ? {} : { maxExtraPeers };
  const gossip = historyMs === undefined ? {} : { historyMaxAgeMs: historyMs };
  const mesh = new Mesh({ peerId, publicKey, network, epoch, settings: parts.settings(), topology, gossip }, ports.rng);
  return {
    peerId,
    network,
    mesh,
    ports,
    runtime: new Runtime({ machine: mesh, peerId, ports, logger, onEvent, onError }),
  };
}
