import { PeerPigeonError } from '@peerpigeon/core';
import type { Storage, Store } from '@peerpigeon/mesh';

/** The storage port in memory, the default: what a store holds ends with it. */
export function memoryStorage(): Storage {
  return { open: async () => new MemoryStore() };
}

class MemoryStore implements Store {
  readonly durable = false;
  private values: Map<string, Uint8Array> | undefined = new Map();

  async get(key: string): Promise<Uint8Array | undefined> {
    const value = this.opened().get(key);
    return value && new Uint8Array(value);
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    this.opened().set(key, new Uint8Array(value));
  }

  async delete(key: string): Promise<void> {
    this.opened().delete(key);
  }

  async *entries(): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    for (const [key, value] of new Map(this.opened())) {
      this.opened();
      yield [key, new Uint8Array(value)];
    }
  }

  async close(): Promise<void> {
    this.values = undefined;
  }

  private opened(): Map<string, Uint8Array> {
    if (this.values === undefined) throw new PeerPigeonError('CLOSED', 'the store was closed');
    return this.values;
  }
}
