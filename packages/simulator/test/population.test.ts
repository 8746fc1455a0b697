import { describe, expect, test } from 'vitest';
import { nearestPolicy } from '../src/nearest-policy.js';
import { DEFAULT_OPTIONS } from '../src/options.js';
import type { RunOptions } from '../src/options.js';
import { joinOptions } from '../src/population.js';

const BASE: RunOptions = { ...DEFAULT_OPTIONS, peers: 100, maxPeers: 3, seed: 1 };
const hundred = (options: Partial<RunOptions>): ReturnType<typeof joinOptions>[] =>
  Array.from({ length: 100 }, (_, index) => joinOptions({ ...BASE, ...options }, index));

const tally = (values: readonly unknown[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1;
  return counts;
};

describe('a population', () => {
  test('mixed caps: a quarter each of 1, 2, 3 and 8, and nobody wants more links than it may have', () => {
    const peers = hundred({ mixedCaps: true });
    expect(tally(peers.map(({ settings }) => settings?.maxPeers))).toEqual({ 1: 25, 2: 25, 3: 25, 8: 25 });
    expect(tally(peers.map(({ settings }) => settings?.minPeers))).toEqual({ 1: 25, 2: 75 });
  });

  test('throttled: half once a second, a tenth once a minute', () => {
    expect(tally(hundred({ throttled: true }).map(({ timers }) => timers))).toEqual({
      second: 50,
      minute: 10,
      prompt: 40,
    });
    expect(tally(hundred({}).map(({ timers }) => timers))).toEqual({ undefined: 100 });
  });

  test('adversarial ids: one prefix of 12 bits, or two clusters at the ends; all differ', () => {
    expect(tally(hundred({ ids: 'prefix' }).map(({ id }) => id?.slice(0, 3)))).toEqual({ '5af': 100 });
    expect(tally(hundred({ ids: 'clusters' }).map(({ id }) => id?.slice(0, 6)))).toEqual({ '000000': 50, ffffff: 50 });
    for (const ids of ['uniform', 'prefix', 'clusters'] as const) {
      const all = hundred({ ids }).map(({ id }) => id);
      expect(new Set(all).size).toBe(100);
      expect(all.every((id) => /^[0-9a-f]{40}$/.test(id ?? ''))).toBe(true);
    }
  });

  test('policies: xor as it is, random by the setting, nearest by the configuration', () => {
    expect(joinOptions({ ...BASE, policy: 'xor' }, 0)).toMatchObject({ settings: { xorRouting: true } });
    expect(joinOptions({ ...BASE, policy: 'random' }, 0)).toMatchObject({ settings: { xorRouting: false } });
    expect(joinOptions({ ...BASE, policy: 'nearest' }, 0).config?.topology?.policy).toBe(nearestPolicy);
    expect(nearestPolicy.slots(3, 1_000)).toEqual({ ring: 0, random: 0, finger: 0, near: 3 });
    const far = 'f'.repeat(40);
    expect(nearestPolicy.compareNear('0'.repeat(40), '1'.repeat(40), far)).toBeLessThan(0);
  });
});
