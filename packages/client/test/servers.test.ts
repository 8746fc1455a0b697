import { PeerPigeonError } from '@peerpigeon/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SignalingClient, type ConnectOptions, type PeerPigeonMesh } from '../src/index.js';
import { tape, World } from './world.js';
import { VirtualClock } from './virtual-clock.js';

const [A, B, C] = ['ws://a.test', 'ws://b.test', 'ws://c.test'] as const;

let world: World;
let clock: VirtualClock;
beforeEach(() => {
  world = new World();
  clock = new VirtualClock();
});
afterEach(() => {
  world.close();
  vi.unstubAllGlobals();
});

function newMesh(peerId?: string): PeerPigeonMesh {
  return world.mesh({
    ports: { clock },
    transfer: false,
    enableWebDHT: false,
    ...(peerId !== undefined && { peerId }),
  });
}

/** What `connect` came to, and after how long. */
async function outcome(
  mesh: PeerPigeonMesh,
  urls: readonly string[],
  options: ConnectOptions = {},
): Promise<{ readonly afterMs: number; readonly error: PeerPigeonError | undefined }> {
  const end: { at?: number; error?: unknown } = {};
  await mesh.init();
  const beganAt = clock.now();
  void mesh.connect(urls, options).then(
    () => (end.at = clock.now()),
    (error: unknown) => Object.assign(end, { at: clock.now(), error }),
  );
  while (end.at === undefined) await clock.advance(10);
  expect(end.error === undefined || end.error instanceof PeerPigeonError).toBe(true);
  return { afterMs: end.at - beganAt, error: end.error as PeerPigeonError | undefined };
}

