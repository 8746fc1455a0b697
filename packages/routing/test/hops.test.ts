import { describe, expect, it } from 'vitest';
import { hopsOf } from './hops.js';

describe('links crossed at maxPeers 8', () => {
  it('S14: at 1,000 peers all messages arrive, over 5.5 links in the mean and 11 at the 99th percentile', () => {
    for (const seed of [1, 2, 3]) {
      const { sent, delivered, mean, p99 } = hopsOf(1_000, 500, seed);
      expect(delivered).toBe(sent);
      expect(mean).toBeLessThanOrEqual(5.5);
      expect(p99).toBeLessThanOrEqual(11);
    }
  });
});
