import { SeededRng } from '@peerpigeon/core';
import { rngConformance, storageConformance, type Conformance } from '@peerpigeon/mesh/testing';
import { describe, expect, it } from 'vitest';
import type { Storage } from '../src/ports.js';

class MemoryStorage implements Storage {
  private readonly values = new Map<string, Uint8Array>();

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.values.get(key)?.slice();
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    this.values.set(key, value.slice());
  }

  async delete(key: string): Promise<void> {
    this.values.delete(key);
  }
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
  conform(storageConformance(() => ({ storage: new MemoryStorage() })));
});

describe('SeededRng keeps the rng port', () => {
  conform(rngConformance(() => ({ rng: new SeededRng(7) })));
});

describe('the suites find what breaks a promise', () => {
  it('a storage that gives out its own bytes', async () => {
    const values = new Map<string, Uint8Array>();
    const storage: Storage = {
      get: async (key) => values.get(key),
      set: async (key, value) => void values.set(key, value),
      delete: async (key) => void values.delete(key),
    };
    const suite = storageConformance(() => ({ storage }));
    await expect(suite.find(({ name }) => name.startsWith('keeps a copy'))?.run()).rejects.toThrow(
      'expected bytes 1,2',
    );
  });

  it('a generator of 31 bits', async () => {
    const source = new SeededRng(7);
    const suite = rngConformance(() => ({ rng: { uint32: () => source.uint32() >>> 1 } }));
    const results = await Promise.allSettled(suite.map(({ run }) => run()));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
