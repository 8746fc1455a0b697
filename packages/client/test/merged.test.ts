import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeSet, elementId, encodeCounter, encodeSet, MAX_RECORD_BYTES } from '@peerpigeon/dht';
import { DhtCounter } from '../src/dht/counter.js';
import type { DhtMergedOptions } from '../src/dht/handle.js';
import { MergedKeys } from '../src/dht/merged-keys.js';
import { DhtSet } from '../src/dht/set.js';
import type { PeerPigeonMesh } from '../src/index.js';
import { MemoryParts } from './memory-parts.js';
import { URL, World } from './world.js';

const [ann, bob] = ['a'.repeat(40), 'b'.repeat(40)];
const LIKES = 'counter/likes';
const NOW = 1_700_000_000_000;

/** One process of a peer. */
class Peer {
  readonly keys: MergedKeys;
  private readonly id: string;

  constructor(parts: MemoryParts, id: string) {
    this.id = id;
    this.keys = new MergedKeys(parts.of(id), id);
  }

  counter(key = 'likes', options: DhtMergedOptions = {}): DhtCounter {
    return new DhtCounter(key, () => this.keys, options);
  }

  set<Element = string>(key = 'tags', options: DhtMergedOptions = {}): DhtSet<Element> {
    return new DhtSet(
      key,
      () => this.keys,
      options,
      this.id,
      () => NOW + 0.5,
    );
  }
}

function two(): { parts: MemoryParts; A: Peer; B: Peer } {
  const parts = new MemoryParts();
  return { parts, A: new Peer(parts, ann), B: new Peer(parts, bob) };
}

/** Holds answers back until it is called. */
function hold(parts: MemoryParts): () => void {
  let go = (): void => {};
  parts.gate = new Promise((resolve) => (go = resolve));
  return go;
}

const error = (code: string): object => expect.objectContaining({ code }) as object;

