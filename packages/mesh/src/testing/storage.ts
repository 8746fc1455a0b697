import { assert, PeerPigeonError, type ErrorCode } from '@peerpigeon/core';
import type { Storage, Store } from '../ports.js';
import { equal, type Conformance } from './conformance.js';

/** A storage to judge. */
export interface StorageFixture {
  readonly storage: Storage;
  /** Begins the name of every namespace that is opened; nothing is in them yet. */
  readonly prefix: string;
}

/** Keys that careless code mixes up: with none, with members of objects, with each other once encoded. */
const ODD_KEYS = ['', ' ', '\0', '__proto__', 'constructor', 'a/b', 'a', 'A', 'ä', 'a\u0308', '\ud800', '\ud801', '🕊️'];
/** Namespaces that a file system or a prefix would mix up. */
const ODD_NAMESPACES = ['', 'a', 'A', 'a/b', 'a//b', 'a%2Fb', '../a', '🕊️', 'a'.repeat(200)];
/** More than any adapter fetches at a time. */
const MANY = 1_000;

/** What every {@link Storage} keeps. */
export function storageConformance(make: () => StorageFixture): Conformance[] {
  return [
    withStore(make, 'an absent key gives undefined', async (store) => {
      equal(await store.get('absent'), undefined, 'absent');
      await store.delete('absent');
    }),
    withStore(make, 'keeps what was set last, and forgets what is deleted', async (store) => {
      await store.set('a', bytes(1, 2, 3));
      await store.set('a', bytes(4));
      equal(await store.get('a'), bytes(4), 'a');
      await store.delete('a');
      equal(await store.get('a'), undefined, 'a');
    }),
    withStore(make, 'tells any two keys apart', async (store) => {
      for (const [at, key] of ODD_KEYS.entries()) await store.set(key, bytes(at));
      for (const [at, key] of ODD_KEYS.entries()) equal(await store.get(key), bytes(at), JSON.stringify(key));
      equal((await all(store)).size, ODD_KEYS.length, 'entries');
    }),
    withStore(make, 'keeps empty values, and those of a mebibyte', async (store) => {
      const large = Uint8Array.from({ length: 1_048_576 }, (_, at) => at % 251);
      await store.set('empty', bytes());
      await store.set('large', large);
      equal(await store.get('empty'), bytes(), 'empty');
      equal(await store.get('large'), large, 'large');
    }),
    withStore(make, 'copies in and out, and gives plain bytes', async (store) => {
      const frame = bytes(9, 1, 2, 9);
      const writing = store.set('a', frame.subarray(1, 3));
      frame.fill(0);
      await writing;
      const got = await store.get('a');
      equal(got, bytes(1, 2), 'after the giver changed its bytes');
      assert(got !== undefined && got.constructor === Uint8Array, 'a plain Uint8Array');
      got.fill(0);
      const entry = (await all(store)).get('a');
      equal(entry, bytes(1, 2), 'after the receiver changed its bytes');
      assert(entry !== undefined && entry.constructor === Uint8Array, 'a plain Uint8Array of entries()');
      entry.fill(0);
      equal(await store.get('a'), bytes(1, 2), 'after the receiver changed those of entries()');
    }),
    withStore(make, 'writes end in the order of their calls, and reads see those before them', async (store) => {
      const order: number[] = [];
      const reads: Promise<unknown>[] = [];
      const writes: Promise<unknown>[] = [];
      for (let i = 0; i < 100; i++) {
        const write = i % 10 === 9 ? store.delete('a') : store.set('a', bytes(i));
        writes.push(write.then(() => order.push(i)));
        writes.push(store.set(`own ${i}`, bytes(i)));
        reads.push(store.get(`own ${i}`).then((got) => equal(got, bytes(i), `what was written just before, ${i}`)));
      }
      writes.push(store.set('a', bytes(100)));
      const listed = all(store);
      await ended([...writes, ...reads]);
      equal(
        order,
        Array.from({ length: 100 }, (_, at) => at),
        'order',
      );
      equal((await listed).get('a'), bytes(100), 'a in entries() called after it');
      equal(await store.get('a'), bytes(100), 'a');
    }),
    withStore(make, 'entries() gives all that is there, once each', async (store) => {
      equal((await all(store)).size, 0, 'entries of an empty store');
      const writes = Array.from({ length: MANY }, (_, at) => store.set(`key ${at}`, bytes(at % 251)));
      for (let at = 0; at < MANY; at += 2) writes.push(store.delete(`key ${at}`));
      await ended(writes);
      const found = await all(store);
      equal(found.size, MANY / 2, 'entries');
      for (let at = 1; at < MANY; at += 2) equal(found.get(`key ${at}`), bytes(at % 251), `key ${at}`);
    }),
    withStore(make, 'entries() stands writes meanwhile, and being left early', async (store) => {
      await ended(Array.from({ length: MANY }, (_, at) => store.set(`key ${at}`, bytes(at % 251))));
      const seen: string[] = [];
      for await (const [key] of store.entries()) {
        if (seen.length % 100 === 0) await ended([store.set(`late ${seen.length}`, bytes(1)), store.delete(key)]);
        seen.push(key);
      }
      equal(new Set(seen).size, seen.length, 'keys told twice');
      equal(seen.filter((key) => key.startsWith('key')).length, MANY, 'keys from before');
      for await (const entry of store.entries()) {
        equal(entry.length, 2, 'an entry');
        break;
      }
      await store.set('after', bytes(1));
      equal(await store.get('after'), bytes(1), 'after');
    }),
    {
      name: 'namespaces share nothing',
      run: async () => {
        const { storage, prefix } = make();
        const stores: Store[] = [];
        for (const name of ODD_NAMESPACES) stores.push(await storage.open(prefix + name));
        await ended(stores.map(async (store, at) => store.set('key', bytes(at))));
        await ended(stores.map(async (store, at) => store.set(`only ${at}`, bytes())));
        for (const [at, store] of stores.entries()) {
          equal(await store.get('key'), bytes(at), `key in ${ODD_NAMESPACES[at]}`);
          equal([...(await all(store)).keys()].sort(), ['key', `only ${at}`], `entries in ${ODD_NAMESPACES[at]}`);
        }
        await ended(stores.map(async (store) => store.close()));
      },
    },
    {
      name: 'opened again it holds what was written before if it is durable, else nothing',
      run: async () => {
        const { storage, prefix } = make();
        const before = await storage.open(prefix);
        await before.set('gone', bytes(1));
        await before.delete('gone');
        await before.set('awaited', bytes(2));
        const writing = before.set('not awaited', bytes(3));
        await before.close();
        await writing;
        const after = await storage.open(prefix);
        equal(after.durable, before.durable, 'durable');
        const found = await all(after);
        equal([...found.keys()].sort(), after.durable ? ['awaited', 'not awaited'] : [], 'keys');
        if (after.durable) equal(found.get('not awaited'), bytes(3), 'not awaited');
        await after.close();
      },
    },
    {
      name: 'a store that is closed says so; to close it again is harmless',
      run: async () => {
        const { storage, prefix } = make();
        const store = await storage.open(prefix);
        await store.set('a', bytes(1));
        await store.set('b', bytes(2));
        const iterator = store.entries()[Symbol.asyncIterator]();
        await iterator.next();
        const closing = store.close();
        await rejects(store.set('a', bytes(2)), 'CLOSED', 'set');
        await ended([closing, store.close()]);
        await rejects(store.get('a'), 'CLOSED', 'get');
        await rejects(store.set('a', bytes(2)), 'CLOSED', 'set');
        await rejects(store.delete('a'), 'CLOSED', 'delete');
        await rejects(all(store), 'CLOSED', 'entries');
        await rejects(iterator.next(), 'CLOSED', 'entries that had begun');
      },
    },
    {
      name: 'one namespace opened twice stays whole',
      run: async () => {
        const { storage, prefix } = make();
        const first = await storage.open(prefix);
        await first.set('a', bytes(1));
        const second = await storage.open(prefix).catch((error: unknown) => {
          equal(codeOf(error), 'STORAGE_FAILED', 'a second open');
          return undefined;
        });
        await ended([first.set('b', bytes(2)), second?.set('c', bytes(3))]);
        equal(await first.get('a'), bytes(1), 'a');
        equal(await first.get('b'), bytes(2), 'b');
        if (second?.durable === true) equal(await first.get('c'), bytes(3), 'what the other has written');
        await ended([first.close(), second?.close()]);
      },
    },
  ];
}

/** A promise that is checked on one open store. */
function withStore(make: () => StorageFixture, name: string, check: (store: Store) => Promise<void>): Conformance {
  return {
    name,
    run: async () => {
      const { storage, prefix } = make();
      const store = await storage.open(prefix);
      await check(store);
      await store.close();
    },
  };
}

async function all(store: Store): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for await (const [key, value] of store.entries()) {
    assert(!found.has(key), `${JSON.stringify(key)} is told once`);
    found.set(key, value);
  }
  return found;
}

async function rejects(promise: Promise<unknown>, code: ErrorCode, what: string): Promise<void> {
  const outcome: unknown = await promise.then(() => 'resolved', codeOf);
  equal(outcome, code, what);
}

function codeOf(error: unknown): unknown {
  return error instanceof PeerPigeonError ? error.code : error;
}

/** Waits for all of them, which run at the same time. */
async function ended(calls: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  for (const call of calls) await call;
}

function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}
