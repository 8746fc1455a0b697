import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PeerPigeonError, PeerPigeonMesh } from '../src/index.js';
import { tape, URL, World } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  world.close();
  expect([world.links.count, world.signaling.count], 'links and channels left').toEqual([0, 0]);
});

const coded = (code: string) => expect.objectContaining({ code });

describe('construction and init', () => {
  it('S7, S8: takes the README options; a name becomes an id at once', () => {
    const mesh = world.mesh({ enableWebDHT: true, peerId: 'custom-peer-id' });
    expect(mesh.getStatus().peerId).toBe('c090120e35c29299f54b5caed8c5c11a578155b1');
    expect(world.mesh({ peerId: 'ABCDEF0123456789abcdef0123456789abcdef01' }).peerId).toBe(
      'abcdef0123456789abcdef0123456789abcdef01',
    );
  });

  it.each([{ peerId: '' }, { peerId: 7 }, { enableWebDHT: 'yes' }, { networkName: 3 }, { debug: 1 }])(
    'S8: refuses %j with a TypeError that has a code',
    (options) => {
      const make = () => new PeerPigeonMesh(options as never);
      expect(make).toThrow(TypeError);
      expect(make).toThrow(coded('INVALID_TYPE'));
    },
  );

  it('S8: without an option the id is fresh, and there after init()', async () => {
    const [first, second] = [world.mesh(), world.mesh()];
    expect(first.getStatus().peerId).toBeNull();
    await Promise.all([first.init(), first.init(), second.init()]);
    expect(first.peerId).toMatch(/^[0-9a-f]{40}$/);
    expect(first.peerId).not.toBe(second.peerId);
    const id = first.peerId;
    await first.init();
    expect(first.peerId).toBe(id);
  });

  it('S9: before init() and connect() sending fails, settings and getters work', async () => {
    const mesh = world.mesh();
    expect(() => mesh.sendMessage('x')).toThrow(coded('NOT_INITIALIZED'));
    mesh.setMaxPeers(7);
    expect(mesh.getStatus()).toMatchObject({ maxPeers: 7, connected: false, connectedCount: 0, uptime: 0 });
    expect([mesh.getPeers(), mesh.getDiscoveredPeers(), mesh.getConnectionAttempts()]).toEqual([[], [], {}]);
    await mesh.init();
    expect(() => mesh.sendMessage('x')).toThrow(coded('NOT_CONNECTED'));
    expect(() => mesh.sendDirectMessage('somebody', 'x')).toThrow(coded('NOT_CONNECTED'));
    expect(() => mesh.connectToPeer('somebody')).toThrow(coded('NOT_CONNECTED'));
    expect(mesh.getStatus().maxPeers).toBe(7);
  });

  it('S2, S168: init() names what is missing', async () => {
    const mesh = world.mesh();
    vi.stubGlobal('crypto', undefined);
    const failure = mesh.init();
    await expect(failure).rejects.toThrow(PeerPigeonError);
    await expect(failure).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      details: { missing: 'crypto.getRandomValues' },
    });
    vi.unstubAllGlobals();
    await mesh.init();
    expect(mesh.peerId).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe('connect and disconnect', () => {
  it('S10, S46, S51, S74: resolves once accepted; connected and statusChanged tell so', async () => {
    const mesh = world.mesh({ peerId: 'a' });
    const [connected, statuses] = [tape(mesh, 'connected'), tape(mesh, 'statusChanged')];
    await mesh.connect(URL);
    expect(mesh.getStatus()).toMatchObject({ connected: true, signalingUrl: URL, connectionType: 'websocket' });
    await vi.waitUntil(() => connected.length > 0);
    expect(connected).toEqual([{ url: URL }]);
    expect(statuses.map(({ type }) => type)).toEqual(['initialized', 'connecting', 'connected']);
    for (const { message } of statuses) expect(message).not.toBe('');
    await vi.waitUntil(() => mesh.getStatus().uptime > 0);
    mesh.disconnect();
    expect(mesh.getStatus()).toMatchObject({ connected: false, uptime: 0, signalingUrl: URL });
  });

  it.each(['', 'no url', 'ftp://x', 'ws://'])('S10: refuses the URL %j with a RangeError', async (url) => {
    await expect(world.mesh().connect(url)).rejects.toThrow(RangeError);
  });

  it('S10: understands http as ws', async () => {
    const mesh = world.mesh();
    await mesh.connect('http://signaling.test/x?y=1');
    expect(mesh.getStatus().signalingUrl).toBe('ws://signaling.test/x?y=1');
  });

  it('S179: an insecure URL from a secure page fails at once', async () => {
    vi.stubGlobal('location', { protocol: 'https:' });
    await expect(world.mesh().connect('ws://example.org')).rejects.toMatchObject({ code: 'INSECURE_URL' });
    await world.mesh().connect('ws://localhost:3000');
    vi.unstubAllGlobals();
  });

  it('S10: a refusal rejects with its close code, and the mesh can try again', async () => {
    world.signaling.refusal = { code: 4403, reason: 'not you' };
    const mesh = world.mesh();
    await expect(mesh.connect(URL)).rejects.toMatchObject({ code: 'SIGNALING_REFUSED', details: { closeCode: 4403 } });
    world.signaling.refusal = undefined;
    await mesh.connect(URL);
    expect(mesh.getStatus().connected).toBe(true);
  });

  it('S10: no answer in time is a TIMEOUT, nobody there is SIGNALING_UNREACHABLE', async () => {
    const mesh = world.mesh();
    const disconnected = tape(mesh, 'disconnected');
    world.signaling.mute = true;
    await expect(mesh.connect(URL, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    world.signaling.mute = false;
    world.signaling.stop();
    await expect(mesh.connect(URL, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'SIGNALING_UNREACHABLE' });
    expect(disconnected, 'never connected, hence never disconnected').toEqual([]);
    world.signaling.start();
    await mesh.connect(URL);
  });

  it('a second connect() is refused; a signal or disconnect() aborts one', async () => {
    world.signaling.mute = true;
    const mesh = world.mesh();
    const abort = new AbortController();
    const first = mesh.connect(URL, { signal: abort.signal });
    await expect(mesh.connect(URL)).rejects.toMatchObject({ code: 'ALREADY_CONNECTED' });
    abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(mesh.connect(URL, { signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const second = mesh.connect(URL);
    mesh.disconnect();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    world.signaling.mute = false;
    await mesh.connect(URL);
  });

  it('S11: disconnect() is seen at once; the same instance connects again and works as new', async () => {
    const [a, b] = (await world.full(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    const [gone, lost] = [tape(b, 'peerDisconnected'), tape(a, 'disconnected')];
    a.disconnect();
    a.disconnect();
    await vi.waitUntil(() => gone.length > 0);
    expect(gone).toEqual([{ peerId: a.peerId, reason: expect.stringMatching(/./) }]);
    expect([a.getPeers(), b.getPeers()]).toEqual([[], []]);
    expect(lost).toHaveLength(1);
    expect(() => a.sendMessage('x')).toThrow(coded('NOT_CONNECTED'));
    const received = tape(b, 'messageReceived');
    await a.connect(URL);
    await vi.waitUntil(() => a.hasPeer(b.peerId!) && b.hasPeer(a.peerId!), { timeout: 10_000 });
    const messageId = a.sendMessage('again');
    await vi.waitUntil(() => received.length > 0);
    expect(received).toMatchObject([{ messageId, content: 'again' }]);
  });

  it.each([1000, 1001, 1006, 1012])(
    'S117: links outlive the server, closed with %i; it is found again',
    async (code) => {
      const [a, b] = (await world.full(2)) as [PeerPigeonMesh, PeerPigeonMesh];
      const [lost, statuses, received] = [
        tape(a, 'disconnected'),
        tape(a, 'statusChanged'),
        tape(b, 'messageReceived'),
      ];
      const unlinked = [a, b].map((mesh) => tape(mesh, 'peerDisconnected'));
      world.signaling.stop(code, 'going away');
      await vi.waitUntil(() => lost.length > 0);
      expect(lost).toEqual([{ url: URL, reason: 'going away', code, permanent: false }]);
      expect(statuses.map(({ type }) => type)).toContain('reconnecting');
      expect(a.getStatus()).toMatchObject({ connected: false, connectedCount: 1 });
      a.sendMessage('without a server');
      await vi.waitUntil(() => received.length > 0);
      const found = tape(a, 'connected');
      world.signaling.start();
      await vi.waitUntil(() => found.length > 0, { timeout: 10_000 });
      expect(a.getStatus().connected).toBe(true);
      expect(a.getStatus().uptime).toBeGreaterThan(0);
      expect(unlinked).toEqual([[], []]);
    },
  );

  it('`await using` and a page that goes away say goodbye', async () => {
    const page = new EventTarget();
    const add = vi.fn(page.addEventListener.bind(page));
    const remove = vi.fn(page.removeEventListener.bind(page));
    vi.stubGlobal('addEventListener', add);
    vi.stubGlobal('removeEventListener', remove);
    const [a, b, c] = (await world.full(3)) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
    await a[Symbol.asyncDispose]();
    await vi.waitUntil(() => !b.hasPeer(a.peerId!) && !c.hasPeer(a.peerId!));
    page.dispatchEvent(new Event('pagehide'));
    expect([b.getPeers(), c.getPeers()]).toEqual([[], []]);
    // Out of the back/forward cache.
    page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await vi.waitUntil(() => b.hasPeer(c.peerId!) && c.hasPeer(b.peerId!), { timeout: 10_000 });
    for (const mesh of [b, c]) mesh.disconnect();
    expect(add).toHaveBeenCalledTimes(9);
    expect(remove.mock.calls, 'S11: no listener remains').toEqual(expect.arrayContaining(add.mock.calls));
    vi.unstubAllGlobals();
  });
});
