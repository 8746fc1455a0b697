import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerPigeonError } from '@peerpigeon/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { memoryStorage, type MeshOptions, type PeerPigeonMesh, type Storage, type Store } from '../src/index.js';
import { nodeStorage } from '../src/adapters/node-storage.js';
import { tape, URL, World } from './world.js';

let world: World;
afterEach(() => world.close());

/** A storage that outlives its meshes: what a disk is to a process. */
class Disk implements Storage {
  readonly namespaces = new Map<string, Map<string, Uint8Array>>();
  /** Stores that are open. */
  count = 0;
  /** While it is set, nothing is written. */
  held: Promise<void> | undefined;
  broken = false;

  async open(namespace: string): Promise<Store> {
    if (this.broken) throw new PeerPigeonError('STORAGE_FAILED', 'broken', { details: { reason: 'failed' } });
    if (this.count > 0) throw new PeerPigeonError('STORAGE_FAILED', 'in use', { details: { reason: 'inUse' } });
    this.count++;
    const values = this.namespaces.get(namespace) ?? new Map<string, Uint8Array>();
    this.namespaces.set(namespace, values);
    const write = async (act: () => void): Promise<void> => {
      await this.held;
      if (this.broken) throw new PeerPigeonError('STORAGE_FAILED', 'broken', { details: { reason: 'full' } });
      act();
    };
    return {
      durable: true,
      get: async (key) => values.get(key),
      set: async (key, value) => write(() => values.set(key, value.slice())),
      delete: async (key) => write(() => values.delete(key)),
      async *entries() {
        yield* new Map(values);
      },
      close: async () => {
        this.count--;
      },
    };
  }
}

function alone(options: MeshOptions): PeerPigeonMesh {
  world ??= new World();
  return world.mesh({ peerId: 'keeper', ...options });
}

async function joined(options: MeshOptions): Promise<PeerPigeonMesh> {
  const mesh = alone(options);
  await mesh.connect(URL);
  return mesh;
}

describe('storage', () => {
  it('a restarted peer with the same id serves its records again, large ones too', async () => {
    world = new World();
    const disk = new Disk();
    const first = await joined({ storage: disk });
    const large = new Uint8Array(100_000).fill(7);
    await first.dhtPut('small', { kept: true });
    await first.dhtPut('large', large);
    expect(first.dht.stats()).toMatchObject({ durable: true, restored: 0 });
    const { keys } = first.dht.stats();
    expect([...disk.namespaces.keys()]).toEqual([`global/${first.peerId}`]);
    first.disconnect();
    await vi.waitUntil(() => disk.count === 0);
    const second = await joined({ storage: disk });
    expect(second.dht.stats()).toMatchObject({ durable: true, restored: keys, unreadable: 0, keys });
    const reader = world.mesh();
    await reader.connect(URL);
    expect(await reader.dhtGet('small')).toEqual({ kept: true });
    expect(await reader.dhtGet('large')).toEqual(large);
  });

  it('of Node: a peer that has left may come back at once', async () => {
    world = new World();
    const folder = await mkdtemp(join(tmpdir(), 'peerpigeon-'));
    const first = await joined({ storage: nodeStorage(folder) });
    await first.dhtPut('key', [1, 2, 3]);
    await first[Symbol.asyncDispose]();
    const second = await joined({ storage: nodeStorage(folder) });
    expect(second.dht.stats()).toMatchObject({ durable: true, restored: 1 });
    expect(await second.dhtGet('key')).toEqual([1, 2, 3]);
    await second[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('what was deleted, or has expired, does not come back', async () => {
    world = new World();
    const disk = new Disk();
    const first = await joined({ storage: disk });
    await first.dhtPut('deleted', 1);
    await first.dhtDelete('deleted');
    await first.dhtPut('short', 1, { ttlMs: 100 });
    await first.dhtPut('lasting', 1);
    first.disconnect();
    await vi.waitUntil(() => disk.count === 0);
    const before = Date.now();
    await vi.waitUntil(() => Date.now() > before + 150);
    const second = await joined({ storage: disk });
    expect(await second.dhtGet('deleted')).toBeNull();
    expect(await second.dhtGet('short')).toBeNull();
    expect(await second.dhtGet('lasting')).toBe(1);
  });

  it('a put is acknowledged once the store has it', async () => {
    world = new World();
    const disk = new Disk();
    const mesh = await joined({ storage: disk });
    let write = (): void => {};
    disk.held = new Promise((resolve) => (write = resolve));
    let done = false;
    const putting = mesh.dhtPut('key', 1).then(() => (done = true));
    // Alone a put waits for others a while; then for the store.
    await expect(mesh.dhtGet('another')).resolves.toBeNull();
    expect(done).toBe(false);
    write();
    await putting;
    expect([...(disk.namespaces.values().next().value ?? [])]).toHaveLength(1);
  });

  it('is let go by disconnect() and opened again by connect(); await using waits for it', async () => {
    world = new World();
    const disk = new Disk();
    const mesh = await joined({ storage: disk });
    await mesh.dhtPut('key', 1);
    mesh.disconnect();
    await mesh.connect(URL);
    expect(disk.count).toBe(1);
    await mesh.dhtPut('key', 2);
    await mesh[Symbol.asyncDispose]();
    expect(disk.count).toBe(0);
    const again = await joined({ storage: disk });
    expect(await again.dhtGet('key')).toBe(2);
  });

  it('entries that cannot be read are counted and deleted', async () => {
    world = new World();
    const disk = new Disk();
    const first = await joined({ storage: disk });
    await first.dhtPut('key', 1);
    await first[Symbol.asyncDispose]();
    const values = disk.namespaces.get(`global/${first.peerId}`);
    values?.set('rubbish', Uint8Array.of(1, 2, 3));
    const second = await joined({ storage: disk });
    expect(second.dht.stats()).toMatchObject({ restored: 1, unreadable: 1 });
    await vi.waitFor(() => expect(values?.has('rubbish')).toBe(false));
  });

  it('one that cannot be opened is told of, and the mesh goes on', async () => {
    world = new World();
    const disk = new Disk();
    disk.broken = true;
    const mesh = alone({ storage: disk, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    const told = tape(mesh, 'statusChanged');
    await mesh.connect(URL);
    expect(told.filter(({ type }) => type === 'error')).toMatchObject([
      { message: 'the storage of the dht cannot be opened', error: { code: 'STORAGE_FAILED' } },
    ]);
    await mesh.dhtPut('key', 1);
    expect(await mesh.dhtGet('key')).toBe(1);
    expect(mesh.dht.stats().durable).toBe(false);
  });

  it('one that can no longer be written is told of, and does not acknowledge', async () => {
    world = new World();
    const disk = new Disk();
    const mesh = alone({ storage: disk, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    const told = tape(mesh, 'statusChanged');
    await mesh.connect(URL);
    disk.broken = true;
    await expect(mesh.dhtPut('key', 1, { timeoutMs: 4_000 })).rejects.toBeInstanceOf(PeerPigeonError);
    const errors = told.filter(({ type }) => type === 'error');
    expect(errors[0]).toMatchObject({ message: 'the storage of the dht cannot be written' });
  });

  it('one that does not last is not used', async () => {
    world = new World();
    const mesh = await joined({ storage: memoryStorage() });
    await mesh.dhtPut('key', 1);
    expect(mesh.dht.stats()).toMatchObject({ durable: false, keys: 1 });
    expect(await mesh.dhtGet('key')).toBe(1);
  });
});
