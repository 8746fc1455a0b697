import { SeededRng, randomBytes, bytesToHex } from '@peerpigeon/core';
import { keyId } from '@peerpigeon/dht';
import type { DhtRecord, Key } from '@peerpigeon/dht';
import { calculateXorDistance } from '@peerpigeon/xor';
import { describe, expect, test } from 'vitest';
import { areSameSet, newestOf, trueHolders, verdictOf } from '../src/dht-oracle.js';
import type { Write } from '../src/dht-oracle.js';

const KEY: Key = { space: 'value', name: 'a' };
const AUTHOR = 'a'.repeat(40);

function record(version: number, value = version, author = AUTHOR): DhtRecord {
  const life = { issuedAt: 1, ttlMs: 1_000, base: null, replicas: 8, form: 'plain' } as const;
  return { ...life, author, version, value: Uint8Array.of(value), signature: new Uint8Array(0) };
}

function write(of: DhtRecord, storedMs: number | null): Write {
  return { author: of.author, value: of.value, record: storedMs === null ? null : of, storedMs };
}

describe('the oracle', () => {
  test('the true holders are those with the smallest XOR distances, by plain arithmetic', () => {
    const rng = new SeededRng(5);
    const ids = Array.from({ length: 300 }, () => bytesToHex(randomBytes(rng, 20)));
    for (const name of ['x', 'y', 'z']) {
      const key: Key = { space: 'value', name };
      const far = (id: string): bigint => calculateXorDistance(id, keyId(key));
      const sorted = [...ids].sort((a, b) => (far(a) < far(b) ? -1 : 1));
      expect(trueHolders(key, ids, 8)).toEqual(sorted.slice(0, 8));
    }
    expect(trueHolders(KEY, ids.slice(0, 3), 8)).toHaveLength(3);
  });

  test('the newest record is that of the highest version, then of the later end', () => {
    expect(newestOf(KEY, [record(2), record(7), record(3)])?.version).toBe(7);
    expect(newestOf(KEY, [record(2), { ...record(2, 9), ttlMs: 2_000 }])?.value).toEqual(Uint8Array.of(9));
    expect(newestOf(KEY, [])).toBeUndefined();
  });

  test('sets are the same whatever their order', () => {
    expect(areSameSet(['a', 'b'], ['b', 'a'])).toBe(true);
    expect(areSameSet(['a', 'b'], ['b', 'c'])).toBe(false);
    expect(areSameSet(['a', 'b'], ['a', 'b', 'c'])).toBe(false);
  });

  test.each<[string, DhtRecord | null | undefined, Write[], number, boolean]>([
    ['found', record(1), [write(record(1), 10)], 20, true],
    // One that is on its way when the get begins may be returned, or not.
    ['found', record(2), [write(record(1), 10), write(record(2), null)], 20, true],
    ['found', record(1), [write(record(1), 10), write(record(2), 30)], 20, true],
    ['wrong', record(1), [write(record(1), 10), write(record(2), 15)], 20, true],
    ['wrong', record(3), [write(record(1), 10)], 20, true],
    ['wrong', record(1, 1, 'b'.repeat(40)), [write(record(1), 10)], 20, true],
    ['missing', null, [write(record(1), 10)], 20, true],
    ['gone', null, [write(record(1), 10)], 20, false],
    ['failed', undefined, [write(record(1), 10)], 20, true],
  ])('calls it %s', (verdict, got, writes, sinceMs, isHeld) => {
    expect(verdictOf(got, KEY, writes, sinceMs, isHeld)).toBe(verdict);
  });
});
