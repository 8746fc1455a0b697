import { describe, expect, it } from 'vitest';
import { hopsOf } from './hops.js';

describe('links crossed at maxPeers 8', () => {
  it.each([
    { peers: 10_000, most: 9, p99Most: 18 },
    { peers: 100_000, most: 13, p99Most: 25 },
  ])(
    'S14: at $peers peers all messages arrive, over $most links in the mean and $p99Most at the 99th percentile',
    ({ peers, most, p99Most }) => {
      const { sent, delivered, mean, p99 } = hopsOf(peers, 1_000, 1);
      expect(delivered).toBe(sent);
      expect(mean).toBeLessThanOrEqual(most);
      expect(p99).toBeLessThanOrEqual(p99Most);
    },
    300_000,
  );
});
