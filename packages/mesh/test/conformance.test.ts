import { PeerPigeonError, SeededRng } from '@peerpigeon/core';
import { rngConformance, storageConformance, type Conformance } from '@peerpigeon/mesh/testing';
import { describe, expect, it } from 'vitest';
import type { Storage, Store } from '../src/ports.js';

class MemoryStore implements Store {
  readonly durable: boolean = false;
  private readonly values = new Map<string, Uint8Array>();
  private closed = false;

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.opened().get(key)?.slice();
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    this.opened().set(key, value.slice());
  }

  async delete(key: string): Promise<void> {
    this.opened().delete(key);
  }

  async *entries(): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    for (const [key, value] of new Map(this.opened())) {
      this.opened();
      yield [key, value.slice()];
    }
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  private opened(): Map<string, Uint8Array> {
    if (this.closed) throw new PeerPigeonError('CLOSED', 'closed');
    return this.values;
  }
}

function storageSuite(open: Storage['open']): Conformance[] {
  return storageConformance(() => ({ storage: { open }, prefix: '' }));
}

/** One test for each promise of a port. */
function conform(suite: readonly Conformance[]): void {
  for (const { name, run } of suite) {
    it(name, async () => {
      await expect(run()).resolves.toBeUndefined();
    });
  }
}

describe('a storage in memory keeps the storage port', () => {
  conform(storageSuite(async () => new MemoryStore()));
});

describe('SeededRng keeps the rng port', () => {
  conform(rngConformance(() => ({ rng: new SeededRng(7) })));
});

describe('the suites find what breaks a promise', () => {
  /** The promises that a storage breaks. */
  async function broken(open: Storage['open']): Promise<string[]> {
    const suite = storageSuite(open);
    const results = await Promise.allSettled(suite.map(({ run }) => run()));
    return suite.filter((_, at) => results[at]?.status === 'rejected').map(({ name }) => name);
  }

  it('a storage that gives out its own bytes', async () => {
    class Shared extends MemoryStore {
      private readonly own = new Map<string, Uint8Array>();
      override async get(key: string): Promise<Uint8Array | undefined> {
        return this.own.get(key);
      }
      override async set(key: string, value: Uint8Array): Promise<void> {
        this.own.set(key, value);
      }
    }
    expect(await broken(async () => new Shared())).toContain('copies in and out, and gives plain bytes');
  });

  it('a storage that mixes namespaces up, and one that outlives close without saying so', async () => {
    const one = new MemoryStore();
    one.close = async () => {};
    expect(await broken(async () => one)).toEqual(
      expect.arrayContaining([
        'namespaces share nothing',
        'opened again it holds what was written before if it is durable, else nothing',
        'a store that is closed says so; to close it again is harmless',
      ]),
    );
  });

  it('a storage that claims to last, and one whose writes overtake each other', async () => {
    class Claiming extends MemoryStore {
      override readonly durable: boolean = true;
    }
    class Hasty extends MemoryStore {
      override async delete(key: string): Promise<void> {
        await Promise.resolve();
        await super.delete(key);
      }
    }
    expect(await broken(async () => new Claiming())).toContain(
      'opened again it holds what was written before if it is durable, else nothing',
    );
    expect(await broken(async () => new Hasty())).toEqual([
      'writes end in the order of their calls, and reads see those before them',
    ]);
  });

  it('a generator of 31 bits', async () => {
    const source = new SeededRng(7);
    const suite = rngConformance(() => ({ rng: { uint32: () => source.uint32() >>> 1 } }));
    const results = await Promise.allSettled(suite.map(({ run }) => run()));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
