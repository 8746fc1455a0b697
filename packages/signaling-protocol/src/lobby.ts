import type { PeerId, Rng } from '@peerpigeon/core';
import type { HubConfig } from './config.js';
import type { ConnectionId, HubEvent } from './hub-io.js';
import { Network } from './hub-network.js';
import { type Outputs, absent } from './hub-output.js';
import type { NodeId } from './node-io.js';
import type { Sender, Visitor } from './visitor.js';

/** Who is connected to a hub, and where: what its parts share. */
export class Lobby {
  readonly config: HubConfig;
  readonly rng: Rng;
  /** The hub's name among several that serve the same networks; undefined: it is alone, and knows everybody itself. */
  readonly node: NodeId | undefined;
  readonly visitors = new Map<ConnectionId, Visitor>();
  readonly networks = new Map<string, Network>();

  constructor(config: HubConfig, rng: Rng, node: NodeId | undefined) {
    this.config = config;
    this.rng = rng;
    this.node = node;
  }

  get isAlone(): boolean {
    return this.node === undefined;
  }

  networkOf(name: string): Network {
    const network = this.networks.get(name) ?? new Network(name, this.config);
    this.networks.set(name, network);
    return network;
  }

  /** Who of this hub's visitors holds an id. */
  holder(network: string, peerId: PeerId): Visitor | undefined {
    return this.networks.get(network)?.holders.get(peerId);
  }

  /** Forgets a network that nobody is in. */
  tidy(network: Network): void {
    if (network.isEmpty) this.networks.delete(network.name);
  }

  /** Tells whoever sent a signal to `target` that it was in vain. */
  absent(sender: Sender, target: PeerId, out: Outputs): void {
    const { node, connection } = sender;
    if (node !== undefined) {
      out.push({ type: 'post', node, message: { type: 'absent', connection, peerId: target } });
      return;
    }
    const visitor = this.visitors.get(connection);
    if (visitor !== undefined) absent(visitor, target, out);
  }

  emit(type: Exclude<HubEvent['type'], 'peerMisbehaved'>, visitor: Visitor, out: Outputs): void {
    out.push({ type: 'event', event: { type, peerId: visitor.peerId, network: visitor.network.name } });
  }
}
