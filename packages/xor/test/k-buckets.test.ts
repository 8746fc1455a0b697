import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketIndex, KBuckets, type Contact } from '../src/index.js';
import { anyId, sortedBy, spread, toId, xor } from './oracle.js';

const self = toId(0n);

/** A contact in bucket 0 of `self`. */
const far = (n: number): Contact => ({ id: toId((1n << 159n) + BigInt(n)) });

describe('KBuckets (Kademlia §2.2)', () => {
  test('a full bucket names its least recently seen contact and stays as it was', () => {
    const table = new KBuckets(self, 3);
    for (const n of [1, 2, 3]) expect(table.add(far(n))).toBeUndefined();
    expect(table.add(far(4))).toEqual(far(1));
    expect(table.get(far(4).id)).toBeUndefined();
    expect(table.size).toBe(3);
  });

  test('the old contact answers: it becomes the most recently seen and the newcomer stays out', () => {
    const table = new KBuckets(self, 3);
    for (const n of [1, 2, 3]) table.add(far(n));
    expect(table.add(far(1))).toBeUndefined();
    expect(table.add(far(4))).toEqual(far(2));
  });

  test('the old contact is silent: it makes room for the newcomer', () => {
    const table = new KBuckets(self, 3);
    for (const n of [1, 2, 3]) table.add(far(n));
    expect(table.delete(far(1).id)).toBe(true);
    expect(table.delete(far(1).id)).toBe(false);
    expect(table.add(far(4))).toBeUndefined();
    expect(table.add(far(5))).toEqual(far(2));
  });

  test('a full bucket does not hinder the others', () => {
    const table = new KBuckets(self, 1);
    for (let bit = 0; bit < 160; bit++) expect(table.add({ id: toId(1n << BigInt(bit)) })).toBeUndefined();
    expect(table.size).toBe(160);
  });

  test('seeing a contact again replaces what is known of it', () => {
    const table = new KBuckets<{ id: string; address: string }>(self);
    table.add({ id: far(1).id, address: 'old' });
    table.add({ id: far(1).id, address: 'new' });
    expect(table.get(far(1).id)?.address).toBe('new');
    expect(table.size).toBe(1);
  });

  test('its own id is no contact', () => {
    const table = new KBuckets(self);
    expect(table.add({ id: self })).toBeUndefined();
    expect(table.size).toBe(0);
  });

  test('no bucket exceeds its size, whatever comes; closest agrees with the oracle', () => {
    fc.assert(
      fc.property(
        anyId,
        fc.integer({ min: 1, max: 4 }),
        fc.array(anyId, { maxLength: 100 }),
        anyId,
        (me, size, ids, target) => {
          const table = new KBuckets(me, size);
          const held = new Set<string>();
          const perBucket = new Map<number, number>();
          for (const id of ids) {
            const bucket = bucketIndex(me, id);
            const full = (perBucket.get(bucket) ?? 0) >= size;
            const toPing = table.add({ id });
            expect(toPing !== undefined).toBe(id !== me && !held.has(id) && full);
            expect(bucketIndex(me, toPing?.id ?? id)).toBe(bucket);
            if (id === me || held.has(id) || full) continue;
            held.add(id);
            perBucket.set(bucket, (perBucket.get(bucket) ?? 0) + 1);
          }
          expect(table.size).toBe(held.size);
          const nearestFirst = sortedBy([...held], (id) => xor(target, id));
          expect(table.closest(target, 5).map(({ id }) => id)).toEqual(nearestFirst.slice(0, 5));
          expect(table.closest(target, 1000)).toHaveLength(held.size);
        },
      ),
    );
  });

  test('10,000 contacts leave a table of about 20 · log2(N)', () => {
    const table = new KBuckets(self);
    for (let i = 0; i < 10_000; i++) table.add({ id: spread(i) });
    expect(table.size).toBeGreaterThan(20 * 8);
    expect(table.size).toBeLessThan(20 * 16);
  });

  test('caller mistakes', () => {
    for (const size of [0, -1, 1.5, NaN, Infinity]) {
      expect(() => new KBuckets(self, size)).toThrow(new RangeError(`expected a bucketSize of 1 or more, got ${size}`));
    }
    expect(() => new KBuckets('abc')).toThrow(RangeError);
    expect(() => new KBuckets(undefined as unknown as string)).toThrow(TypeError);
    expect(() => new KBuckets(self).add({ id: 'abc' })).toThrow(RangeError);
    expect(() => new KBuckets(self).add({ id: 1 as unknown as string })).toThrow(TypeError);
  });
});
