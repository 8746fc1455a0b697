import { SeededRng } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULTS, chunkName, compareRank, hashOf, keyId } from '../src/index.js';
import type { Config, DhtRecord, Key } from '../src/index.js';
import { compareRecords, overlooks } from '../src/record.js';
import { Store } from '../src/store.js';

const WALL = 1_767_225_600_000;
const [ANN, BOB, CAT] = ['a', 'b', 'c'].map((digit) => digit.repeat(40)) as [string, string, string];
const X: Key = { space: 'value', name: 'x' };

function recordOf(author: string, version: number, more: Partial<DhtRecord> = {}): DhtRecord {
  const value = new TextEncoder().encode(`${author[0]} ${version}`);
  const rest = {
    issuedAt: WALL,
    ttlMs: 60_000,
    base: null,
    replicas: 8,
    form: 'plain',
    signature: new Uint8Array(0),
  } as const;
  return { author, version, value, ...rest, ...more };
}

function storeOf(more: Partial<Config> = {}): Store {
  return new Store({ ...DEFAULTS, peerId: ANN, rng: new SeededRng(1), epoch: WALL, ...more });
}

function take(store: Store, record: DhtRecord, key: Key = X, now = 0, leftMs = record.ttlMs): string {
  return store.take(key, { record, leftMs }, WALL, now).type;
}

const records = fc.array(
  fc.record({
    author: fc.constantFrom(ANN, BOB, CAT),
    version: fc.integer({ min: 1, max: 4 }),
    ttlMs: fc.constantFrom(60_000, 70_000),
    text: fc.constantFrom('p', 'q', 'r'),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('rank', () => {
  it('S34: merging is commutative, associative and idempotent: any order and repetition ends with the same record', () => {
    fc.assert(
      fc.property(records, fc.array(fc.nat(), { maxLength: 30 }), (drafts, order) => {
        const all = drafts.map(({ author, version, ttlMs, text }) =>
          recordOf(author, version, { ttlMs, value: new TextEncoder().encode(text) }),
        );
        const once = storeOf();
        for (const record of all) take(once, record);
        const other = storeOf();
        for (const at of order) take(other, all[at % all.length] as DhtRecord);
        for (const record of [...all].reverse()) take(other, record);
        const id = keyId(X);
        expect(other.top(id)?.record).toEqual(once.top(id)?.record);
        const held = (store: Store): Record<string, string> =>
          Object.fromEntries([...(store.shelf(id)?.records ?? [])].map(([author, { hash }]) => [author, hash]));
        expect(held(other)).toEqual(held(once));
      }),
    );
  });

  it('is the version, then the later end, then the larger hash', () => {
    const older = recordOf(BOB, 1);
    expect(compareRecords(X, recordOf(ANN, 2), older)).toBeGreaterThan(0);
    expect(compareRecords(X, recordOf(ANN, 1, { ttlMs: 60_001 }), older)).toBeGreaterThan(0);
    const [a, b] = [recordOf(ANN, 1), recordOf(BOB, 1)];
    expect(Math.sign(compareRecords(X, a, b))).toBe(hashOf(X, a) > hashOf(X, b) ? 1 : -1);
    expect(compareRank({ ...a, hash: 'x' }, { ...a, hash: 'x' })).toBe(0);
  });

  it('overlooks: what was to replace an older one than there was', () => {
    expect(overlooks(recordOf(ANN, 9, { base: 3 }), recordOf(BOB, 5))).toBe(true);
    expect(overlooks(recordOf(ANN, 9, { base: 5 }), recordOf(BOB, 5))).toBe(false);
    expect(overlooks(recordOf(ANN, 9), recordOf(BOB, 5))).toBe(false);
    expect(overlooks(recordOf(ANN, 4, { base: 3 }), recordOf(BOB, 5))).toBe(false);
    expect(overlooks(recordOf(BOB, 9, { base: 3 }), recordOf(BOB, 5))).toBe(false);
  });
});

describe('store', () => {
  it('keeps one record per key and author, the newest', () => {
    const store = storeOf();
    expect(take(store, recordOf(ANN, 2))).toBe('taken');
    expect(take(store, recordOf(ANN, 1))).toBe('known');
    expect(take(store, recordOf(ANN, 2))).toBe('known');
    expect(take(store, recordOf(BOB, 1))).toBe('taken');
    expect(store.shelf(keyId(X))?.records.size).toBe(2);
    expect(store.top(keyId(X))?.record.author).toBe(ANN);
  });

  it('refuses what is over its bounds, and takes it again when there is room', () => {
    const store = storeOf({ maxKeys: 2, maxBytes: 10, maxKeysPerAuthor: 1, maxAuthorsPerKey: 2 });
    const three = { value: Uint8Array.of(1, 2, 3) };
    const key = (name: string): Key => ({ space: 'value', name });
    expect(take(store, recordOf(ANN, 1, three), key('a'))).toBe('taken');
    expect(take(store, recordOf(ANN, 1, three), key('b')), 'a second key of an author').toBe('full');
    expect(take(store, recordOf(BOB, 1, three), key('a'))).toBe('taken');
    expect(take(store, recordOf(CAT, 1, three), key('a')), 'a third author of a key').toBe('full');
    expect(take(store, recordOf(CAT, 1, { value: new Uint8Array(5) }), key('b')), '11 bytes').toBe('full');
    expect(store.bytes).toBe(6);
    store.drop(keyId(key('a')));
    expect(store.bytes).toBe(0);
    expect(take(store, recordOf(CAT, 1, { value: new Uint8Array(5) }), key('b'))).toBe('taken');
  });

  it('takes no chunk under another name than its hash, and no version far ahead of the clock', () => {
    const store = storeOf();
    const value = Uint8Array.of(1, 2, 3);
    const chunk = recordOf(ANN, 1, { value });
    expect(take(store, chunk, { space: 'chunk', name: chunkName(value) })).toBe('taken');
    expect(take(store, chunk, { space: 'chunk', name: 'ab'.repeat(32) })).toBe('wrong');
    expect(take(store, recordOf(ANN, WALL + DEFAULTS.maxAheadMs + 1))).toBe('wrong');
    expect(take(store, recordOf(ANN, WALL + DEFAULTS.maxAheadMs))).toBe('taken');
  });

  it('S37: forgets what has expired, but not while an older record of the key would come back', () => {
    const store = storeOf();
    take(store, recordOf(ANN, 1));
    take(store, recordOf(BOB, 2, { ttlMs: 10_000 }));
    expect(store.sweep(20_000)).toEqual([]);
    expect(store.top(keyId(X))?.record.author).toBe(BOB);
    expect(
      store
        .sweep(70_000)
        .map(({ held }) => held.record.author)
        .sort(),
    ).toEqual([ANN, BOB]);
    expect(store.size).toBe(0);
    expect(store.bytes).toBe(0);
  });
});
