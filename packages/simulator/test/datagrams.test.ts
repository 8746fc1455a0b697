import type { Output } from '@peerpigeon/mesh';
import { describe, expect, test } from 'vitest';
import { createNetwork } from '../src/index.js';
import type { NetworkOptions } from '../src/network-options.js';
import type { SimulatedPeer } from '../src/peer.js';
import { FIXED, linked } from './scripted-links.js';
import { act, scriptOf } from './scripted-mesh.js';

const COUNT = 400;

/** Sends numbered datagrams at once; returns their numbers as they come. */
function send(maxRetransmits: number, options: NetworkOptions): number[] {
  const { network, a, b } = linked({ ...FIXED, ...options });
  const datagrams = Array.from({ length: COUNT }, (_, n): Output => ({
    type: 'datagram',
    peer: b.id,
    session: 's',
    maxRetransmits,
    frame: {
      channel: 'datagram',
      message: { type: 'datagram', channel: 'game', content: new Uint8Array([n >> 8, n & 255]) },
    },
  }));
  act(network, a, ...datagrams);
  network.run(10_000);
  return numbersAt(b);
}

const numbersAt = (peer: SimulatedPeer): number[] =>
  scriptOf(peer).heard.flatMap(({ input }) => {
    if (input.type !== 'frame' || input.frame.channel !== 'datagram') return [];
    const [high = 0, low = 0] = input.frame.message.content;
    return [256 * high + low];
  });

describe('datagrams in the simulator', () => {
  test('all come, in order, where there are no faults', () => {
    expect(send(0, {})).toEqual(Array.from({ length: COUNT }, (_, n) => n));
  });

  test('some are lost for good, fewer where they are sent again, none twice', () => {
    const once = send(0, { loss: 0.3 });
    const thrice = send(2, { loss: 0.3 });
    const often = send(16, { loss: 0.3 });
    // 30 % and 2.7 % of 400, ten standard deviations wide.
    expect(once.length).toBeGreaterThan(190);
    expect(once.length).toBeLessThan(370);
    expect(thrice.length).toBeGreaterThan(once.length);
    expect(thrice.length).toBeLessThan(COUNT);
    expect(often.length).toBe(COUNT);
    for (const numbers of [once, thrice, often]) expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('some are overtaken', () => {
    const numbers = send(0, { reorder: 0.2 });
    expect(numbers).toHaveLength(COUNT);
    expect(numbers).not.toEqual([...numbers].sort((a, b) => a - b));
  });

  test('go over the link of two real peers, and nowhere else', () => {
    const network = createNetwork({ seed: 5, wire: true });
    const got: string[] = [];
    const a = network.join();
    const b = network.join({
      onEvent: (event) => event.type === 'datagram' && got.push(`${event.from} ${event.channel}`),
    });
    network.run(10_000);
    a.input({ type: 'datagram', peer: b.id, channel: 'game', content: new Uint8Array(9), maxRetransmits: 1 });
    network.run(1_000);
    expect(got).toEqual([`${a.id} game`]);
  });
});

describe('a link over which not even control messages leave', () => {
  test('is given up', () => {
    const reasons: string[] = [];
    const network = createNetwork({ seed: 6 });
    // A frame of 50,000 bytes takes 50 s at 8 kb/s.
    const link = { initialMarkBytes: 16_384, maxControlAheadBytes: 0, maxControlWaitMs: 3_000 };
    const a = network.join({
      config: { link },
      onEvent: (event) => event.type === 'peerDisconnected' && reasons.push(event.reason),
    });
    network.join({ bandwidthKbps: 8 });
    network.run(20_000);
    expect(reasons).toEqual([]);
    for (let i = 0; i < 10; i++) a.broadcast(new Uint8Array(50_000));
    network.run(20_000);
    expect(reasons[0]).toBe('congested');
  });
});
