import { SeededRng } from '@peerpigeon/core';
import { describe, expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../src/config.js';
import { Knowledge } from '../src/knowledge.js';
import { record } from './network.js';

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
