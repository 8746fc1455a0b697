import type { Event } from '@peerpigeon/mesh';
import { describe, expect, test } from 'vitest';
import type { Network } from '../src/network.js';
import type { SimulatedPeer } from '../src/peer.js';
import { createNetwork } from '../src/stack.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

interface Mesh {
  readonly network: Network;
  /** What each peer was told, in order of joining. */
  readonly events: Event[][];
  readonly peer: (index: number) => SimulatedPeer;
  readonly eventsOf: (index: number) => Event[];
}

/** A network of `count` peers that have joined. */
function mesh(count: number, maxPeers = 3): Mesh {
  const network = createNetwork({ seed: 5 });
  const events: Event[][] = Array.from({ length: count }, () => []);
  for (const mine of events) network.join({ settings: { maxPeers }, onEvent: (event) => mine.push(event) });
  network.run(20_000);
  const at = <T>(list: readonly T[], index: number): T => {
    const found = list[index];
    if (found === undefined) throw new RangeError(`nobody at ${index}`);
    return found;
  };
  return { network, events, peer: (index) => at(network.peers, index), eventsOf: (index) => at(events, index) };
}

const messages = (events: Event[]): (Event & { type: 'message' })[] =>
  events.filter((event) => event.type === 'message');

describe('a network for tests of applications', () => {
  test('S13: a broadcast reaches everyone once, the sender with hops 0', () => {
    const { network, events, peer } = mesh(6);
    const id = peer(2).broadcast(text('hello'));
    network.run(2_000);
    for (const [index, mine] of events.entries()) {
      const got = messages(mine);
      expect(got.map(({ envelope }) => envelope.id)).toEqual([id]);
      expect(got[0]?.hops === 0).toBe(index === 2);
    }
  });

  test('S14: a direct message reaches its receiver alone', () => {
    const { network, events, eventsOf, peer } = mesh(6);
    const id = peer(0).sendDirect(peer(5).id, text('hello'));
    network.run(2_000);
    expect(events.map((mine) => messages(mine).length)).toEqual([0, 0, 0, 0, 0, 1]);
    expect(eventsOf(0).some((event) => event.type === 'messageDelivered' && event.messageId === id)).toBe(true);
  });

  test('S11: a peer that leaves is seen to leave at once', () => {
    const { network, eventsOf, peer } = mesh(2);
    expect(peer(0).peers).toEqual([peer(1).id]);
    peer(1).leave();
    network.run(1_000);
    expect(peer(1).state).toBe('left');
    expect(peer(0).peers).toEqual([]);
    expect(eventsOf(0).some((event) => event.type === 'peerDisconnected')).toBe(true);
  });

  test('a killed peer is missed by liveness alone', () => {
    const { network, eventsOf, peer } = mesh(2);
    network.kill(peer(1));
    network.run(2_000);
    expect(peer(0).peers).toEqual([peer(1).id]);
    network.run(3_000);
    expect(eventsOf(0).some((event) => event.type === 'peerDegraded')).toBe(true);
    network.run(30_000);
    expect(peer(0).peers).toEqual([]);
  });

  test('S96: dials to a peer that never accepts construct no transport, however often it is tried', () => {
    const { network, eventsOf, peer } = mesh(2);
    const { constructed } = peer(0);
    network.freeze(peer(1));
    network.run(180_000);
    expect(peer(0).peers).toEqual([]);
    expect(eventsOf(0).some((event) => event.type === 'warning' && event.code === 'dial-failed')).toBe(true);
    expect(peer(0).constructed).toBe(constructed);
  });

  test('S117: the mesh outlives its server, and finds it again', () => {
    const { network, events, eventsOf, peer } = mesh(5);
    network.server.stop();
    network.run(5_000);
    expect(network.server.isRunning).toBe(false);
    expect(eventsOf(0).some((event) => event.type === 'signalingDisconnected')).toBe(true);
    peer(0).broadcast(text('still here'));
    network.run(2_000);
    expect(events.map((mine) => messages(mine).length)).toEqual([1, 1, 1, 1, 1]);
    network.server.start();
    network.run(60_000);
    expect(eventsOf(0).filter((event) => event.type === 'signalingConnected')).toHaveLength(2);
    const newcomer = network.join();
    network.run(20_000);
    expect(newcomer.peers.length).toBeGreaterThan(0);
  });

  test('peers take settings while they run, and ids are not taken twice', () => {
    const { network, peer } = mesh(6);
    peer(0).input({ type: 'configure', settings: { maxPeers: 2 } });
    network.run(10_000);
    expect(peer(0).peers.length).toBeLessThanOrEqual(2);
    expect(network.peer(peer(0).id)).toBe(peer(0));
    expect(network.up).toHaveLength(6);
    expect(() => network.join({ id: peer(0).id })).toThrow(RangeError);
  });
});
