import { keyId } from '@peerpigeon/dht';
import type { Key, Outcome } from '@peerpigeon/dht';
import type { DhtNode, DhtOptions } from '../src/dht-node.js';
import { trueHolders } from '../src/dht-oracle.js';
import type { Network } from '../src/network.js';
import type { SimulatedPeer } from '../src/peer.js';
import { createNetwork } from '../src/stack.js';

/** A key of a value. */
export const valueKey = (name: string): Key => ({ space: 'value', name });

/** A peer of such a mesh. */
export type DhtPeer = SimulatedPeer & { readonly dht: DhtNode };

/** A settled mesh, every peer of which has a dht. */
export class DhtMesh {
  readonly network: Network;
  private readonly dht: DhtOptions;

  constructor(count: number, seed: number, dht: DhtOptions = {}) {
    this.dht = dht;
    this.network = createNetwork({ seed, liveness: 'modelled' });
    for (let i = 0; i < count; i++) this.network.at(i * 100, () => this.join());
    this.network.run(count * 100 + 30_000);
  }

  get up(): DhtPeer[] {
    return this.network.up as DhtPeer[];
  }

  /** @param id of the peer; else it is drawn */
  join(id?: string): DhtPeer {
    return this.network.join({
      ...(id === undefined ? {} : { id }),
      settings: { maxPeers: 4 },
      dht: this.dht,
    }) as DhtPeer;
  }

  /** Ids of the peers that have records of a key, sorted. */
  holders(key: Key): string[] {
    return this.up.flatMap(({ id, dht }) => (dht.held(key).length > 0 ? [id] : [])).sort();
  }

  /** Ids of the eight peers that should, sorted. */
  nearest(key: Key): string[] {
    const ids = this.up.map(({ id }) => id);
    return trueHolders(key, ids, 8).sort();
  }

  /** Somebody who does not hold a key. */
  stranger(key: Key): DhtPeer {
    return this.up.find(({ dht }) => dht.held(key).length === 0) as DhtPeer;
  }

  put(peer: DhtPeer, key: Key, value: number): Outcome | undefined {
    let outcome: Outcome | undefined;
    peer.dht.put(key, Uint8Array.of(value), (one) => (outcome = one), { ttlMs: 3_600_000 });
    this.network.run(10_000);
    return outcome;
  }

  /** The value's one byte; null: there is none; else how it failed. */
  get(peer: DhtPeer, key: Key): number | null | string {
    let outcome: Outcome | undefined;
    peer.dht.get(key, (one) => (outcome = one));
    this.network.run(21_000);
    if (outcome?.type !== 'found') return JSON.stringify(outcome);
    return outcome.records[0]?.value[0] ?? null;
  }

  /** An id that differs from that of a key in its last digits: nearer to it than any that is drawn. */
  static near(key: Key, digit: number): string {
    return keyId(key).slice(0, -2) + digit.toString(16).padStart(2, '0');
  }
}
