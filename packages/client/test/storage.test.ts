import { storageConformance } from '@peerpigeon/mesh/testing';
import * as fake from 'fake-indexeddb';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CommitQueue, type Write } from '../src/adapters/commit-queue.js';
import { nodeStorage } from '../src/adapters/node-storage.js';
import { indexedDbStorage, memoryStorage, PeerPigeonMesh } from '../src/index.js';
import { conform } from './conform.js';

const folder = mkdtempSync(join(tmpdir(), 'peerpigeon-'));
beforeAll(() => void Object.assign(globalThis, fake));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllGlobals());

let fixtures = 0;
const prefix = (): string => `fixture ${fixtures++}/`;

describe('memoryStorage keeps the storage port', () => {
  conform(storageConformance(() => ({ storage: memoryStorage(), prefix: prefix() })));
});

describe.each(['relaxed', 'strict'] as const)('nodeStorage (%s) keeps the storage port', (durability) => {
  conform(storageConformance(() => ({ storage: nodeStorage(folder, { durability }), prefix: prefix() })));
});

describe('indexedDbStorage keeps the storage port', () => {
  conform(storageConformance(() => ({ storage: indexedDbStorage(), prefix: prefix() })));
});

describe('nodeStorage', () => {
  it('writes below its path alone, whatever the namespace is', async () => {
    const path = join(folder, 'below');
    for (const namespace of ['../../escaped', 'con', 'Same', 'same']) {
      await (await nodeStorage(path).open(namespace)).close();
    }
    const names = readdirSync(path);
    expect(names).toHaveLength(4);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{64}$/);
  });

  it('refuses a namespace that is open already: LevelDB is of one process at a time', async () => {
    const first = await nodeStorage(folder).open('mine');
    const again = nodeStorage(folder).open('mine');
    await expect(again).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { reason: 'inUse' } });
    await first.close();
    await (await nodeStorage(folder).open('mine')).close();
  });

  it('fails by a typed error where no folder can be made', async () => {
    const opening = nodeStorage(import.meta.filename).open('a');
    await expect(opening).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { reason: 'failed' } });
  });

  it('a path or a durability of the wrong kind is a mistake of the caller', () => {
    expect(() => nodeStorage(undefined as unknown as string)).toThrow(TypeError);
    expect(() => nodeStorage(folder, { durability: 'eternal' as 'strict' })).toThrow(RangeError);
    expect(() => indexedDbStorage({ durability: 'eternal' as 'strict' })).toThrow(RangeError);
  });
});

describe('indexedDbStorage', () => {
  it('S168: where there is no IndexedDB it says so by a typed error, and what to do', async () => {
    vi.stubGlobal('indexedDB', undefined);
    await expect(indexedDbStorage().open('a')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      details: { missing: 'IndexedDB' },
      message: expect.stringContaining('memoryStorage()'),
    });
  });

  it('S168: so it does where pages may make no database', async () => {
    vi.stubGlobal('indexedDB', {
      open: () => {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      },
    });
    await expect(indexedDbStorage().open('a')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('lets its database be deleted from outside, and says that it is lost', async () => {
    const store = await indexedDbStorage().open('doomed');
    await store.set('a', new Uint8Array([1]));
    await new Promise((resolve) => {
      indexedDB.deleteDatabase('peerpigeon/doomed').onsuccess = resolve;
    });
    for (const call of [
      store.get('a'),
      store.set('a', new Uint8Array(1)),
      store.entries()[Symbol.asyncIterator]().next(),
    ])
      await expect(call).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { reason: 'lost' } });
    await store.close();
  });

  it('keeps a view, not the frame that it is of', async () => {
    const store = await indexedDbStorage().open('views');
    await store.set('a', new Uint8Array(65_536).subarray(0, 10));
    await store.set('b', Buffer.from('pooled'));
    expect((await store.get('a'))?.buffer.byteLength).toBe(10);
    expect((await store.get('b'))?.buffer.byteLength).toBe(6);
    await store.close();
  });
});

describe('CommitQueue', () => {
  const value = (n: number): Write => [`key ${n}`, new Uint8Array([n])];

  it('commits at once what comes alone, and together what comes meanwhile', async () => {
    const commits: string[][] = [];
    let go = (): void => {};
    const queue = new CommitQueue(async (writes) => {
      commits.push(writes.map(([key]) => key));
      await new Promise<void>((resolve) => (go = resolve));
    });
    const first = queue.add(value(0));
    await vi.waitUntil(() => commits.length === 1);
    const rest = Promise.all([queue.add(value(1)), queue.add(value(2)), queue.add(value(3))]);
    go();
    await first;
    await vi.waitUntil(() => commits.length === 2);
    go();
    await rest;
    expect(commits).toEqual([['key 0'], ['key 1', 'key 2', 'key 3']]);
  });

  it('a commit that fails takes its own writes along, and no others', async () => {
    let fail = true;
    const queue = new CommitQueue(async () => {
      if (fail) throw new Error('full');
    });
    const lost = [queue.add(value(0)), queue.add(value(1))];
    for (const write of lost) await expect(write).rejects.toThrow('full');
    fail = false;
    await queue.add(value(2));
    await expect(queue.settled()).resolves.toBeUndefined();
  });
});

describe('the option storage', () => {
  it('takes what opens stores, and nothing else', () => {
    expect(() => new PeerPigeonMesh({ storage: memoryStorage() })).not.toThrow();
    expect(() => new PeerPigeonMesh({ storage: 'disk' as unknown as ReturnType<typeof memoryStorage> })).toThrow(
      'storage: expected object, got string',
    );
    expect(() => new PeerPigeonMesh({ storage: {} as ReturnType<typeof memoryStorage> })).toThrow(
      'storage.open: expected function, got undefined',
    );
  });
});