describe('several servers', () => {
  it('S10, S46: the first that accepts; events and status tell which', async () => {
    world.signaling.down.add('a.test');
    const mesh = newMesh();
    const [connected, statuses] = [tape(mesh, 'connected'), tape(mesh, 'statusChanged')];
    expect(await outcome(mesh, [A, 'http://b.test/x', 'ws://b.test/x', C])).toMatchObject({ error: undefined });
    expect(world.signaling.asked).toEqual(['a.test', 'b.test']);
    expect(connected).toEqual([{ url: 'ws://b.test/x' }]);
    expect(mesh.getStatus()).toMatchObject({ connected: true, signalingUrl: 'ws://b.test/x' });
    expect(statuses).toContainEqual(expect.objectContaining({ type: 'connecting', url: A }));
    expect(statuses).toContainEqual(expect.objectContaining({ type: 'reconnecting', url: A, code: 1006 }));
    mesh.disconnect();
    expect(mesh.getStatus().signalingUrl).toBe('ws://b.test/x');
  });

  it('S10: a server that says nothing costs its time and no more', async () => {
    world.signaling.silent.add('a.test');
    const slow = await outcome(newMesh(), [A, B]);
    expect(slow.error).toBeUndefined();
    expect(slow.afterMs).toBeGreaterThanOrEqual(10_000);
    expect(slow.afterMs).toBeLessThan(10_100);
    const quick = await outcome(newMesh(), [A, B], { timeoutMs: 2_000 });
    expect(quick.error).toBeUndefined();
    expect(quick.afterMs).toBeLessThan(2_100);
  });

  it('S10: in vain: the error names every server and why', async () => {
    world.signaling.down.add('a.test');
    world.signaling.silent.add('b.test');
    const mixed = await outcome(newMesh(), [A, B], { timeoutMs: 3_000 });
    expect(mixed.error).toMatchObject({
      code: 'SIGNALING_UNREACHABLE',
      details: { failures: { [A]: 'no reason given (1006)', [B]: 'no connection in time (1006)' } },
    });
    expect(mixed.error?.message).toMatch(/ws:\/\/a\.test: .*1006.*; ws:\/\/b\.test: no connection in time/);
    expect(mixed.afterMs).toBeLessThan(3_100);

    world.signaling.silent.add('a.test');
    world.signaling.down.clear();
    const silent = await outcome(newMesh(), [A, B], { timeoutMs: 3_000 });
    expect(silent.error).toMatchObject({ code: 'TIMEOUT' });
    expect(silent.afterMs).toBeGreaterThanOrEqual(5_990);
    expect(silent.afterMs).toBeLessThan(6_100);
  });

  it('S10: within its time it goes on trying, and a server that comes up meanwhile is found', async () => {
    for (const host of ['a.test', 'b.test']) world.signaling.down.add(host);
    const mesh = newMesh();
    await mesh.init();
    const joined = mesh.connect([A, B]);
    await clock.advance(4_000);
    world.signaling.down.delete('b.test');
    await clock.advance(5_900);
    await joined;
    expect(mesh.getStatus().signalingUrl).toBe(B);
  });

  it('S10: a refusal by one stands for the deployment', async () => {
    world.signaling.refusal = { code: 4403, reason: 'not you' };
    const { error } = await outcome(newMesh(), [A, B]);
    expect(error).toMatchObject({ code: 'SIGNALING_REFUSED', details: { url: A, closeCode: 4403 } });
    expect(world.signaling.asked).toEqual(['a.test']);
  });

  it('S8, S10, S179: what is wrong with any address is said at once', async () => {
    const mesh = newMesh();
    for (const urls of [[], [A, 'ftp://x'], [A, ''], Array.from({ length: 17 }, (_, i) => `${A}/${i}`)]) {
      await expect(mesh.connect(urls)).rejects.toThrow(RangeError);
    }
    for (const urls of [[A, 7], undefined, null]) {
      await expect(mesh.connect(urls as unknown as string[])).rejects.toThrow(TypeError);
    }
    for (const options of [{ timeoutMs: 0 }, { signal: 'no' as unknown as AbortSignal }]) {
      await expect(mesh.connect(A, options)).rejects.toThrow(/timeoutMs|signal/);
    }
    vi.stubGlobal('location', { protocol: 'https:' });
    await expect(mesh.connect(['wss://x.test', B])).rejects.toMatchObject({
      code: 'INSECURE_URL',
      details: { url: B },
    });
    expect(world.signaling.asked).toEqual([]);
  });

  it('S10: an AbortSignal ends it between two servers, too', async () => {
    for (const host of ['a.test', 'b.test']) world.signaling.silent.add(host);
    const abort = new AbortController();
    const mesh = newMesh();
    await mesh.init();
    const joined = mesh.connect([A, B], { signal: abort.signal });
    await clock.advance(12_000);
    abort.abort();
    await expect(joined).rejects.toMatchObject({ code: 'ABORTED' });
    const { asked } = world.signaling;
    await clock.advance(100_000);
    expect(asked).toEqual(['a.test', 'b.test']);
  });

  it('S117: one that goes away hands over to the next; no link is touched', async () => {
    const [a, b] = [newMesh(), newMesh()];
    for (const mesh of [a, b]) expect((await outcome(mesh, [A, B])).error).toBeUndefined();
    while (!a.hasPeer(b.peerId ?? '') || !b.hasPeer(a.peerId ?? '')) await clock.advance(100);
    await clock.advance(20_000);
    const unlinked = [a, b].map((mesh) => tape(mesh, 'peerDisconnected'));
    const [lost, found] = [tape(a, 'disconnected'), tape(a, 'connected')];
    world.signaling.down.add('a.test');
    world.signaling.stop(1012, 'restarting');
    await clock.advance(0);
    world.signaling.start();
    await clock.advance(1_100);
    expect(lost).toEqual([{ url: A, reason: 'restarting', code: 1012, permanent: false }]);
    expect(found).toEqual([{ url: B }]);
    expect(unlinked).toEqual([[], []]);
    expect(a.getStatus()).toMatchObject({ connected: true, signalingUrl: B, connectedCount: 1 });
  });

  it('S5: SignalingClient takes a list, too', async () => {
    world.signaling.down.add('a.test');
    const client = new SignalingClient({ peerId: 'me', signaling: world.signaling });
    await client.connect([A, B]);
    expect(world.signaling.asked).toEqual(['a.test', 'b.test']);
    const lost: unknown[] = [];
    client.on('disconnected', (event) => lost.push(event));
    world.signaling.stop();
    await vi.waitUntil(() => lost.length > 0);
    expect(lost).toEqual([{ url: B, reason: 'going away', code: 1001, permanent: false }]);
    client.disconnect();
  });
});

