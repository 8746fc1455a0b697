import { describe, expect, test } from 'vitest';
import { EPOCH_MS } from '../src/config.js';
import type { JoinOptions, NetworkOptions } from '../src/network-options.js';
import type { SimulatedPeer } from '../src/peer.js';
import { createNetwork } from '../src/stack.js';
import { framesOf, frame, linked } from './scripted-links.js';
import { act, scriptOf, scriptedNetwork } from './scripted-mesh.js';

const NOTHING = new Uint8Array(0);

/** When timers fired. */
const fired = (peer: SimulatedPeer): number[] =>
  scriptOf(peer).heard.flatMap(({ at, input }) => (input.type === 'timer' ? [at] : []));

/** When timers of a peer fire that are set for these times. */
function timersAt(times: readonly number[], options: JoinOptions = {}): number[] {
  const network = scriptedNetwork();
  const peer = network.join(options);
  const timer = { machine: 'topology', timer: { type: 'tick' } } as never;
  act(network, peer, ...times.map((at) => ({ type: 'timer', at, timer }) as const));
  network.run(600_000);
  return fired(peer);
}

describe('faults of peers', () => {
  test('timers are prompt by default', () => {
    expect(timersAt([10, 1_234.5, 70_000])).toEqual([10, 1_234.5, 70_000]);
  });

  test.each([
    ['second', 1_000],
    ['minute', 60_000],
  ] as const)('timers throttled to once a %s fire at whole multiples of the phase', (timers, periodMs) => {
    const set = [10, 1_234.5, 70_000, 125_000];
    const times = timersAt(set, { timers });
    const phase = (times[0] as number) % periodMs;
    expect(times).toHaveLength(4);
    for (const [i, at] of times.entries()) {
      const lateMs = at - (set[i] as number);
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(periodMs);
      expect((at - phase) % periodMs).toBeCloseTo(0, 6);
    }
  });

  test('throttled peers have phases of their own, and hear messages promptly', () => {
    const phases = Array.from({ length: 20 }, (_, i) => {
      return (timersAt([5], { timers: 'second', id: i.toString(16).padStart(40, '0') })[0] as number) % 1_000;
    });
    expect(new Set(phases).size).toBe(20);
    const { network, a, b } = linked();
    const c = network.restart(b, { timers: 'minute' });
    network.run(3);
    expect(scriptOf(c).heard).toEqual([{ at: 1_000, input: expect.objectContaining({ type: 'join' }) }]);
    expect(a.state).toBe('up');
  });

  test('a frozen peer: timers wait too', () => {
    const network = scriptedNetwork();
    const peer = network.join();
    const timer = { machine: 'topology', timer: { type: 'tick' } } as never;
    act(network, peer, { type: 'timer', at: 100, timer });
    network.freeze(peer);
    network.run(5_000);
    network.resume(peer);
    network.run(0);
    expect(fired(peer)).toEqual([5_000]);
  });

  test('wall clocks are right by default, and skewed within the bound by the seed', () => {
    const skews = (options: NetworkOptions): number[] => {
      const network = scriptedNetwork(options);
      return Array.from({ length: 50 }, () => {
        const peer = network.join();
        expect(peer.epoch).toBe(EPOCH_MS + peer.skewMs);
        expect(peer.wallMs).toBe(network.wallMs + peer.skewMs);
        return peer.skewMs;
      });
    };
    expect(skews({})).toEqual(Array.from({ length: 50 }, () => 0));
    const drawn = skews({ clockSkewMs: 300_000 });
    for (const skewMs of drawn) expect(Math.abs(skewMs)).toBeLessThanOrEqual(300_000);
    expect(Math.min(...drawn)).toBeLessThan(-200_000);
    expect(Math.max(...drawn)).toBeGreaterThan(200_000);
    expect(skews({ clockSkewMs: 300_000 })).toEqual(drawn);
    expect(scriptedNetwork({ clockSkewMs: 5 }).join({ skewMs: 7_000 }).skewMs).toBe(7_000);
    expect(() => scriptedNetwork({ clockSkewMs: -1 })).toThrow(RangeError);
  });

  test('clocks that are minutes apart harm nothing', () => {
    const network = createNetwork({ seed: 3, clockSkewMs: 300_000 });
    let got = 0;
    const directs: string[] = [];
    for (let i = 0; i < 30; i++) {
      network.join({
        onEvent: (event) => {
          if (event.type !== 'message') return;
          if (event.envelope.kind === 'broadcast') got++;
          else directs.push(event.envelope.id);
        },
      });
      network.run(200);
    }
    network.run(20_000);
    const sent = network.peers.map((peer, i) => {
      peer.broadcast(NOTHING);
      return peer.sendDirect((network.peers[(i + 11) % 30] as SimulatedPeer).id, NOTHING);
    });
    network.run(30_000);
    expect(got).toBe(30 * 30);
    expect(new Set(directs)).toEqual(new Set(sent));
    expect(network.violations.size).toBe(0);
  });

  test('restart: the old run falls silent, the new one has its id, a newer epoch and its options', () => {
    const { network, a, b } = linked();
    const again = network.restart(b);
    network.run(0);
    expect(b.state).toBe('killed');
    expect(again.id).toBe(b.id);
    expect(again.epoch).toBeGreaterThan(b.epoch);
    expect(network.peer(b.id)).toBe(again);
    expect(network.up).toEqual([a, again]);
    act(network, a, frame(b.id));
    network.run(1_000);
    expect(framesOf(again)).toEqual([]);
    expect(() => network.restart(b)).toThrow(RangeError);
  });

  test('restart: the epoch is newer even at the same instant, and after a clock was set back', () => {
    const network = scriptedNetwork();
    const first = network.join({ skewMs: 60_000, settings: { maxPeers: 7 } });
    const second = network.restart(first);
    const third = network.restart(second, { skewMs: -60_000 });
    expect([second.epoch, third.epoch]).toEqual([first.epoch + 1, first.epoch + 2]);
    expect([second.maxPeers, second.skewMs, third.skewMs]).toEqual([7, 60_000, -60_000]);
  });

  test('S100: a peer that comes back with its id is linked and heard again', () => {
    const network = createNetwork({ seed: 5 });
    const got: string[] = [];
    for (let i = 0; i < 6; i++) {
      network.join({ onEvent: (event) => event.type === 'message' && got.push(event.envelope.id) });
    }
    network.run(20_000);
    const again = network.restart(network.peers[2] as SimulatedPeer);
    network.run(40_000);
    expect(again.peers.length).toBeGreaterThan(0);
    const id = again.broadcast(NOTHING);
    network.run(5_000);
    expect(got.filter((each) => each === id)).toHaveLength(6);
  });
});
