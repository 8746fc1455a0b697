import { describe, expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../src/index.js';
import { TopologyNetwork, record } from './network.js';

function grown(seed: number, peers: number, maxPeers: number, everyMs = 100): TopologyNetwork {
  const network = new TopologyNetwork(seed, { maxPeers });
  for (let i = 0; i < peers; i++) {
    network.join();
    network.run(everyMs);
  }
  network.run(20_000);
  return network;
}

describe('a mesh in one piece', () => {
  test.each([2, 3, 4, 8, 12])('40 peers at maxPeers %i: one component, the ring right, the cap kept', (maxPeers) => {
    for (let seed = 1; seed <= 5; seed++) {
      const network = grown(seed, 40, maxPeers);
      expect(network.ringErrors()).toBe(0);
      expect(network.components()).toBe(1);
      for (const { neighbourhood } of network.peers.values())
        expect(neighbourhood.links.size).toBeLessThanOrEqual(maxPeers);
    }
  });

  test('200 peers at maxPeers 3, all at once', () => {
    const network = grown(7, 200, 3, 0);
    expect(network.ringErrors()).toBe(0);
    expect(network.components()).toBe(1);
  });

  test.each([2, 3, 4, 5, 6, 9])('%i peers at maxPeers 3', (peers) => {
    for (let seed = 1; seed <= 20; seed++) {
      const network = grown(seed, peers, 3);
      expect(network.components()).toBe(1);
      expect(network.ringErrors()).toBe(0);
    }
  });

  test('after a third is killed the ring closes again', () => {
    const network = grown(3, 60, 3);
    const ids = [...network.peers.keys()];
    for (let i = 0; i < 20; i++) network.kill(ids[i * 3] as string);
    network.run(30_000);
    expect(network.ringErrors()).toBe(0);
    expect(network.components()).toBe(1);
  });
});

test('S105: a settled mesh shows no eviction and no hangup, and hardly a dial', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const network = grown(seed, 40, 3);
    network.run(60_000);
    const before = [network.dials.length, network.hangups.length];
    network.run(60_000);
    expect(network.hangups.length).toBe(before[1]);
    // Whoever has a free slot and no partner asks now and then.
    expect(network.dials.length - (before[0] as number)).toBeLessThanOrEqual(40);
  }
});

test('S50, S103: whoever is evicted is told first, and both sides report it', () => {
  const network = grown(5, 40, 3);
  const evicted = network.events.filter(({ event }) => event.type === 'peerEvicted');
  expect(evicted.length).toBeGreaterThan(0);
  for (const { peer, event } of evicted) {
    if (event.type !== 'peerEvicted' || event.initiatedBy === 'remote') continue;
    const mirror = evicted.find(
      (other) => other.peer === event.peer && other.event.type === 'peerEvicted' && other.event.peer === peer,
    );
    expect(mirror).toBeDefined();
  }
});

test('S56: lowering maxPeers drops links, raising it fills them again', () => {
  const network = grown(9, 30, 8);
  const [id] = [...network.peers.keys()] as [string];
  const settings = { maxPeers: 3, minPeers: 2, autoDiscovery: true, evictionStrategy: true, xorRouting: true };
  network.feed(id, { type: 'configure', settings });
  network.run(1_000);
  expect(network.peers.get(id)?.neighbourhood.links.size).toBeLessThanOrEqual(4);
  network.run(10_000);
  expect(network.peers.get(id)?.neighbourhood.links.size).toBeLessThanOrEqual(3);
  expect(network.ringErrors()).toBe(0);
});

test('S94: of its own a peer has maxDials links in the making at once at most, four unless told otherwise', () => {
  expect(DEFAULT_CONFIG.maxDials).toBe(4);
  const network = new TopologyNetwork(3, { maxPeers: 12 }, { maxDials: 2 });
  for (let i = 0; i < 40; i++) network.join();
  let most = 0;
  for (let step = 0; step < 100; step++) {
    network.run(50);
    for (const { neighbourhood } of network.peers.values()) {
      most = Math.max(most, [...neighbourhood.pending.values()].filter(({ ours }) => ours).length);
    }
  }
  expect(most).toBe(2);
});

test('S58: with autoDiscovery off peers are reported and not dialled', () => {
  const network = new TopologyNetwork(1, { autoDiscovery: false });
  network.join();
  network.join();
  network.run(10_000);
  expect(network.dials).toEqual([]);
  expect(network.events.filter(({ event }) => event.type === 'peerDiscovered').length).toBe(2);
});

test('S52: a peer without links is warned once', () => {
  const network = new TopologyNetwork(1);
  network.join();
  network.run(60_000);
  const warnings = network.events.filter(({ event }) => event.type === 'warning');
  expect(warnings.map(({ event }) => event)).toEqual([expect.objectContaining({ code: 'isolated' })]);
});

test('S52, S96: a peer that cannot be linked is tried again, and reported once', () => {
  const network = new TopologyNetwork(1);
  const topology = network.join('a'.repeat(40));
  const unreachable = '5'.repeat(40);
  network.feed('a'.repeat(40), { type: 'discovered', records: [record(unreachable)] });
  for (let i = 0; i < 6; i++) {
    network.feed('a'.repeat(40), { type: 'dialFailed', peer: unreachable, cause: 'silent' });
    expect(topology.knowledge.get(unreachable)?.attempts).toBe(i + 1);
  }
  const warnings = network.events.map(({ event }) => event).filter(({ type }) => type === 'warning');
  expect(warnings).toEqual([expect.objectContaining({ code: 'dial-failed' })]);
});

test('S60: with xorRouting off the mesh still is one piece', () => {
  const network = new TopologyNetwork(4, { maxPeers: 12, xorRouting: false });
  for (let i = 0; i < 60; i++) network.join();
  network.run(30_000);
  expect(network.ringErrors()).toBe(0);
  expect(network.components()).toBe(1);
});

test('peers with one slot hang on as leaves, outside the ring', () => {
  const network = new TopologyNetwork(4, { maxPeers: 4 });
  const leaves: string[] = [];
  for (let i = 0; i < 20; i++) {
    network.join();
    if (i % 4 !== 0) continue;
    const id = network.id();
    network.join(id, { maxPeers: 1 });
    leaves.push(id);
  }
  network.run(30_000);
  for (const id of leaves) expect(network.peers.get(id)?.neighbourhood.links.size).toBe(1);
  expect(network.components()).toBe(1);
});

test('the size estimate is exact while everybody is known, and near the truth beyond', () => {
  expect([...grown(1, 10, 3).peers.values()].map((topology) => topology.sizeEstimate)).toEqual(Array(10).fill(10));
  const estimates = [...grown(2, 300, 3, 20).peers.values()]
    .map((topology) => topology.sizeEstimate)
    .sort((a, b) => a - b);
  const median = estimates[150] as number;
  expect(median).toBeGreaterThan(200);
  expect(median).toBeLessThan(450);
});