describe('a counter', () => {
  it('counts what each has added', async () => {
    const { A, B } = two();
    const counter = A.counter();
    expect(await counter.value()).toBe(0);
    await counter.add();
    await B.counter().add(-5);
    await counter.add(7);
    expect(await counter.value()).toBe(3);
    expect(await B.counter().value()).toBe(3);
    expect(await B.counter('another').value()).toBe(0);
  });

  it('what is added at once is stored together, and none of it is lost, whichever handle it came through', async () => {
    const { parts, A } = two();
    const counter = A.counter();
    await Promise.all([1, 2, 3, 4].map((n) => (n % 2 === 0 ? A.counter() : counter).add(n)));
    expect(await counter.value()).toBe(10);
    expect(parts.calls.filter((call) => call === 'put a')).toHaveLength(2);
  });

  it('a new process reads its own part back before it adds', async () => {
    const { parts, A } = two();
    await A.counter().add(5);
    const again = new Peer(parts, ann);
    parts.calls.length = 0;
    await Promise.all([again.counter().add(1), again.counter().add(1)]);
    await again.counter().add(1);
    expect(parts.calls).toEqual(['all a', 'put a', 'put a', 'put a']);
    expect(await again.counter().value()).toBe(8);
  });

  it.each(['before', 'after'] as const)(
    'what failed %s it was stored can be tried again: it counts once',
    async (when) => {
      const { parts, A, B } = two();
      const counter = A.counter();
      await counter.add(1);
      parts.failing = when;
      await expect(counter.add(10)).rejects.toThrow(error('TIMEOUT'));
      // Until then it is as others see it.
      expect(await counter.value()).toBe(when === 'before' ? 1 : 11);
      await counter.add(10);
      expect(await counter.value()).toBe(11);
      expect(await B.counter().value()).toBe(11);
    },
  );

  it('without the own part nothing is written', async () => {
    const { parts, A } = two();
    parts.unreachable = true;
    await expect(A.counter().add()).rejects.toThrow(error('UNREACHABLE'));
    expect(parts.calls).toEqual(['all a']);
    parts.unreachable = false;
    await A.counter().add(2);
    expect(await A.counter().value()).toBe(2);
  });

  it('what is yet to be put when the mesh leaves fails', async () => {
    const { parts, A } = two();
    const counter = A.counter();
    await counter.add(1);
    const all = Promise.allSettled([counter.add(2), counter.add(4)]);
    A.keys.leave();
    expect(await all).toMatchObject([{ reason: error('DISCONNECTED') }, { reason: error('DISCONNECTED') }]);
    const go = hold(parts);
    const fresh = new Peer(parts, bob);
    const more = Promise.allSettled([fresh.counter().add(8), fresh.set().delete('x')]);
    fresh.keys.leave();
    go();
    expect(await more).toMatchObject([{ reason: error('DISCONNECTED') }, { reason: error('DISCONNECTED') }]);
    await counter.add(16);
    expect(await counter.value()).toBe(17);
  });

  it('one that cannot be added fails, the others with it do not', async () => {
    const { A } = two();
    const counter = A.counter();
    const max = Number.MAX_SAFE_INTEGER;
    const [first, second, third] = await Promise.allSettled([counter.add(max), counter.add(1), counter.add(-1)]);
    expect([first, third].map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect(second).toMatchObject({ status: 'rejected', reason: error('OUT_OF_RANGE') });
    expect(await counter.value()).toBe(max - 1);
    await expect(counter.add(0.5)).rejects.toThrow(error('OUT_OF_RANGE'));
    await expect(counter.add('1' as unknown as number)).rejects.toThrow(error('INVALID_TYPE'));
  });

  it('what others store that is no part is passed over, and counted', async () => {
    const { parts, A } = two();
    const counter = A.counter();
    await counter.add(2);
    parts.store(LIKES, bob, Uint8Array.of(1, 2, 3));
    expect(await counter.value()).toBe(2);
    expect(A.keys.unreadable).toBe(1);
    await counter.add(1);
    expect(await counter.value()).toBe(3);
  });

  it('its own put is seen at once, also where holders are behind', async () => {
    const { parts, A } = two();
    await A.counter().add(5);
    parts.stored.get(LIKES)?.clear();
    expect(await A.counter().value()).toBe(5);
    parts.stored.get(LIKES)?.clear();
    const watch = A.counter().watch();
    expect(await watch.next()).toEqual({ value: 5, done: false });
    await watch.return?.();
  });

  it('is watched: the present value, then each that differs, the last one for who is slow', async () => {
    const { parts, A, B } = two();
    await A.counter().add(1);
    const watch = B.counter().watch();
    expect(await watch.next()).toEqual({ value: 1, done: false });
    const next = watch.next();
    await A.counter().add(1);
    expect(await next).toEqual({ value: 2, done: false });
    await A.counter().add(0);
    await A.counter().add(5);
    await B.counter().add(1);
    parts.store(LIKES, 'c'.repeat(40), Uint8Array.of(9));
    expect(await watch.next()).toEqual({ value: 8, done: false });
    parts.expire(LIKES, ann);
    expect(await watch.next()).toEqual({ value: 1, done: false });
    expect(parts.listening).toBe(1);
    await watch.return?.();
    expect(parts.listening).toBe(0);
  });

  it('a change during the first answer is not lost, nor undone by it', async () => {
    const { parts, A, B } = two();
    await A.counter().add(1);
    const go = hold(parts);
    const watch = B.counter().watch();
    const value = encodeCounter({ up: 9, down: 0 });
    parts.store(LIKES, ann, value);
    go();
    expect(await watch.next()).toEqual({ value: 9, done: false });
    await watch.return?.();
  });

  it('a watch ends with close() and when the mesh leaves, before the first answer, too; it rejects if that fails', async () => {
    const { parts, A } = two();
    for (const end of ['close', 'leave'] as const) {
      const counter = A.counter();
      const go = hold(parts);
      const watch = counter.watch();
      if (end === 'close') counter.close();
      else A.keys.leave();
      expect(await watch.next()).toEqual({ value: undefined, done: true });
      go();
      await vi.waitFor(() => expect(parts.listening).toBe(0));
    }
    parts.unreachable = true;
    await expect(A.counter().watch().next()).rejects.toThrow(error('UNREACHABLE'));
    expect(parts.listening).toBe(0);
  });

  it('closed, it does no more; others of its key do', async () => {
    const { A } = two();
    const [counter, other] = [A.counter(), A.counter()];
    await counter.add(1);
    const watch = other.watch();
    await watch.next();
    counter.close();
    counter.close();
    await expect(counter.add()).rejects.toThrow(error('CLOSED'));
    await expect(counter.value()).rejects.toThrow(error('CLOSED'));
    expect(() => counter.watch()).toThrow(error('CLOSED'));
    await other.add(1);
    expect(await watch.next()).toEqual({ value: 2, done: false });
    other.close();
  });

  it('takes a key of 1 to 248 bytes, and two options', async () => {
    const { parts, A } = two();
    expect(A.counter('k'.repeat(248)).key).toHaveLength(248);
    expect(() => A.counter('k'.repeat(249))).toThrow('key: expected 1 to 248 bytes of UTF-8 for a counter, got 249');
    expect(() => A.set('é'.repeat(126))).not.toThrow();
    expect(() => A.set('é'.repeat(127))).toThrow(error('OUT_OF_RANGE'));
    expect(() => A.counter('')).toThrow(error('OUT_OF_RANGE'));
    expect(() => A.counter('k', { ttlMs: 172_800_001 })).toThrow(error('OUT_OF_RANGE'));
    expect(() => A.counter('k', { replicas: 0 })).toThrow(error('OUT_OF_RANGE'));
    expect(() => A.counter('k', { ttl: 1 } as object)).toThrow(error('INVALID_TYPE'));
    await A.counter('k', { ttlMs: 172_800_000, replicas: 16 }).add();
    expect(parts.options).toEqual([{ ttlMs: 172_800_000, replicas: 16 }]);
  });

  it('beyond 4,096 keys those that are not in use give way, and lose nothing', async () => {
    const { parts, A } = two();
    const used = A.counter('used');
    const [watch, counter] = [used.watch(), A.counter('other')];
    await watch.next();
    await counter.add(3);
    for (let i = 0; i < 4_096; i++) await A.counter(`key ${i}`).value();
    parts.calls.length = 0;
    await counter.add(4);
    expect(parts.calls).toEqual(['all a', 'put a']);
    expect(await counter.value()).toBe(7);
    A.keys.leave();
    expect((await watch.next()).done).toBe(true);
  });
});

describe('a set', () => {
  it('has what anybody added and nobody deleted, in the same order at all peers', async () => {
    const { A, B } = two();
    await Promise.all([A.set().add('x'), A.set().add('y'), B.set().add('z'), B.set().add('y')]);
    for (const peer of [A, B]) expect(await peer.set().values()).toEqual(['x', 'y', 'z']);
    expect(await B.set().delete('x')).toBe(true);
    expect(await B.set().delete('x')).toBe(false);
    expect(await A.set().delete('y')).toBe(true);
    expect(await A.set().has('y')).toBe(false);
    expect(await A.set().has('z')).toBe(true);
    expect(await A.set('others').values()).toEqual([]);
  });

  it('delete looks at what others say now; what is added at the same time stays', async () => {
    const { parts, A, B } = two();
    await A.set().add('x');
    await B.set().values();
    await A.set().add('y');
    expect(await B.set().delete('y')).toBe(true);
    const go = hold(parts);
    const deleted = B.set().delete('x');
    const added = A.set().add('x');
    go();
    await Promise.all([deleted, added]);
    expect(await A.set().values()).toEqual(['x']);
  });

  it('elements are plain data, and copies of what was given', async () => {
    const { A, B } = two();
    const element = { id: 1, tags: new Set(['a']) };
    const set = A.set<typeof element>();
    await set.add(element);
    element.id = 2;
    expect(await B.set().values()).toEqual([{ id: 1, tags: new Set(['a']) }]);
    (await set.values())[0]!.id = 3;
    expect(await set.has({ id: 1, tags: new Set(['a']) })).toBe(true);
    await expect(A.set<unknown>().add(() => 1)).rejects.toThrow(error('INVALID_TYPE'));
    await expect(A.set<unknown>().add({ run: () => 1 })).rejects.toThrow('element.run: functions cannot be sent');
    await expect(A.set().has('x'.repeat(MAX_RECORD_BYTES))).rejects.toThrow(error('OUT_OF_RANGE'));
  });

  it('a peer has 16 KiB: what is over fails, what is with it does not', async () => {
    const { A } = two();
    const set = A.set();
    const many = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => set.add(`${i}`.padEnd(1_000))));
    const failed = many.filter(({ status }) => status === 'rejected');
    expect(failed).toHaveLength(4);
    for (const one of failed) expect(one).toMatchObject({ reason: error('OUT_OF_RANGE') });
    expect(await set.values()).toHaveLength(16);
    expect(await set.delete('0'.padEnd(1_000))).toBe(true);
    await set.add('x'.padEnd(1_000));
  });

  it('is watched', async () => {
    const { A, B } = two();
    const watch = B.set().watch();
    expect((await watch.next()).value).toEqual([]);
    await A.set().add('x');
    expect((await watch.next()).value).toEqual(['x']);
    await B.set().add('x');
    await A.set().add('y');
    expect((await watch.next()).value).toEqual(['x', 'y']);
    B.keys.leave();
    expect((await watch.next()).done).toBe(true);
  });

  it('what is deleted stays deleted when who deleted it has left: who had added it takes it back at once', async () => {
    const { parts, A, B } = two();
    await A.set().add('x');
    await A.set().add('y');
    await B.set().delete('x');
    await vi.waitFor(() => expect(parts.calls.at(-1)).toBe('put a'));
    parts.expire('set/tags', bob);
    expect(await A.set().values()).toEqual(['y']);
    // It follows the set only as long as it has something in it.
    expect(parts.listening).toBe(1);
    await B.set().delete('y');
    await vi.waitFor(() => expect(parts.listening).toBe(0));
    expect(decodeSet(parts.stored.get('set/tags')!.get(ann)!.value).added.size).toBe(0);
  });

  it('who only adds, and who only deletes, fill no part', async () => {
    const { parts, A, B } = two();
    const element = (i: number): string => `${i}`.padEnd(1_000);
    for (let i = 0; i < 50; i++) {
      await A.set().add(element(i));
      expect(await B.set().delete(element(i))).toBe(true);
    }
    await vi.waitFor(() => expect(parts.listening).toBe(0));
    for (const { value } of parts.stored.get('set/tags')!.values()) expect(value.length).toBeLessThan(100);
  });

  it('an author that cannot follow looks with each change, and tries again', async () => {
    const { parts, A, B } = two();
    await A.set().add('x');
    await B.set().add('y');
    expect(parts.listening).toBe(2);
    const fresh = new Peer(parts, 'c'.repeat(40));
    parts.unsubscribable = true;
    await fresh.set().add('z');
    await vi.waitFor(() => expect(parts.listening).toBe(2));
    await B.set().delete('z');
    parts.unsubscribable = false;
    parts.calls.length = 0;
    await fresh.set().add('w');
    expect(parts.calls).toEqual(['all c', 'put c']);
    expect(decodeSet(parts.stored.get('set/tags')!.get('c'.repeat(40))!.value).added.size).toBe(1);
    expect(parts.listening).toBe(3);
  });

  it('what cannot be taken back is with the next change', async () => {
    const { parts, A } = two();
    await A.set().add('x');
    await A.set().add('y');
    const { added } = decodeSet(parts.stored.get('set/tags')!.get(ann)!.value);
    const removed = new Map([[ann, new Set([added.get(elementId('x'))!])]]);
    parts.failing = 'before';
    parts.store('set/tags', bob, encodeSet({ next: 1, added: new Map(), removed }, new Map()));
    await vi.waitFor(() => expect(parts.failing).toBeUndefined());
    expect(decodeSet(parts.stored.get('set/tags')!.get(ann)!.value).added.size).toBe(2);
    await A.set().add('z');
    parts.expire('set/tags', bob);
    expect(await A.set().values()).toEqual(['y', 'z']);
  });

  it('has nothing to do with a counter of its key', async () => {
    const { A } = two();
    await A.set('k').add('x');
    await A.counter('k').add(1);
    expect(await A.set('k').values()).toEqual(['x']);
    expect(await A.counter('k').value()).toBe(1);
  });

  it('a new process goes on with its own part', async () => {
    const { parts, A, B } = two();
    await A.set().add('x');
    await B.set().add('y');
    const again = new Peer(parts, ann);
    await again.set().add('z');
    expect(await again.set().values()).toEqual(['x', 'y', 'z']);
  });
});

