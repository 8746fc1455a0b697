import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PeerPigeonMesh } from '../src/index.js';
import { WebDHT, type DhtPutOptions, type MeshOptions } from '../src/index.js';
import { tape, URL, World } from './world.js';

let world: World;
afterEach(() => world.close());

/** So many meshes, all linked with each other. */
async function some(count: number, options: MeshOptions = {}): Promise<PeerPigeonMesh[]> {
  world = new World();
  return world.full(count, { maxPeers: 8, ...options });
}

const error = (code: string): object => expect.objectContaining({ code }) as object;

describe('values', () => {
  it('S30, S31: what one peer puts every other one gets, in value and type', async () => {
    const [ann, ...others] = (await some(5)) as [PeerPigeonMesh, ...PeerPigeonMesh[]];
    const value = { theme: 'dark', when: new Date(7), sizes: new Set([1n, -0]), raw: Uint8Array.of(1, 2) };
    const before = Date.now() - 1_000;
    const { version, copies } = await ann.dhtPut('user-settings', value);
    expect(version).toBeGreaterThanOrEqual(before);
    expect(copies).toBe(5);
    for (const mesh of [ann, ...others]) expect(await mesh.dhtGet('user-settings')).toEqual(value);
    expect(await others[0]?.dht.entry('user-settings')).toEqual({
      value,
      version,
      from: ann.peerId,
      expiresAt: expect.any(Number) as number,
    });
  });

  it('S31: an absent key gives null', async () => {
    const [ann, bob] = (await some(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    expect(await ann.dhtGet('nothing')).toBeNull();
    expect(await bob.dht.entry('nothing')).toBeNull();
  });

  it('S34: dhtUpdate writes a newer version, and creates an absent key', async () => {
    const [ann, bob] = (await some(3)) as [PeerPigeonMesh, PeerPigeonMesh];
    const first = await ann.dhtUpdate('score', 1);
    const second = await bob.dhtUpdate('score', 2);
    const third = await ann.dhtUpdate('score', 3);
    expect(second.version).toBeGreaterThan(first.version);
    expect(third.version).toBeGreaterThan(second.version);
    for (const mesh of [ann, bob]) expect(await mesh.dhtGet('score')).toBe(3);
  });

  it('S36: dhtDelete removes a key for all; a later put brings it back', async () => {
    const [ann, bob] = (await some(3)) as [PeerPigeonMesh, PeerPigeonMesh];
    await ann.dhtPut('gone', 'soon');
    await bob.dhtDelete('gone');
    for (const mesh of [ann, bob]) expect(await mesh.dhtGet('gone')).toBeNull();
    await ann.dhtPut('gone', 'back');
    expect(await bob.dhtGet('gone')).toBe('back');
  });

  it('S37: ttlMs is in milliseconds; an expired key reads as absent', async () => {
    const [ann, bob] = (await some(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    await ann.dhtPut('short', 'life', { ttlMs: 400 });
    expect(await bob.dhtGet('short')).toBe('life');
    await vi.waitFor(async () => expect(await bob.dhtGet('short')).toBeNull(), { timeout: 3_000 });
    expect(await ann.dhtGet('short')).toBeNull();
  });

  it('are kept by one peer alone as well', async () => {
    world = new World();
    const mesh = world.mesh();
    await mesh.connect(URL);
    expect((await mesh.dhtPut('alone', [1, null])).copies).toBe(1);
    expect(await mesh.dhtGet('alone')).toEqual([1, null]);
  });

  it('expectedVersion: CONFLICT with what there is, and nothing is changed', async () => {
    const [ann, bob] = (await some(3)) as [PeerPigeonMesh, PeerPigeonMesh];
    const { version } = await ann.dhtPut('turn', 'white', { expectedVersion: 0 });
    await bob.dhtPut('turn', 'black', { expectedVersion: version });
    const now = await ann.dht.entry('turn');
    for (const lost of [0, version]) {
      await expect(ann.dhtPut('turn', 'mine', { expectedVersion: lost })).rejects.toMatchObject({
        code: 'CONFLICT',
        details: { key: 'turn', expectedVersion: lost, version: now?.version, value: 'black' },
      });
    }
    await expect(ann.dhtDelete('turn', { expectedVersion: version })).rejects.toEqual(error('CONFLICT'));
    expect(await bob.dhtGet('turn')).toBe('black');
    await expect(ann.dhtPut('other', 1, { expectedVersion: 5 })).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { version: 0, value: null },
    });
  });

  it('of many writers at once one wins, the same at all', async () => {
    const meshes = await some(5);
    const writes = await Promise.allSettled(
      meshes.map(async (mesh, n) => mesh.dhtPut('race', n, { expectedVersion: 0 })),
    );
    expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await Promise.all(meshes.map(async (mesh, n) => mesh.dhtPut('free', n)));
    for (const key of ['race', 'free']) {
      const seen = await Promise.all(meshes.map(async (mesh) => mesh.dhtGet(key)));
      expect(new Set(seen).size).toBe(1);
    }
  });

  it('S35: survive the loss of their writer and of other holders', async () => {
    const meshes = await some(6);
    await meshes[0]?.dhtPut('lasting', 'value');
    for (const mesh of meshes.slice(0, 3)) mesh.disconnect();
    for (const mesh of meshes.slice(3)) expect(await mesh.dhtGet('lasting')).toBe('value');
  });
});

describe('subscriptions', () => {
  it('S32, S33: every subscriber hears of each change once, the writer too; unsubscribed, of none', async () => {
    const [ann, bob, cid] = (await some(4)) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
    const heard = [ann, bob, cid].map((mesh) => tape(mesh, 'dhtValueChanged'));
    for (const mesh of [ann, bob, cid]) expect(await mesh.dhtSubscribe('shared-counter')).toBeNull();
    const { version: first } = await ann.dhtPut('shared-counter', 1);
    const { version: second } = await bob.dhtUpdate('shared-counter', { n: 2 });
    const { version: third } = await bob.dhtDelete('shared-counter');
    const [a, b] = [ann.peerId, bob.peerId];
    const changes = [
      { key: 'shared-counter', newValue: 1, oldValue: null, version: first, from: a },
      { key: 'shared-counter', newValue: { n: 2 }, oldValue: 1, version: second, from: b },
      { key: 'shared-counter', newValue: null, oldValue: { n: 2 }, version: third, from: b },
    ];
    await vi.waitFor(() => expect(heard).toEqual([changes, changes, changes]));
    await cid.dhtUnsubscribe('shared-counter');
    await ann.dhtPut('shared-counter', 4);
    await vi.waitFor(() => expect(heard.map(({ length }) => length)).toEqual([4, 4, 3]));
    expect(cid.dht.stats().subscriptions).toBe(0);
    expect(await cid.dhtSubscribe('shared-counter')).toBe(4);
  });

  it('end at once, and are harmless to end twice', async () => {
    const [ann] = (await some(2)) as [PeerPigeonMesh];
    await ann.dhtSubscribe('key');
    await ann.dhtUnsubscribe('key');
    await ann.dhtUnsubscribe('key');
    await ann.dhtUnsubscribe('never subscribed');
    expect(ann.dht.stats().subscriptions).toBe(0);
  });

  it('S37: an expired value is told of as deleted', async () => {
    const [ann, bob] = (await some(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const heard = tape(bob, 'dhtValueChanged');
    await ann.dhtPut('short', 1, { ttlMs: 300 });
    expect(await bob.dhtSubscribe('short')).toBe(1);
    await vi.waitFor(() => expect(heard).toMatchObject([{ newValue: null, oldValue: 1 }]), { timeout: 3_000 });
  });

  it('go on after disconnect() and connect()', async () => {
    const [ann, bob] = (await some(3)) as [PeerPigeonMesh, PeerPigeonMesh];
    const heard = tape(ann, 'dhtValueChanged');
    await ann.dhtSubscribe('key');
    ann.disconnect();
    await ann.connect(URL);
    await vi.waitUntil(() => ann.getConnectedPeerCount() === 2, { timeout: 10_000 });
    await bob.dhtPut('key', 'later');
    await vi.waitFor(() => expect(heard).toMatchObject([{ newValue: 'later', from: bob.peerId }]), { timeout: 5_000 });
  });
});

describe('watch', () => {
  it('gives what is there, then each change, and shares its subscription', async () => {
    const [ann, bob] = (await some(3)) as [PeerPigeonMesh, PeerPigeonMesh];
    await ann.dhtPut('key', 1);
    const [one, two] = [bob.dht.watch<number>('key'), bob.dht.watch<number>('key')];
    for (const watch of [one, two]) {
      expect((await watch.next()).value).toMatchObject({ value: 1, from: ann.peerId });
    }
    expect(await bob.dhtSubscribe('key')).toBe(1);
    expect(bob.dht.stats().subscriptions).toBe(1);
    const { version } = await bob.dhtPut('key', 2);
    await bob.dhtDelete('key');
    for (const watch of [one, two]) {
      expect((await watch.next()).value).toEqual({ value: 2, version, from: bob.peerId });
      expect((await watch.next()).value).toMatchObject({ value: null });
    }
    await one.return?.();
    await bob.dhtUnsubscribe('key');
    expect(bob.dht.stats().subscriptions).toBe(1);
    await two.return?.();
    expect(bob.dht.stats().subscriptions).toBe(0);
    expect(await two.next()).toEqual({ value: undefined, done: true });
  });

  it('of an absent key waits for it; it ends with disconnect()', async () => {
    const [ann, bob] = (await some(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const heard = tape(bob, 'dhtValueChanged');
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const { value } of bob.dht.watch('key')) seen.push(value);
    })();
    await ann.dhtPut('key', 'new');
    await vi.waitFor(() => expect(seen).toEqual(['new']));
    bob.disconnect();
    await reading;
    // A watch is no dhtSubscribe().
    expect(heard).toEqual([]);
  });

  it('that is read slowly has the newest 64', async () => {
    const [ann] = (await some(2)) as [PeerPigeonMesh];
    const watch = ann.dht.watch<number>('key');
    for (let n = 1; n <= 70; n++) await ann.dhtPut('key', n);
    await vi.waitFor(async () => expect(await ann.dhtGet('key')).toBe(70));
    expect((await watch.next()).value?.value).toBe(7);
  });
});

describe('errors', () => {
  it('S6, S9: mesh.dht is there from the first; before init() and connect() it says so', async () => {
    world = new World();
    const mesh = world.mesh();
    expect(mesh.dht).toBeInstanceOf(WebDHT);
    await expect(mesh.dhtPut('key', 1)).rejects.toEqual(error('NOT_INITIALIZED'));
    expect(() => mesh.dht.stats()).toThrow(error('NOT_INITIALIZED'));
    await mesh.init();
    expect(mesh.dht.stats()).toMatchObject({ keys: 0, durable: false, restored: 0 });
    await expect(mesh.dhtGet('key')).rejects.toEqual(error('NOT_CONNECTED'));
    expect(() => mesh.dht.watch('key')).toThrow(error('NOT_CONNECTED'));
  });

  it('S7, S36: with enableWebDHT false every method says how to enable it', async () => {
    world = new World();
    const mesh = world.mesh({ enableWebDHT: false });
    const calls: (() => unknown)[] = [
      () => mesh.dhtPut('key', 1),
      () => mesh.dhtGet('key'),
      () => mesh.dhtUpdate('key', 1),
      () => mesh.dhtDelete('key'),
      () => mesh.dhtSubscribe('key'),
      () => mesh.dhtUnsubscribe('key'),
      () => mesh.dht.entry('key'),
      () => mesh.dht.watch('key'),
      () => mesh.dht.stats(),
    ];
    const disabled = { code: 'NOT_AVAILABLE', message: expect.stringContaining('enableWebDHT: true') as string };
    const check = async (): Promise<void> => {
      for (const call of calls) await expect((async () => call())()).rejects.toMatchObject(disabled);
    };
    await check();
    await mesh.connect(URL);
    await check();
  });

  it.each([
    ['', 'OUT_OF_RANGE', /1 to 256 bytes of UTF-8, got 0/],
    ['k'.repeat(257), 'OUT_OF_RANGE', /got 257/],
    ['é'.repeat(129), 'OUT_OF_RANGE', /got 258/],
    ['\ud800', 'INVALID_TYPE', /well-formed/],
    [7, 'INVALID_TYPE', /expected string, got number/],
    [undefined, 'INVALID_TYPE', /expected string, got undefined/],
  ])('of the key %j', async (key, code, message) => {
    const [ann] = (await some(1)) as [PeerPigeonMesh];
    const wrong = { code, message: expect.stringMatching(message) as string };
    for (const call of [ann.dhtPut(key as string, 1), ann.dhtGet(key as string), ann.dhtSubscribe(key as string)]) {
      await expect(call).rejects.toMatchObject(wrong);
    }
    await expect(ann.dhtUnsubscribe(key as string)).rejects.toMatchObject(wrong);
    expect(() => ann.dht.watch(key as string)).toThrow(message);
  });

  it('a key of 256 bytes is one', async () => {
    const [ann] = (await some(2)) as [PeerPigeonMesh];
    await ann.dhtPut('é'.repeat(128), 1);
    expect(await ann.dhtGet('é'.repeat(128))).toBe(1);
  });

  it.each([
    [{ ttlMs: 0 }, 'OUT_OF_RANGE', 'ttlMs'],
    [{ ttlMs: 172_800_001 }, 'OUT_OF_RANGE', '172800000'],
    [{ ttlMs: '5' }, 'INVALID_TYPE', 'ttlMs'],
    [{ ttl: 5 }, 'INVALID_TYPE', 'options.ttl: no such option'],
    [{ replicas: 17 }, 'OUT_OF_RANGE', 'replicas'],
    [{ expectedVersion: -1 }, 'OUT_OF_RANGE', 'expectedVersion'],
    [{ timeoutMs: 0 }, 'OUT_OF_RANGE', 'timeoutMs'],
    [{ signal: 1 }, 'INVALID_TYPE', 'signal'],
    [null, 'INVALID_TYPE', 'options: expected object'],
  ])('of the options %j', async (options, code, message) => {
    const [ann] = (await some(2)) as [PeerPigeonMesh];
    const wrong = { code, message: expect.stringContaining(message) as string };
    await expect(ann.dhtPut('key', 1, options as DhtPutOptions)).rejects.toMatchObject(wrong);
    expect(await ann.dhtGet('key')).toBeNull();
  });

  it('of a quorum, and of values that are no plain data', async () => {
    const [ann] = (await some(1)) as [PeerPigeonMesh];
    await expect(ann.dhtGet('key', { quorum: 9 })).rejects.toEqual(error('OUT_OF_RANGE'));
    await expect(ann.dhtPut('key', undefined)).rejects.toEqual(error('INVALID_TYPE'));
    await expect(ann.dhtPut('key', { run: () => 1 })).rejects.toMatchObject({
      code: 'INVALID_TYPE',
      message: expect.stringContaining('value.run') as string,
    });
  });

  it('ABORTED by a signal, before and meanwhile; DISCONNECTED by disconnect()', async () => {
    const [ann] = (await some(2)) as [PeerPigeonMesh];
    await expect(ann.dhtGet('key', { signal: AbortSignal.abort() })).rejects.toEqual(error('ABORTED'));
    const controller = new AbortController();
    const calls = [
      ann.dhtGet('key', { signal: controller.signal }),
      ann.dhtPut('key', 'x'.repeat(50_000), { signal: controller.signal }),
      ann.dhtSubscribe('key', { signal: controller.signal }),
    ];
    controller.abort();
    for (const call of calls) await expect(call).rejects.toEqual(error('ABORTED'));
    expect(ann.dht.stats().subscriptions).toBe(0);
    const waiting = [ann.dhtGet('key'), ann.dhtPut('key', 1), ann.dhtSubscribe('key')];
    ann.disconnect();
    for (const call of waiting) await expect(call).rejects.toEqual(error('DISCONNECTED'));
  });

  it('TIMEOUT when nobody answers', async () => {
    const [ann] = (await some(2)) as [PeerPigeonMesh];
    world.links.mute = true;
    const watch = ann.dht.watch('key');
    for (const call of [ann.dhtGet('key', { timeoutMs: 300 }), ann.dhtSubscribe('key', { timeoutMs: 300 })]) {
      await expect(call).rejects.toEqual(error('TIMEOUT'));
    }
    ann.disconnect();
    expect(await watch.next()).toEqual({ value: undefined, done: true });
  });
});
