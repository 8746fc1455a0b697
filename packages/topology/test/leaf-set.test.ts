import type { PeerId } from '@peerpigeon/core';
import { SortedRing } from '@peerpigeon/xor';
import { expect, test } from 'vitest';
import type { Event } from '../src/index.js';
import { SETTINGS, TopologyNetwork } from './network.js';

type LeafSetEvent = Extract<Event, { readonly type: 'leafSet' }>;

function grown(peers: number, settings = {}): TopologyNetwork {
  const network = new TopologyNetwork(3, { maxPeers: 4, ...settings });
  for (let i = 0; i < peers; i++) {
    network.join();
    network.run(100);
  }
  network.run(60_000);
  return network;
}

/** What a peer was told, the latest last. */
function told(network: TopologyNetwork, peer: PeerId): LeafSetEvent[] {
  return network.events.flatMap(({ peer: id, event }) => (id === peer && event.type === 'leafSet' ? [event] : []));
}

/** What each peer was told last is what stands on the ring. */
function expectRight(network: TopologyNetwork, whole: boolean): void {
  const ring = new SortedRing(network.peers.keys());
  for (const peer of network.peers.keys()) {
    const [after, before] = [ring.successors(peer, 8), ring.predecessors(peer, 8)];
    expect(told(network, peer).at(-1)).toEqual({ type: 'leafSet', after, before, whole, member: true });
  }
}

test.each([
  [1, true],
  [2, true],
  [5, true],
  [17, true],
  [18, false],
  [60, false],
])('among %i peers each is told the nearest on either side; that they are everybody: %s', (peers, whole) => {
  const network = grown(peers);
  expectRight(network, whole);
  const count = network.events.length;
  network.run(60_000);
  expect(network.events.slice(count).filter(({ event }) => event.type === 'leafSet')).toEqual([]);
});

test('S33: whoever falls silent leaves the leaf sets when a neighbour has noticed, and those behind close ranks', () => {
  const network = grown(60);
  const ids = [...network.peers.keys()];
  for (const peer of ids.filter((_, n) => n % 5 === 0)) network.kill(peer);
  // Noticed after 3 to 4 s, and told on.
  network.run(8_000);
  expectRight(network, false);
});

test('a suspect neighbour leaves the leaf set at once, and is back when it is heard of', () => {
  const network = grown(4);
  const [peer, other] = [...network.peers.keys()] as [PeerId, PeerId];
  network.feed(peer, { type: 'suspect', peer: other });
  expect(told(network, peer).at(-1)?.after).not.toContain(other);
  network.feed(peer, { type: 'recovered', peer: other });
  expect(told(network, peer).at(-1)?.after).toContain(other);
});

test('it is told after each start, to a peer with one link too, which is in none', () => {
  const network = grown(4);
  const [peer] = network.peers.keys();
  const leaf = network.id();
  network.join(leaf, { maxPeers: 1 });
  expect(told(network, leaf)).toEqual([{ type: 'leafSet', after: [], before: [], whole: true, member: false }]);
  network.run(5_000);
  expect(told(network, leaf).at(-1)?.after).toHaveLength(4);
  expect(told(network, peer as PeerId).at(-1)?.after).not.toContain(leaf);
  network.feed(leaf, { type: 'configure', settings: { ...SETTINGS, maxPeers: 3 } });
  expect(told(network, leaf).at(-1)).toMatchObject({ member: true });
  const count = told(network, leaf).length;
  network.feed(leaf, { type: 'stop' });
  expect(told(network, leaf)).toHaveLength(count);
  network.feed(leaf, { type: 'start' });
  expect(told(network, leaf).slice(count)).toEqual([
    { type: 'leafSet', after: [], before: [], whole: true, member: true },
  ]);
});
