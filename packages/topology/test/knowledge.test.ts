import { SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { describe, expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../src/config.js';
import { Topology } from '../src/index.js';
import type { Input } from '../src/index.js';
import { Knowledge } from '../src/knowledge.js';
import { SETTINGS, record } from './network.js';

const SELF = '8'.repeat(40);
const rng = new SeededRng(2);
const randomId = (): string => Array.from({ length: 5 }, () => rng.uint32().toString(16).padStart(8, '0')).join('');

function knowledge(overrides: Partial<typeof DEFAULT_CONFIG> = {}): Knowledge {
  const known = new Knowledge(SELF, { ...DEFAULT_CONFIG, ...overrides });
  known.setOnline(true);
  return known;
}

describe('knowledge', () => {
  test('S49: a peer is new once', () => {
    const known = knowledge();
    expect(known.learn(record('a'.repeat(40)), 0, 0)).toBe(true);
    expect(known.learn(record('a'.repeat(40)), 5, 5)).toBe(false);
    expect(known.learn(record(SELF), 5, 5)).toBe(false);
  });

  test('S95: who is not heard of is forgotten, who is kept is not', () => {
    const known = knowledge({ forgetAfterMs: 1_000 });
    const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
    known.learn(record(a), 0, 0);
    known.learn(record(b), 0, 0);
    expect(known.prune(20_000, (peer) => peer === b)).toEqual([a]);
    expect(known.get(b)).toBeDefined();
  });

  test('a departed peer is not learnt again from those who have not noticed, but is when it starts anew', () => {
    const known = knowledge();
    const id = 'a'.repeat(40);
    known.learn(record(id), 0, 0);
    known.forget(id, 10, true);
    expect(known.learn(record(id), 20, 20)).toBe(false);
    expect(known.learn(record(id, 3, 2), 20, 20)).toBe(true);
  });

  test('S96: failures back off exponentially with jitter, and never for ever', () => {
    const known = knowledge();
    const id = 'a'.repeat(40);
    known.learn(record(id), 0, 0);
    const delays: number[] = [];
    for (let i = 0; i < 12; i++) {
      known.failed(id, 0, rng);
      delays.push(known.get(id)?.retryAt ?? 0);
    }
    expect(delays[0]).toBeGreaterThanOrEqual(500);
    expect(delays[0]).toBeLessThanOrEqual(1_500);
    expect(delays[4]).toBeGreaterThan(7_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(90_000);
    known.alive(id, 100);
    expect(known.get(id)).toMatchObject({ attempts: 0, retryAt: 0 });
  });

  test('is bounded, and what is too much goes by age, never a leaf', () => {
    const known = knowledge({ maxKnown: 40 });
    for (let i = 0; i < 300; i++) {
      known.learn(record(randomId()), i, i);
      known.prune(i, () => false);
    }
    expect(known.size).toBeLessThanOrEqual(50);
    const all = [...known.entries()].map(([peer]) => peer);
    for (const direction of [1, -1] as const) {
      expect(known.side(direction, 8)).toHaveLength(8);
      for (const leaf of known.side(direction, 8)) expect(all).toContain(leaf);
    }
  });

  test('the size estimate follows the density of the ids', () => {
    const sizes = [100, 1_000, 10_000].map((peers) => {
      const known = knowledge({ maxKnown: peers });
      for (let i = 1; i < peers; i++) known.learn(record(randomId()), 0, 0);
      return known.sizeEstimate() / peers;
    });
    for (const ratio of sizes) {
      expect(ratio).toBeGreaterThan(0.4);
      expect(ratio).toBeLessThan(2.5);
    }
  });
});

test('what neighbours tell never takes it over its cap, even where that changes nothing else', () => {
  const at = (place: number): PeerId => (2n ** 159n + BigInt(place)).toString(16).padStart(40, '0');
  const topology = new Topology(record(at(0), 2), { ...SETTINGS, maxPeers: 2 }, {}, new SeededRng(1));
  let now = 0;
  const handle = (input: Input): void => topology.handle(input, (now += 100), []);
  handle({ type: 'start' });
  for (const peer of [at(1), at(-1)]) handle({ type: 'peerUp', peer, record: record(peer, 2) });
  const tell = (...peers: PeerId[]): void => {
    const entries = peers.map((peer) => ({ record: record(peer), ageMs: 0, open: false, route: [] }));
    const message = { kind: 'neighbours', ask: false, entries, lost: [], links: [], leaves: [] } as const;
    handle({ type: 'received', from: at(1), message });
  };
  tell(at(2), at(3), at(4), at(-2), at(-3), at(-4));
  // Each one is of the leaf set, nearer than the last, and not so near that the ring would change.
  for (let place = 1_000; place > 600; place--) {
    tell(at(place));
    const { size, cap } = topology.mapSizes['known'] ?? { size: Infinity, cap: 0 };
    expect(size).toBeLessThanOrEqual(cap);
  }
  expect(topology.ringOk).toBe(true);
});
