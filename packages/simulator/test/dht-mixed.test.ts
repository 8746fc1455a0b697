import { keyId } from '@peerpigeon/dht';
import { sortByDistance } from '@peerpigeon/xor';
import { expect, test } from 'vitest';
import { createNetwork } from '../src/stack.js';
import { valueKey } from './dht-mesh.js';
import type { DhtPeer } from './dht-mesh.js';

test('S36: half of the peers have no dht, and those that do find each other’s values past them', () => {
  const network = createNetwork({ seed: 3, liveness: 'modelled' });
  for (let i = 0; i < 60; i++) {
    network.at(i * 100, () => network.join({ settings: { maxPeers: 4 }, ...(i % 2 === 0 && { dht: {} }) }));
  }
  network.run(60_000);
  const nodes = network.up.filter((peer): peer is DhtPeer => peer.dht !== undefined);
  expect(nodes).toHaveLength(30);
  const keys = Array.from({ length: 30 }, (_, i) => valueKey(`key ${i}`));
  const stored: unknown[] = [];
  keys.forEach((key, i) => nodes[i]?.dht.put(key, Uint8Array.of(i), (outcome) => stored.push(outcome?.type)));
  network.run(10_000);
  expect(stored).toEqual(keys.map(() => 'stored'));
  for (const key of keys) {
    const holders = nodes.filter(({ dht }) => dht.held(key).length > 0).map(({ id }) => id);
    const nearest = sortByDistance(
      keyId(key),
      nodes.map(({ id }) => id),
    ).slice(0, 8);
    expect(new Set(holders)).toEqual(new Set(nearest));
  }
  const found: unknown[] = [];
  keys.forEach((key, i) =>
    nodes[(i + 11) % 30]?.dht.get(key, (outcome) =>
      found.push(outcome?.type === 'found' && outcome.records[0]?.value[0]),
    ),
  );
  network.run(10_000);
  expect([...found].sort((a, b) => Number(a) - Number(b))).toEqual(keys.map((_, i) => i));
});
