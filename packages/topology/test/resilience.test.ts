import { describe, expect, test } from 'vitest';
import type { PeerId } from '@peerpigeon/core';
import { TopologyNetwork } from './network.js';

type Graph = ReadonlyMap<PeerId, readonly PeerId[]>;

function settled(seed: number, peers: number, maxPeers: number): TopologyNetwork {
  const network = new TopologyNetwork(seed, { maxPeers });
  for (let i = 0; i < peers; i++) {
    network.join();
    network.run(100);
  }
  network.run(60_000);
  return network;
}

function graphOf({ peers }: TopologyNetwork): Graph {
  return new Map([...peers].map(([id, { neighbourhood }]) => [id, [...neighbourhood.links.keys()]]));
}

/** Links to each peer that is reached from `start` without `failed`. */
function distances(graph: Graph, start: PeerId, failed?: PeerId): number[] {
  const hops = new Map([[start, 0]]);
  for (const [at, distance] of hops) {
    for (const next of graph.get(at) ?? []) if (next !== failed && !hops.has(next)) hops.set(next, distance + 1);
  }
  return [...hops.values()];
}

function meanDistance(graph: Graph): number {
  const all = [...graph.keys()].flatMap((start) => distances(graph, start));
  return all.reduce((sum, hops) => sum + hops, 0) / (graph.size * (graph.size - 1));
}

describe('S111: one piece', () => {
  test.each([2, 3, 4, 8])('whoever of 40 peers fails at maxPeers %i, the others are still linked', (maxPeers) => {
    const graph = graphOf(settled(6, 40, maxPeers));
    const ids = [...graph.keys()];
    for (const failed of ids) {
      const start = ids.find((id) => id !== failed) as PeerId;
      expect(distances(graph, start, failed).length).toBe(39);
    }
  });

  test('four times as many peers are not twice as far from each other at maxPeers 3', () => {
    const means = [20, 80, 320].map((peers) => meanDistance(graphOf(settled(7, peers, 3))));
    for (const [i, mean] of means.slice(1).entries()) expect(mean / (means[i] as number)).toBeLessThan(2);
  });
});

describe('without the server', () => {
  test.each([3, 8])('after a third is killed at maxPeers %i every island is a right ring', (maxPeers) => {
    const network = settled(8, 60, maxPeers);
    network.serve(false);
    const ids = [...network.peers.keys()];
    for (let i = 0; i < 20; i++) network.kill(ids[i * 3] as PeerId);
    network.run(60_000);
    for (const island of network.islands()) expect(network.ringErrors(island)).toBe(0);
  });
});

test('ring neighbours that can never be linked are held over others, and the ring is right', () => {
  const network = new TopologyNetwork(9, { maxPeers: 3 });
  const digits = (id: PeerId): number => parseInt(id.slice(0, 4), 16);
  // About every sixth pair, the same whoever asks.
  network.unlinkable = (a, b) => (digits(a) ^ digits(b)) % 6 === 0;
  for (let i = 0; i < 40; i++) {
    network.join();
    network.run(200);
  }
  network.run(90_000);
  expect(network.components()).toBe(1);
  expect(network.ringErrors()).toBe(0);
  const tunnels = [...network.peers.values()].flatMap((topology) => [...topology.tunnels(network.now)]);
  expect(tunnels.length).toBeGreaterThan(0);
  for (const [, route] of tunnels) expect(route.length).toBeGreaterThan(0);
});
