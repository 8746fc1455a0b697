import type { PeerId } from '@peerpigeon/core';
import type { Output } from '@peerpigeon/mesh';
import type { ClientMessage, ServerMessage } from '@peerpigeon/signaling-protocol';
import { describe, expect, test } from 'vitest';
import type { Network } from '../src/network.js';
import type { NetworkOptions } from '../src/network-options.js';
import type { SimulatedPeer } from '../src/peer.js';
import { FIXED } from './scripted-links.js';
import { act, scriptOf, scriptedNetwork } from './scripted-mesh.js';

const OPEN: Output = { type: 'signaling', command: { type: 'open', url: 'ws://server.simulated' } };

const write = (message: ClientMessage): Output => ({ type: 'signaling', command: { type: 'write', message } });
const signal = (to: PeerId, data: number): Output => write({ type: 'signal', to, data });

/** What a peer's socket told it, in short. */
function told(peer: SimulatedPeer): string[] {
  return scriptOf(peer).heard.flatMap(({ input }) => {
    if (input.type !== 'signaling') return [];
    const { event } = input;
    return event.type === 'message'
      ? [event.message.type]
      : event.type === 'closed'
        ? [`closed ${event.code}`]
        : [event.type];
  });
}

/** The signals a peer got, in order. */
function signals(peer: SimulatedPeer): unknown[] {
  const messages = scriptOf(peer).heard.flatMap(({ input }): ServerMessage[] =>
    input.type === 'signaling' && input.event.type === 'message' ? [input.event.message] : [],
  );
  return messages.flatMap((message) => (message.type === 'signal' ? [message.data] : []));
}

/** Two scripted peers that have announced themselves at the server. */
function atServer(options: NetworkOptions = {}): { network: Network; a: SimulatedPeer; b: SimulatedPeer } {
  const network = scriptedNetwork({ ...FIXED, ...options });
  const enter = (): SimulatedPeer => {
    const peer = network.join();
    act(network, peer, OPEN);
    network.run(1_000);
    act(network, peer, write({ type: 'announce', peerId: peer.id, protocol: 1 }));
    network.run(1_000);
    return peer;
  };
  return { network, a: enter(), b: enter() };
}

/** The numbers that `b` gets of those that `a` signals, one every 20 ms. */
function signalled(options: NetworkOptions, count: number): unknown[] {
  const { network, a, b } = atServer(options);
  for (let i = 0; i < count; i++) {
    act(network, a, signal(b.id, i));
    network.run(20);
  }
  network.run(2_000);
  return signals(b);
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('faults of signaling', () => {
  test('by default every message arrives once, in order', () => {
    expect(signalled({}, 50)).toEqual(numbers(50));
  });

  test('duplicate: some arrive twice, on either way', () => {
    const got = signalled({ duplicate: 0.2 }, 50) as number[];
    expect(new Set(got)).toEqual(new Set(numbers(50)));
    expect(got.length).toBeGreaterThan(55);
    expect(got.length).toBeLessThan(100);
  });

  test('reorder: all arrive, some overtaken', () => {
    const got = signalled({ reorder: 0.2 }, 50) as number[];
    expect([...got].sort((x, y) => x - y)).toEqual(numbers(50));
    expect(got).not.toEqual(numbers(50));
  });

  test('S137: a killed peer falls silent at the server, and never answers a probe', () => {
    const { network, a, b } = atServer();
    network.kill([a, b]);
    network.run(10_000);
    const again = network.restart(a);
    act(network, again, OPEN);
    network.run(1_000);
    expect(told(again)).toEqual(['opened']); // the dead run is probed
    network.run(2_000);
    expect(told(again)).toEqual(['opened', 'connected']); // and its id taken over
  });

  test('a probe of who is up, asleep even, shows life', () => {
    const { network, a } = atServer();
    network.freeze(a);
    const other = scriptedTwin(network, a);
    network.run(5_000);
    expect(told(other)).toEqual(['opened', 'closed 4409']);
  });

  test('a frozen peer: what the server sends waits, and its socket stays open', () => {
    const { network, a, b } = atServer();
    network.freeze(b);
    act(network, a, signal(b.id, 1));
    network.run(200_000);
    expect(signals(b)).toEqual([]);
    network.resume(b);
    network.run(0);
    expect(signals(b)).toEqual([1]);
    expect(told(b)).not.toContain('closed');
  });

  test('a cut leaves the server in reach of all', () => {
    const { network, a, b } = atServer();
    network.cut((peer) => peer.index);
    act(network, a, signal(b.id, 1));
    network.run(1_000);
    expect(signals(b)).toEqual([1]);
  });

  test('a cut may keep the server for one group: to the others it is silent, until it is healed', () => {
    const { network, a, b } = atServer();
    network.cut((peer) => (peer === a ? 'a' : 'rest'), { server: 'a' });
    act(network, a, signal(b.id, 1));
    act(network, b, signal(a.id, 2));
    const late = network.join();
    act(network, late, OPEN);
    network.run(20_000);
    expect(signals(a)).toEqual([]);
    expect(signals(b)).toEqual([]);
    expect(told(late)).toEqual([]);
    network.server.stop();
    network.run(1_000);
    expect(told(a).at(-1)).toBe('closed 1001');
    expect(told(b).at(-1)).not.toBe('closed 1001');
    network.server.start();
    network.heal();
    act(network, late, OPEN);
    network.run(1_000);
    expect(told(late)).toEqual(['opened', 'connected']);
  });
});

/** A second socket with the id of a peer that is up, as of a copied tab: the peer's own is kept in place. */
function scriptedTwin(network: Network, peer: SimulatedPeer): SimulatedPeer {
  const twin = network.join();
  Object.defineProperty(twin, 'id', { value: peer.id });
  act(network, twin, OPEN);
  return twin;
}