describe('coming back', () => {
  it('S117: a day without a server, and it is found all the same', async () => {
    const mesh = newMesh();
    await outcome(mesh, [A]);
    world.signaling.stop();
    await clock.advance(86_400_000);
    expect(mesh.getStatus().connected).toBe(false);
    world.signaling.start();
    await clock.advance(45_000);
    expect(mesh.getStatus().connected).toBe(true);
  });

  it('S117: “online”, a look at the page and a thaw hasten the next try', async () => {
    const [page, document] = [new EventTarget(), new FakeDocument()];
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    vi.stubGlobal('document', document);
    const mesh = newMesh();
    await outcome(mesh, [A]);
    const { asked } = world.signaling;
    for (const awaken of [
      () => page.dispatchEvent(new Event('online')),
      () => document.look('visible'),
      () => document.dispatchEvent(new Event('resume')),
    ]) {
      world.signaling.stop();
      await clock.advance(3_600_000);
      const before = asked.length;
      document.look('hidden');
      await clock.advance(0);
      expect(asked).toHaveLength(before);
      world.signaling.start();
      document.visibilityState = 'visible';
      awaken();
      await clock.advance(1_000);
      expect(mesh.getStatus().connected).toBe(true);
    }
    mesh.disconnect();
    const before = asked.length;
    page.dispatchEvent(new Event('online'));
    document.look('visible');
    await clock.advance(100_000);
    expect(asked).toHaveLength(before);
  });
});

describe('a reload', () => {
  const NAME = 'the same tab';
  let page: EventTarget;
  let kept: Map<string, string>;
  beforeEach(() => {
    page = new EventTarget();
    kept = new Map();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    });
  });

  it('takes its own ghost over at once, though nobody said that it went', async () => {
    const before = newMesh(NAME);
    await outcome(before, [A]);
    expect(kept.size, 'a duplicated tab would get a copy').toBe(0);
    world.signaling.lossy = true;
    page.dispatchEvent(new Event('pagehide'));
    expect(kept.size).toBe(1);
    const after = newMesh(NAME);
    const { error, afterMs } = await outcome(after, [A]);
    expect(error).toBeUndefined();
    expect(afterMs).toBeLessThan(100);
    expect(kept.size, 'one use').toBe(0);
  });

  it('the stand-alone client does the same', async () => {
    const { signaling } = world;
    const before = new SignalingClient({ peerId: NAME, signaling });
    await before.connect(A);
    signaling.lossy = true;
    page.dispatchEvent(new Event('pagehide'));
    expect(kept.size).toBe(1);
    before.disconnect();
    const after = new SignalingClient({ peerId: NAME, signaling });
    await after.connect(A, { timeoutMs: 1_000 });
    expect(after.state).toBe('connected');
    expect(kept.size).toBe(0);
    after.disconnect();
  });

  it('without an id of its own keeps nothing, nor where nothing may be kept', async () => {
    const mesh = newMesh();
    await outcome(mesh, [A]);
    page.dispatchEvent(new Event('pagehide'));
    expect(kept.size).toBe(0);
    vi.stubGlobal('sessionStorage', {
      getItem: () => '{"not": "ours"}',
      removeItem: () => {},
      setItem: () => {
        throw new Error('no room');
      },
    });
    const named = newMesh(NAME);
    expect((await outcome(named, [A])).error).toBeUndefined();
    page.dispatchEvent(new Event('pagehide'));
    expect(named.getStatus().connected).toBe(false);
  });

  it('out of the back/forward cache leaves nothing behind', async () => {
    const mesh = newMesh(NAME);
    await outcome(mesh, [A]);
    page.dispatchEvent(new Event('pagehide'));
    page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await clock.advance(10_000);
    expect(mesh.getStatus().connected).toBe(true);
    expect(kept.size).toBe(0);
  });
});

class FakeDocument extends EventTarget {
  visibilityState: 'visible' | 'hidden' = 'visible';

  look(state: 'visible' | 'hidden'): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}
