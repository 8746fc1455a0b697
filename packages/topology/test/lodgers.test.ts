import type { PeerId } from '@peerpigeon/core';
import { compareRingDistance } from '@peerpigeon/xor';
import { describe, expect, test } from 'vitest';
import { Lodgers } from '../src/lodgers.js';
import type { Output } from '../src/index.js';
import { Keeping, id } from './keeping.js';
import { TopologyNetwork } from './network.js';

/** A mesh of 40, every third of them a leaf. */
function mixed(seed: number): { network: TopologyNetwork; leaves: PeerId[] } {
  const network = new TopologyNetwork(seed, { maxPeers: 4 });
  const leaves: PeerId[] = [];
  for (let i = 0; i < 40; i++) {
    const peer = network.id();
    network.join(peer, i % 3 === 0 ? { maxPeers: 1 } : {});
    if (i % 3 === 0) leaves.push(peer);
    network.run(100);
  }
  network.run(30_000);
  return { network, leaves };
}

/** The ring peers of a network, nearest to `leaf` first. */
function nearestTo(network: TopologyNetwork, leaf: PeerId, leaves: readonly PeerId[]): PeerId[] {
  const ring = [...network.peers.keys()].filter((peer) => !leaves.includes(peer));
  return ring.sort((a, b) => compareRingDistance(leaf, a, b));
}

/** Whether a peer has a link with a leaf, or with its host, or keeps a way to it that leads there. */
function reaches(network: TopologyNetwork, peer: PeerId, leaf: PeerId): boolean {
  const linked = (a: PeerId, b: PeerId): boolean => network.peers.get(a)?.neighbourhood.links.has(b) === true;
  const hosts = [...(network.peers.get(leaf)?.neighbourhood.links.keys() ?? [])];
  if (linked(peer, leaf) || hosts.some((host) => linked(peer, host))) return true;
  const route = network.lodgers.get(peer)?.get(leaf);
  if (route === undefined) return false;
  const way = [peer, ...route, leaf];
  return way.every((at, i) => i === 0 || linked(way[i - 1] as PeerId, at));
}

describe('leaves', () => {
  test.each([1, 2, 3])('S14: whoever is nearest to a leaf on the ring reaches it (seed %i)', (seed) => {
    const { network, leaves } = mixed(seed);
    expect([network.components(), network.ringErrors()]).toEqual([1, 0]);
    for (const leaf of leaves) {
      const [nearest] = nearestTo(network, leaf, leaves);
      expect([leaf, reaches(network, nearest as PeerId, leaf)]).toEqual([leaf, true]);
    }
    for (const { mapSizes } of network.peers.values()) expect(mapSizes['lodgers']?.size).toBeLessThanOrEqual(64);
  });

  test('when that one dies the next reaches it as soon as the ring has closed; if its host dies, once it has another', () => {
    const { network, leaves } = mixed(4);
    const away = leaves.flatMap((leaf) => {
      const [nearest, next] = nearestTo(network, leaf, leaves) as [PeerId, PeerId];
      const [host] = network.peers.get(leaf)?.neighbourhood.links.keys() ?? [];
      return host !== undefined && host !== nearest && host !== next ? [{ leaf, nearest, host }] : [];
    });
    expect(away.length).toBeGreaterThan(2);
    const [one, other] = away as [(typeof away)[0], (typeof away)[0]];
    network.kill(one.nearest);
    network.run(5_000);
    expect(reaches(network, nearestTo(network, one.leaf, leaves)[0] as PeerId, one.leaf)).toBe(true);
    network.kill(other.host);
    network.run(20_000);
    expect(reaches(network, nearestTo(network, other.leaf, leaves)[0] as PeerId, other.leaf)).toBe(true);
  });

  test('a nearer one that joins is told when it is linked', () => {
    const { network, leaves } = mixed(5);
    for (const leaf of leaves.slice(0, 6)) {
      const digit = ((parseInt(leaf[39] as string, 16) + 1) % 16).toString(16);
      const nearer = leaf.slice(0, 39) + digit;
      network.join(nearer);
      network.run(6_000);
      expect(nearestTo(network, leaf, leaves)[0]).toBe(nearer);
      expect(reaches(network, nearer, leaf)).toBe(true);
    }
  });

  test('two that come first hold each other, and let go for the ring: no island of two', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const network = new TopologyNetwork(seed);
      const leaves = [network.id(), network.id()];
      for (const leaf of leaves) network.join(leaf, { maxPeers: 1 });
      network.run(5_000);
      expect(network.components()).toBe(1);
      for (let i = 0; i < 6; i++) {
        network.join();
        network.run(500);
      }
      network.run(30_000);
      expect(network.components()).toBe(1);
      for (const leaf of leaves) expect(network.peers.get(leaf)?.neighbourhood.links.size).toBe(1);
    }
  });
});

describe('ways to leaves', () => {
  const sends = (out: readonly Output[]): [PeerId, string][] =>
    out.flatMap((output) => (output.type === 'send' ? [[output.to, output.message.kind] as [PeerId, string]] : []));

  test('are told to the ring neighbour that would be nearest, and onward only to a nearer one', () => {
    const own = new Keeping(id('5'), { maxPeers: 4 });
    const lodgers = new Lodgers(own.context);
    for (const peer of ['4', '8', '9']) own.link(id(peer));
    own.link(id('7'), 1);
    const out: Output[] = [];
    // From the leaf itself.
    lodgers.take(id('6'), [id('9')], 0, id('6'), own.now, out);
    expect(sends(out)).toEqual([[id('4'), 'lodge']]);
    // From the peer before: it is no news, and when it is, 4 is farther than we are.
    lodgers.take(id('6'), [id('9')], 500, id('8'), own.now, out);
    lodgers.take(id('6'), [id('9')], 0, id('8'), own.now + 100, out);
    expect(sends(out)).toHaveLength(1);
    // For one beyond 8 we are not the nearest.
    lodgers.take('8'.padEnd(40, '1'), [id('4')], 0, id('4'), own.now, out);
    expect(sends(out).slice(1)).toEqual([[id('8'), 'lodge']]);
    own.link('6'.padEnd(40, '1'));
    lodgers.gained('6'.padEnd(40, '1'), own.now, out);
    expect(sends(out).slice(2)).toEqual([['6'.padEnd(40, '1'), 'lodge']]);
  });

  test('are dropped after a while, and are never more than the cap: the farthest goes', () => {
    const own = new Keeping(id('5'), {}, { maxLodgers: 2 });
    const lodgers = new Lodgers(own.context);
    own.link(id('4'));
    const out: Output[] = [];
    const take = (digit: string, ageMs = 0): void => lodgers.take(id(digit), [id('4')], ageMs, id('4'), own.now, out);
    for (const digit of ['6', 'c', '7']) take(digit, 10_000);
    take('8', own.context.config.lodgerTtlMs);
    const ways = out.flatMap((output) => (output.type === 'lodger' ? [[output.peer[0], output.route?.length]] : []));
    expect(ways).toEqual([
      ['6', 1],
      ['c', 1],
      ['7', 1],
      ['c', undefined],
    ]);
    expect(lodgers.review(own.now + 30_000, out)).toBe(own.now + 35_000);
    lodgers.review(own.now + 35_000, out);
    expect(lodgers.size).toBe(0);
  });
});
