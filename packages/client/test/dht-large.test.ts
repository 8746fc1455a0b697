import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PeerPigeonMesh } from '../src/index.js';
import { tape, World } from './world.js';

const MIB = 1_048_576;

let world: World;
afterEach(() => world.close());

async function three(): Promise<PeerPigeonMesh[]> {
  world = new World();
  return world.full(3, { maxPeers: 8 });
}

function bytesOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => ((n + seed) * 2_654_435_761) >>> 13);
}

const same = (a: unknown, b: Uint8Array): boolean => a instanceof Uint8Array && Buffer.compare(a, b) === 0;

describe('large values', () => {
  it('of exactly 1 MiB come whole from elsewhere', async () => {
    const [ann, bob] = (await three()) as [PeerPigeonMesh, PeerPigeonMesh];
    const bytes = bytesOf(MIB);
    const { copies } = await ann.dhtPut('large', bytes);
    expect(copies).toBe(3);
    expect(same(await bob.dhtGet('large'), bytes)).toBe(true);
  });

  it('of any plain data come in value and type', async () => {
    const [ann, bob] = (await three()) as [PeerPigeonMesh, PeerPigeonMesh];
    const value = { list: Array.from({ length: 5_000 }, (_, n) => ({ n, at: new Date(n) })) };
    await ann.dhtPut('list', value);
    expect(await bob.dhtGet('list')).toEqual(value);
  });

  it('over 1 MiB are refused with what was expected and got', async () => {
    const [ann] = (await three()) as [PeerPigeonMesh];
    await expect(ann.dhtPut('large', new Uint8Array(MIB + 1))).rejects.toMatchObject({
      name: 'RangeError',
      code: 'OUT_OF_RANGE',
      message: `value: expected at most ${MIB} bytes, got ${MIB + 1}`,
    });
    await expect(ann.dhtPut('large', 'x'.repeat(MIB))).rejects.toMatchObject({ code: 'OUT_OF_RANGE' });
  });

  it('S33: subscribers and watchers get the whole value, old and new, in order', async () => {
    const [ann, bob] = (await three()) as [PeerPigeonMesh, PeerPigeonMesh];
    const heard = tape(bob, 'dhtValueChanged');
    await bob.dhtSubscribe('large');
    const watch = bob.dht.watch('large');
    const [first, second] = [bytesOf(100_000), bytesOf(200_000, 7)];
    await ann.dhtPut('large', first);
    await ann.dhtPut('large', 'small');
    await ann.dhtPut('large', second);
    await ann.dhtDelete('large');
    await vi.waitFor(() => expect(heard).toHaveLength(4));
    const [one, two, third, four] = heard;
    expect(same(one?.newValue, first) && one?.oldValue === null).toBe(true);
    expect(same(two?.oldValue, first) && two?.newValue === 'small').toBe(true);
    expect(same(third?.newValue, second) && third?.oldValue === 'small').toBe(true);
    expect(same(four?.oldValue, second) && four?.newValue === null).toBe(true);
    for (const change of heard) expect((await watch.next()).value?.version).toBe(change.version);
  });

  it('CONFLICT carries one', async () => {
    const [ann, bob] = (await three()) as [PeerPigeonMesh, PeerPigeonMesh];
    const bytes = bytesOf(50_000);
    await ann.dhtPut('large', bytes);
    const failure = await bob.dhtPut('large', 1, { expectedVersion: 0 }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'CONFLICT' });
    expect(same((failure as { details: { value: unknown } }).details.value, bytes)).toBe(true);
  });

  it('chunks of one that was replaced or deleted are renewed no more, those that another value has are', async () => {
    const [ann] = (await three()) as [PeerPigeonMesh];
    const published = (): number => ann.dht.stats().published;
    // 4 chunks of 16 KiB and a rest each; all but the first are the same.
    const [first, second] = [bytesOf(70_000), bytesOf(70_000)];
    second[0] = 255 - (second[0] as number);
    await ann.dhtPut('a', first);
    expect(published()).toBe(1 + 5);
    await ann.dhtPut('b', second);
    expect(published()).toBe(2 + 6);
    await ann.dhtPut('a', 'small');
    expect(published()).toBe(2 + 5);
    await ann.dhtDelete('b');
    expect(published()).toBe(1);
  });

  it('a value that ends soon does not shorten the life of one that has the same chunks', async () => {
    const [ann, bob, cid] = (await three()) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
    const bytes = bytesOf(40_000);
    await ann.dhtPut('long', bytes);
    await ann.dhtPut('short', bytes, { ttlMs: 300 });
    await vi.waitFor(async () => expect(await bob.dhtGet('short')).toBeNull(), { timeout: 3_000 });
    expect(same(await cid.dhtGet('long'), bytes)).toBe(true);
  });
});
