import { describe, expect, test } from 'vitest';
import { REORDER_MS } from '../src/config.js';
import { Faults } from '../src/faults.js';
import type { FaultOptions } from '../src/faults.js';
import { hash } from '../src/hash.js';
import { Reachability } from '../src/reachability.js';

const DRAWS = 10_000;
/** Six standard deviations of a share of p = 0.2 in 10,000 draws. */
const TOLERANCE = 0.024;

function signaling(options: FaultOptions): (readonly number[])[] {
  const faults = new Faults(1, options);
  return Array.from({ length: DRAWS }, () => faults.signaling());
}

const share = <T>(list: readonly T[], has: (each: T) => boolean): number => list.filter(has).length / list.length;

describe('faults', () => {
  test('none by default', () => {
    const faults = new Faults(1);
    for (let i = 0; i < 1_000; i++) {
      expect(faults.frame()).toBe('delivered');
      expect(faults.frameLateMs()).toBe(0);
      expect(faults.signaling()).toEqual([0]);
    }
  });

  test('loss: a share of signaling messages vanishes', () => {
    expect(Math.abs(share(signaling({ loss: 0.2 }), (copies) => copies.length === 0) - 0.2)).toBeLessThan(TOLERANCE);
  });

  test('duplicate: a share of signaling messages comes twice, the second copy later', () => {
    const drawn = signaling({ duplicate: 0.2 });
    const twice = drawn.filter((copies) => copies.length === 2);
    expect(Math.abs(twice.length / DRAWS - 0.2)).toBeLessThan(TOLERANCE);
    for (const [first, second] of twice) {
      expect(first).toBe(0);
      expect(second).toBeGreaterThanOrEqual(REORDER_MS[0]);
      expect(second).toBeLessThan(REORDER_MS[1]);
    }
  });

  test('reorder: a share of signaling messages comes late', () => {
    const drawn = signaling({ reorder: 0.2 });
    expect(drawn.every((copies) => copies.length === 1)).toBe(true);
    expect(Math.abs(share(drawn, ([lateMs]) => lateMs !== 0) - 0.2)).toBeLessThan(TOLERANCE);
  });

  test('delay spikes: a share of frames is late by so much', () => {
    const faults = new Faults(1, { delaySpike: { share: 0.2, ms: 700 } });
    const drawn = Array.from({ length: DRAWS }, () => faults.frameLateMs());
    expect(new Set(drawn)).toEqual(new Set([0, 700]));
    expect(Math.abs(share(drawn, (ms) => ms === 700) - 0.2)).toBeLessThan(TOLERANCE);
  });

  test('each fault draws for itself: another one on changes nothing of it', () => {
    const lost = (options: FaultOptions): boolean[] => signaling(options).map((copies) => copies.length === 0);
    expect(lost({ loss: 0.2, duplicate: 0.5, reorder: 0.5 })).toEqual(lost({ loss: 0.2 }));
  });

  test('refuses what is no share and no time', () => {
    for (const bad of [-0.1, 1.1, NaN]) {
      expect(() => new Faults(1, { loss: bad })).toThrow(RangeError);
      expect(() => new Faults(1, { duplicate: bad })).toThrow(RangeError);
      expect(() => new Faults(1, { reorder: bad })).toThrow(RangeError);
      expect(() => new Faults(1, { delaySpike: { share: bad, ms: 1 } })).toThrow(RangeError);
      expect(() => new Reachability(1, { unreachable: bad })).toThrow(RangeError);
      expect(() => new Reachability(1, { unreachablePeers: bad })).toThrow(RangeError);
    }
    expect(() => new Faults(1, { delaySpike: { share: 0.1, ms: -1 } })).toThrow(RangeError);
    expect(() => new Faults(1, { delaySpike: { share: 0.1, ms: Infinity } })).toThrow(RangeError);
  });
});

describe('reachability', () => {
  const ids = Array.from({ length: 200 }, (_, i) => hash(4, String(i)).toString(16).padStart(8, '0').repeat(5));
  const pairs = ids.flatMap((a, i) => ids.slice(i + 1).map((b) => [a, b] as const));

  test('everyone can link with everyone by default', () => {
    const all = new Reachability(1);
    expect(pairs.every(([a, b]) => all.canLink(a, b))).toBe(true);
  });

  test('unreachable: that share of pairs cannot link, the same both ways, by the seed', () => {
    const one = new Reachability(1, { unreachable: 0.15 });
    const other = new Reachability(2, { unreachable: 0.15 });
    // 19,900 pairs: five standard deviations are 0.013.
    expect(Math.abs(share(pairs, ([a, b]) => !one.canLink(a, b)) - 0.15)).toBeLessThan(0.013);
    expect(pairs.every(([a, b]) => one.canLink(a, b) === one.canLink(b, a))).toBe(true);
    expect(pairs.every(([a, b]) => one.canLink(a, b) === other.canLink(a, b))).toBe(false);
    expect(pairs.some(([a, b]) => new Reachability(1, { unreachable: 1 }).canLink(a, b))).toBe(false);
  });

  test('unreachablePeers: that share of peers can link only with the others', () => {
    const reachability = new Reachability(1, { unreachablePeers: 0.2 });
    const hidden = new Set(ids.filter((id) => reachability.isHidden(id)));
    // Five standard deviations of 200 draws are 28.
    expect(Math.abs(hidden.size - 40)).toBeLessThan(28);
    for (const [a, b] of pairs) expect(reachability.canLink(a, b)).toBe(!(hidden.has(a) && hidden.has(b)));
  });
});
