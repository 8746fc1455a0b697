import type { Store } from '@peerpigeon/mesh';
import { openDB, type IDBPDatabase } from 'idb';
import { missing } from '../missing.js';
import type { Write } from './commit-queue.js';
import type { Durability } from './durability.js';
import { DurableStore, storageError, type Database, type StorageFailure } from './durable-store.js';

const TABLE = 'entries';
/** Entries fetched at a time: a mebibyte of records as large as they get. */
const BATCH_ENTRIES = 64;
/** What opening fails with where IndexedDB is there by name only: no database can be made, or none may. */
const ABSENT: readonly unknown[] = ['InvalidStateError', 'SecurityError'];

/** One database of IndexedDB as a store; loaded on demand. @throws as `indexedDbStorage` says */
export async function openIndexedDb(name: string, durability: Durability): Promise<Store> {
  let there = false;
  try {
    there = (globalThis as { readonly indexedDB?: unknown }).indexedDB !== undefined;
    const db = await openDB(name, 1, {
      upgrade: (fresh) => void fresh.createObjectStore(TABLE),
      // Somebody deletes it, and must not wait for us.
      blocking: (_version, _next, event) => (event.target as IDBDatabase).close(),
    });
    return new DurableStore(new IndexedDb(db, durability));
  } catch (error) {
    if (!there || ABSENT.includes(nameOf(error)))
      throw missing('IndexedDB', 'use memoryStorage(), or in Node nodeStorage()');
    throw storageError(reason(error), error);
  }
}

class IndexedDb implements Database {
  readonly reason = reason;
  private readonly db: IDBPDatabase;
  private readonly durability: Durability;

  constructor(db: IDBPDatabase, durability: Durability) {
    this.db = db;
    this.durability = durability;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.db.get(TABLE, key) as Promise<Uint8Array | undefined>;
  }

  async commit(writes: readonly Write[]): Promise<void> {
    const { store, done } = this.db.transaction(TABLE, 'readwrite', { durability: this.durability });
    for (const [key, value] of writes) {
      const request = value === undefined ? store.delete(key) : store.put(value, key);
      // One that fails ends the transaction, which then tells why.
      request.catch(() => {});
    }
    await done;
  }

  /** In batches: a transaction does not outlive a pause of its reader. */
  async *entries(): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    let range: IDBKeyRange | undefined;
    for (;;) {
      const { store } = this.db.transaction(TABLE);
      const [keys, values] = await Promise.all([
        store.getAllKeys(range, BATCH_ENTRIES) as Promise<string[]>,
        store.getAll(range, BATCH_ENTRIES) as Promise<Uint8Array[]>,
      ]);
      for (const [at, key] of keys.entries()) yield [key, values[at] as Uint8Array];
      const last = keys[BATCH_ENTRIES - 1];
      if (last === undefined) return;
      range = IDBKeyRange.lowerBound(last, true);
    }
  }

  close(): void {
    this.db.close();
  }
}

/** IndexedDB §2.8: a closed connection begins no transaction; what ends one is its error. */
function reason(error: unknown): StorageFailure {
  const name = nameOf(error);
  if (name === 'QuotaExceededError') return 'full';
  return name === 'InvalidStateError' || name === 'AbortError' ? 'lost' : 'failed';
}

function nameOf(error: unknown): unknown {
  return (error as { readonly name?: unknown } | null)?.name;
}
