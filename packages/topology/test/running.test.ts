import { expect, test } from 'vitest';
import type { PeerId } from '@peerpigeon/core';
import { compareDistance, sortByDistance } from '@peerpigeon/xor';
import type { Settings } from '../src/index.js';
import { DEFAULT_CONFIG } from '../src/config.js';
import { spareStep } from '../src/dialing.js';
import { Keeping, id } from './keeping.js';
import { SETTINGS, TopologyNetwork } from './network.js';

/** A mesh at rest, whose settings are about to change. */
function settled(seed: number, peers: number, settings: Partial<Settings>): TopologyNetwork {
  const network = new TopologyNetwork(seed, settings);
  for (let i = 0; i < peers; i++) {
    network.join();
    network.run(100);
  }
  network.run(120_000);
  return network;
}

function configure(network: TopologyNetwork, settings: Partial<Settings>): void {
  for (const peer of network.peers.keys()) {
    network.feed(peer, { type: 'configure', settings: { ...SETTINGS, ...settings } });
  }
}

const nearLinks = (network: TopologyNetwork, self: PeerId): PeerId[] =>
  [...(network.peers.get(self)?.neighbourhood.links.values() ?? [])].flatMap(({ role, peer }) =>
    role === 'near' ? [peer] : [],
  );

/** How far down the list of all peers by XOR distance near links lead, on average. */
function meanNearRank(network: TopologyNetwork): number {
  const ids = [...network.peers.keys()];
  const ranks = ids.flatMap((self) => {
    const order = sortByDistance(self, ids);
    return nearLinks(network, self).map((peer) => order.indexOf(peer));
  });
  return ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length;
}

function expectWhole(network: TopologyNetwork): void {
  expect(network.components()).toBe(1);
  expect(network.ringErrors()).toBe(0);
}

test('S57: below minPeers the application is warned, and links are looked for until there are enough', () => {
  const network = settled(1, 2, { maxPeers: 3, minPeers: 2 });
  const codes = network.events.flatMap(({ event }) => (event.type === 'warning' ? [event.code] : []));
  expect(codes).toContain('below-min-peers');
  network.join();
  network.run(30_000);
  for (const { neighbourhood } of network.peers.values()) expect(neighbourhood.links.size).toBe(2);
});

test('S59: eviction for distance ends when it is switched off, and begins when it is switched on', () => {
  const off = { maxPeers: 12, evictionStrategy: false };
  const network = settled(2, 40, off);
  const [closed, rank] = [network.hangups.length, meanNearRank(network)];
  configure(network, { maxPeers: 12, evictionStrategy: true });
  network.run(120_000);
  expect(network.hangups.length).toBeGreaterThan(closed);
  expect(meanNearRank(network)).toBeLessThan(rank);
  configure(network, off);
  const rest = network.hangups.length;
  network.run(120_000);
  expect(network.hangups.length).toBe(rest);
  expectWhole(network);
});

test('S60: xorRouting switched off: near links are drawn anew, and lead anywhere; the mesh stays in one piece', () => {
  const network = settled(3, 60, { maxPeers: 12 });
  network.run(240_000);
  const rank = meanNearRank(network);
  configure(network, { maxPeers: 12, xorRouting: false });
  network.run(600_000);
  expect(meanNearRank(network)).toBeGreaterThan(1.5 * rank);
  expectWhole(network);
});

test('S56: of near links the XOR-farthest goes first', () => {
  const network = settled(4, 60, { maxPeers: 14 });
  const self = [...network.peers.keys()].find((peer) => nearLinks(network, peer).length > 2) as PeerId;
  const farthest = nearLinks(network, self).sort((a, b) => compareDistance(self, b, a))[0];
  const before = network.hangups.length;
  network.feed(self, { type: 'configure', settings: { ...SETTINGS, maxPeers: 13 } });
  network.run(50);
  const gone = network.hangups.slice(before).filter(({ peer }) => peer === self);
  expect(gone.map(({ other }) => other)).toEqual([farthest]);
});

test('S93: after ring and far links the other candidates are asked in XOR order', () => {
  const own = new Keeping(id('5'), { maxPeers: 12 });
  for (const digit of '46') own.link(id(digit));
  const { context } = own;
  const near = ['7', '1', 'd', '9'].map(id);
  own.know(...near);
  const asked: PeerId[] = [];
  // No far links: as few peers as these have none to offer.
  const plan = { ...own.plan, slots: { ring: 2, random: 0, finger: 0, near: 10 } };
  const due = { open: own.now, anybody: own.now };
  while (asked.length < near.length) {
    const { peer = '', purpose } = spareStep(context, plan, due, own.now + DEFAULT_CONFIG.patienceMs);
    expect(purpose).toBe('near');
    asked.push(peer);
    context.neighbourhood.pending.set(peer, { purpose: 'near', ours: true, since: own.now });
  }
  expect(asked).toEqual(sortByDistance(id('5'), near));
});

test('S172: a pair that has just parted is not dialled again while the mesh rests', () => {
  const network = new TopologyNetwork(5, { maxPeers: 8 });
  for (let i = 0; i < 40; i++) {
    network.join();
    network.run(100);
  }
  const parted = new Map<string, number>();
  let pairs = 0;
  for (let step = 0; step < 1_200; step++) {
    const [hangups, dials] = [network.hangups.length, network.dials.length];
    network.run(100);
    for (const { peer, other } of network.dials.slice(dials)) {
      const at = parted.get([peer, other].sort().join());
      expect(at === undefined || network.now - at > 10_000).toBe(true);
    }
    for (const { peer, other } of network.hangups.slice(hangups)) {
      pairs++;
      parted.set([peer, other].sort().join(), network.now);
    }
  }
  expect(pairs).toBeGreaterThan(0);
});