describe('in a mesh', () => {
  let world: World;
  afterEach(() => world.close());

  async function some(count: number): Promise<PeerPigeonMesh[]> {
    world = new World();
    return world.full(count, { maxPeers: 8 });
  }

  it('all count at one counter, and see each other', async () => {
    const meshes = await some(5);
    const counters = meshes.map((mesh) => mesh.dht.counter('likes'));
    await Promise.all(counters.flatMap((counter, n) => [counter.add(n), counter.add(n)]));
    for (const counter of counters) expect(await counter.value()).toBe(20);
    const watch = meshes[0]!.dht.counter('likes').watch();
    expect(await watch.next()).toEqual({ value: 20, done: false });
    await counters[4]!.add(-1);
    expect(await watch.next()).toEqual({ value: 19, done: false });
    const adding = counters[0]!.add(3);
    meshes[0]!.disconnect();
    await expect(adding).rejects.toThrow(error('DISCONNECTED'));
    expect((await watch.next()).done).toBe(true);
    await expect(counters[0]!.add()).rejects.toThrow(error('NOT_CONNECTED'));
    await meshes[0]!.connect(URL);
    await vi.waitUntil(() => meshes[0]!.getConnectedPeerCount() === 4, { timeout: 10_000 });
    await counters[0]!.add(2);
    expect(await counters[3]!.value()).toBe(21);
  });

  it('all change one set', async () => {
    const [first, second, third] = (await some(3)) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
    const watch = third.dht.set<string>('players').watch();
    expect((await watch.next()).value).toEqual([]);
    await first.dht.set('players').add('ann');
    await vi.waitFor(async () => expect((await watch.next()).value).toEqual(['ann']));
    expect(await second.dht.set('players').delete('ann')).toBe(true);
    expect((await watch.next()).value).toEqual([]);
    expect(await first.dht.set('players').values()).toEqual([]);
  });

  it('without a dht, or before connect(), there are none', () => {
    world = new World();
    expect(() => world.mesh({ enableWebDHT: false }).dht.counter('likes')).toThrow(error('NOT_AVAILABLE'));
    expect(() => world.mesh().dht.set('tags')).toThrow(error('NOT_INITIALIZED'));
  });
});
