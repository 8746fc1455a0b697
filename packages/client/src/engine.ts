import { peerIdFromPublicKey } from '@peerpigeon/identity';
import { DEFAULT_NETWORK, Mesh, type Event, type MeshSettings, type Ports } from '@peerpigeon/mesh';
import type { PeerId } from '@peerpigeon/core';
import type { Output as DhtOutput } from '@peerpigeon/dht';
import type { Output as TransferOutput } from '@peerpigeon/transfer';
import type { DhtHost, DhtNode } from './dht/dht-node.js';
import type { RtcWarning } from './adapters/web-rtc.js';
import { hostPorts } from './host-ports.js';
import type { Logger } from './logger.js';
import type { MeshOptions } from './options.js';
import { Runtime } from './runtime.js';
import type { TransferHost, Transfers } from './transfer/transfers.js';

/** Largest direct message unless told otherwise: what a tab decodes at once. A guess. */
const MAX_MESSAGE_BYTES = 16_777_216;

/** A mesh with its ports and what runs it on them: what `init()` makes. */
export interface Engine {
  readonly peerId: PeerId;
  readonly network: string;
  readonly mesh: Mesh;
  readonly ports: Ports;
  readonly runtime: Runtime;
  /** Files, streams and large messages; absent with `transfer: false`. */
  readonly transfers: Transfers | undefined;
  /** Absent with `enableWebDHT: false`. */
  readonly dht: DhtNode | undefined;
}

/** What an {@link Engine} is made of besides the options. */
export interface EngineParts {
  /** The id that the options ask for. */
  readonly peerId: PeerId | undefined;
  readonly settings: () => MeshSettings;
  readonly logger: Logger;
  readonly onEvent: (event: Event) => void;
  /** Shows the application what a peer would send; false when nobody listens. */
  readonly show: Pick<TransferHost, 'fileOffered' | 'streamOpened'>;
  /** Tells the application of values in the mesh. */
  readonly tell: Pick<DhtHost, 'changed' | 'conflicted'>;
  /** Trouble with the host's links. */
  readonly onWarning: (warning: RtcWarning) => void;
  /** `message` names what failed, where that is no bug of ours. */
  readonly onError: (error: unknown, message?: string) => void;
}

/**
 * Finds the ports, draws a key unless the id is given, and composes the mesh.
 * @throws {PeerPigeonError} `UNSUPPORTED`, naming what the host lacks
 */
export async function makeEngine(options: MeshOptions, parts: EngineParts): Promise<Engine> {
  const { logger, onEvent, onError } = parts;
  const ports = await hostPorts(options, parts.onWarning);
  const publicKey = parts.peerId === undefined ? (await ports.crypto.generateKey()).publicKey : undefined;
  const peerId = parts.peerId ?? peerIdFromPublicKey(publicKey as Uint8Array);
  const network = options.networkName ?? DEFAULT_NETWORK;
  const epoch = Math.floor(ports.clock.wall());
  const { maxExtraPeers, historyMs, order, reconnectGraceMs: comebackMs } = options;
  const topology = maxExtraPeers === undefined ? {} : { maxExtraPeers };
  const gossip = { ...(historyMs !== undefined && { historyMaxAgeMs: historyMs }), ...(order && { order }) };
  const transfers = await loadTransfers(options, {
    ...parts.show,
    peerId,
    network,
    rng: ports.rng,
    feed: (input) => runtime.feed({ type: 'protocol', name: 'transfer', input }),
    tell: onEvent,
    onError,
    wall: () => ports.clock.wall(),
  });
  const dht = await loadDht(options, {
    ...parts.tell,
    peerId,
    network,
    rng: ports.rng,
    clock: ports.clock,
    feed: (input) => runtime.feed({ type: 'protocol', name: 'dht', input }),
    warn: (message) => logger.warn(message),
    onError: (message, error) => onError(error, message),
  });
  const protocols = [transfers, dht].flatMap((part) => part?.protocol ?? []);
  const settings = parts.settings();
  const identity = { peerId, publicKey, network, epoch };
  const grace = comebackMs === undefined ? {} : { comebackMs };
  const mesh = new Mesh({ ...identity, settings, topology, gossip, protocols, ...grace }, ports.rng);
  const onProtocol = ({ name, output }: { readonly name: string; readonly output: object }): void =>
    name === 'dht' ? dht?.perform(output as DhtOutput) : transfers?.perform(output as TransferOutput);
  const runtime = new Runtime({ machine: mesh, peerId, ports, logger, onEvent, onProtocol, onError });
  await dht?.restore();
  return { peerId, network, mesh, ports, runtime, transfers, dht };
}

/** What moves much is loaded apart, so that the first load of a page is small. */
async function loadTransfers(
  { transfer = true, maxMessageBytes = MAX_MESSAGE_BYTES }: MeshOptions,
  host: TransferHost,
): Promise<Transfers | undefined> {
  if (!transfer) return undefined;
  const { Transfers } = await import('./transfer/transfers.js');
  return new Transfers(host, maxMessageBytes);
}

async function loadDht({ enableWebDHT = true, storage }: MeshOptions, host: DhtHost): Promise<DhtNode | undefined> {
  if (!enableWebDHT) return undefined;
  const { DhtNode } = await import('./dht/dht-node.js');
  return DhtNode.create(host, storage);
}
