import { below, SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { describe, expect, it } from 'vitest';
import { id, Network, randomIds, ringDistance, ringWithChords } from './network.js';

const parcels = (network: Network, peer: PeerId): number =>
  network.take(peer).filter(({ type }) => type === 'parcel').length;

/** Peer 1 between 2, on the ring with 9, and the leaf 7, which is nearer to 8 and 9 than either. */
function hosting(): Network {
  const network = new Network();
  network.add(id(1), id(2), id(7), id(9));
  network.link(id(1), id(2));
  network.link(id(2), id(9));
  network.link(id(1), id(7));
  network.feed(id(1), { type: 'view', peer: id(7), neighbours: [id(1)], leaf: true });
  network.feed(id(1), { type: 'view', peer: id(2), neighbours: [id(1), id(9)] });
  network.feed(id(2), { type: 'view', peer: id(1), neighbours: [id(2)], leaves: [id(7)] });
  return network;
}

describe('a leaf', () => {
  it('leads nowhere: what is for others does not come to it, near as it is', () => {
    const network = hosting();
    network.feed(id(1), { type: 'parcel', address: { type: 'key', key: id(8) }, body: null });
    network.feed(id(1), { type: 'parcel', address: { type: 'peer', peer: id(9) }, body: null });
    network.feed(id(2), { type: 'parcel', address: { type: 'key', key: id(6) }, body: null });
    network.run();
    expect([id(1), id(2), id(7), id(9)].map((peer) => parcels(network, peer))).toEqual([0, 0, 0, 3]);
    expect(network.machines.get(id(1))?.counters.nacked).toBe(0);
  });

  it('is reached over its neighbour, who told of it', () => {
    const network = hosting();
    network.feed(id(2), { type: 'parcel', address: { type: 'peer', peer: id(7) }, body: null });
    network.run();
    expect(parcels(network, id(7))).toBe(1);
    expect(network.sent.map(({ from, to }) => [from, to])).toEqual([
      [id(2), id(1)],
      [id(1), id(7)],
    ]);
  });

  it('is no leaf any more once its neighbour says so', () => {
    const network = hosting();
    network.feed(id(1), { type: 'view', peer: id(7), neighbours: [id(1)] });
    network.feed(id(1), { type: 'parcel', address: { type: 'key', key: id(7) }, body: null });
    network.run();
    expect(parcels(network, id(7))).toBe(1);
  });
});

describe('a lodger', () => {
  it('S14: with a third of 150 peers hanging on anywhere as leaves every pair is delivered with the first copy', () => {
    const network = new Network(8);
    const rng = new SeededRng(80);
    const ring = ringWithChords(network, 100, 1, 8);
    const leaves = randomIds(50, rng);
    const nearest = (key: PeerId, among: readonly PeerId[]): PeerId =>
      among.reduce((best, peer) => (ringDistance(key, peer) < ringDistance(key, best) ? peer : best));
    const hosts = new Map<PeerId, PeerId>();
    network.add(...leaves);
    for (const leaf of leaves) {
      const host = ring.at(below(rng, 100)) as PeerId;
      network.link(leaf, host);
      hosts.set(leaf, host);
    }
    for (const peer of ring) {
      for (const other of [...ring, ...leaves].filter((one) => network.linked(peer, one))) {
        const linked = (among: readonly PeerId[]) => among.filter((one) => network.linked(other, one));
        const [neighbours, own] = [linked(ring), linked(leaves)];
        network.feed(peer, { type: 'view', peer: other, neighbours, leaves: own, leaf: leaves.includes(other) });
      }
    }
    // Each leaf looks for whoever is nearest to it, who keeps the way that its parcel took.
    for (const leaf of leaves) {
      const over = hosts.get(leaf) as PeerId;
      network.feed(leaf, { type: 'parcel', address: { type: 'key', key: leaf, over }, body: null });
      network.run();
      const holder = nearest(leaf, ring);
      const [found] = network.take(holder);
      if (found?.type !== 'parcel') throw new Error('it did not come to the nearest');
      if (holder !== over) network.feed(holder, { type: 'lodger', peer: leaf, route: found.path.slice(1).reverse() });
    }
    const all = [...ring, ...leaves];
    for (const from of all) {
      for (const peer of all) {
        if (from !== peer) network.feed(from, { type: 'parcel', address: { type: 'peer', peer }, body: null });
      }
      network.run();
    }
    expect(all.map((peer) => parcels(network, peer))).toEqual(all.map(() => 149));
    expect(network.violations).toEqual([]);
    for (const machine of network.machines.values()) expect(machine.counters.nacked).toBe(0);
  }, 60_000);

  it('is a target and no way to others; the oldest of too many goes, and never a tunnel', () => {
    const network = new Network(1, { maxTunnels: 1, maxLodgers: 2 });
    network.add(id(1), id(2));
    network.link(id(1), id(2));
    const far = (n: number): PeerId => id(0x1000 + n);
    network.feed(id(1), { type: 'tunnel', peer: far(0), route: [id(2)] });
    for (const n of [1, 2, 3]) network.feed(id(1), { type: 'lodger', peer: far(n), route: [id(2), id(0x20 + n)] });
    const routeTo = (peer: PeerId): readonly PeerId[] => {
      network.sent.length = 0;
      network.feed(id(1), { type: 'parcel', address: { type: 'peer', peer }, body: null });
      return network.sent.flatMap(({ message }) => ('route' in message ? message.route : []));
    };
    // Whoever is not reached is looked for over the tunnel's end.
    expect([far(1), far(2), far(3), far(4)].map(routeTo)).toEqual([[far(0)], [id(0x22)], [id(0x23)], [far(0)]]);
    expect(network.machines.get(id(1))?.mapSizes).toMatchObject({
      routingTunnels: { size: 1, cap: 1 },
      routingLodgers: { size: 2, cap: 2 },
    });
    network.feed(id(1), { type: 'lodger', peer: far(2), route: undefined });
    network.unlink(id(1), id(2));
    network.link(id(1), id(2));
    expect([far(2), far(3)].map(routeTo)).toEqual([[], []]);
  });
});
