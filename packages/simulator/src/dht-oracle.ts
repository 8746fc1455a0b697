import { compareRank, hashOf, keyId } from '@peerpigeon/dht';
import type { DhtRecord, Key, Rank } from '@peerpigeon/dht';
import type { Millis, PeerId } from '@peerpigeon/core';
import { nearest } from '@peerpigeon/xor';

/** Something that somebody put under a key. */
export interface Write {
  readonly author: PeerId;
  /** Unlike that of any other write. */
  readonly value: Uint8Array;
  /** What became of it, once holders have it. */
  readonly record: DhtRecord | null;
  readonly storedMs: Millis | null;
}

/**
 * What a get was worth. `found`: it returned a write that is as new as any that was stored when it began. `wrong`: it returned
 * anything else. `missing`: it returned nothing although somebody has a record; `gone`: nobody has. `failed`: it said so itself.
 */
export type Verdict = 'found' | 'wrong' | 'missing' | 'gone' | 'failed';

/** The `k` peers that should hold a key: the XOR-nearest of all that are on the ring. */
export function trueHolders(key: Key, ring: Iterable<PeerId>, k: number): PeerId[] {
  return nearest(keyId(key), ring, k);
}

/** Where a record stands among those of its key. */
export function rankOf(key: Key, record: DhtRecord): Rank {
  const { version, issuedAt, ttlMs } = record;
  return { version, issuedAt, ttlMs, hash: hashOf(key, record) };
}

/** The record that counts among those of a key; undefined of none. */
export function newestOf(key: Key, records: Iterable<DhtRecord>): DhtRecord | undefined {
  let newest: { readonly record: DhtRecord; readonly rank: Rank } | undefined;
  for (const record of records) {
    const rank = rankOf(key, record);
    if (newest === undefined || compareRank(rank, newest.rank) > 0) newest = { record, rank };
  }
  return newest?.record;
}

/**
 * Judges a get.
 * @param got what it returned; null: nothing; undefined: it failed
 * @param writes all of that key
 * @param sinceMs when it began
 * @param isHeld whether anybody who is up has a record of the key
 */
export function verdictOf(
  got: DhtRecord | null | undefined,
  key: Key,
  writes: readonly Write[],
  sinceMs: Millis,
  isHeld: boolean,
): Verdict {
  if (got === undefined) return 'failed';
  if (got === null) return isHeld ? 'missing' : 'gone';
  if (!writes.some(({ author, value }) => author === got.author && areEqual(value, got.value))) return 'wrong';
  const stored = writes.flatMap(({ record, storedMs }) =>
    record !== null && storedMs !== null && storedMs <= sinceMs ? record : [],
  );
  const newest = newestOf(key, stored);
  return newest === undefined || compareRank(rankOf(key, got), rankOf(key, newest)) >= 0 ? 'found' : 'wrong';
}

/** Whether two lists have the same members, each of which they have once. */
export function areSameSet(a: readonly PeerId[], b: readonly PeerId[]): boolean {
  const had = new Set(a);
  return a.length === b.length && b.every((id) => had.has(id));
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
