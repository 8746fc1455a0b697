import { describe, expect, test } from 'vitest';
import { hash } from '../src/hash.js';
import { Latency } from '../src/latency.js';

const ids = Array.from({ length: 200 }, (_, i) => hash(9, String(i)).toString(16).padStart(8, '0').repeat(5));

describe('latency', () => {
  test('is the same both ways, fixed by the seed, and another with another seed', () => {
    const one = new Latency(1, [10, 100]);
    const other = new Latency(2, [10, 100]);
    const [a, b] = ids as [string, string];
    expect(one.betweenPeers(a, b)).toBe(one.betweenPeers(b, a));
    expect(one.betweenPeers(a, b)).toBe(new Latency(1, [10, 100]).betweenPeers(a, b));
    expect(one.betweenPeers(a, b)).not.toBe(other.betweenPeers(a, b));
    expect(one.toServer(a)).not.toBe(one.toServer(b));
  });

  test('is uniform in its range over pairs', () => {
    const latency = new Latency(3, [10, 100]);
    const buckets = Array.from({ length: 9 }, () => 0);
    let pairs = 0;
    for (const a of ids) {
      for (const b of ids) {
        if (a >= b) continue;
        const ms = latency.betweenPeers(a, b);
        expect(ms).toBeGreaterThanOrEqual(10);
        expect(ms).toBeLessThan(100);
        const bucket = Math.floor((ms - 10) / 10);
        buckets[bucket] = (buckets[bucket] ?? 0) + 1;
        pairs++;
      }
    }
    // 19,900 pairs in 9 buckets: 2,211 each, standard deviation 44.
    for (const count of buckets) expect(Math.abs(count - pairs / 9)).toBeLessThan(5 * 44);
  });

  test('refuses a range that is none', () => {
    expect(() => new Latency(1, [100, 10])).toThrow(RangeError);
    expect(() => new Latency(1, [-1, 10])).toThrow(RangeError);
  });
});

describe('hash', () => {
  test('is MurmurHash3: depends on every part and on where parts end', () => {
    expect(hash(1, 'ab', 'c')).not.toBe(hash(1, 'a', 'bc'));
    expect(hash(1, 'ab')).not.toBe(hash(2, 'ab'));
    expect(hash(1, 'ab')).not.toBe(hash(1, 'ab', ''));
  });
});
