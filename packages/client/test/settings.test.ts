import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { calculateXorDistance, type MeshOptions, PeerPigeonMesh } from '../src/index.js';
import { tape, URL, World } from './world.js';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

describe('settings', () => {
  it('S56–S60, S67–S72: defaults, and each setter shows at once', () => {
    const mesh = world.mesh();
    const defaults = { maxPeers: 3, minPeers: 2, autoDiscovery: true, evictionStrategy: true, xorRouting: true };
    expect(mesh.getStatus()).toMatchObject({ ...defaults, connectionType: 'websocket' });
    mesh.setMaxPeers(10);
    mesh.setMinPeers(4);
    mesh.setAutoDiscovery(false);
    mesh.setEvictionStrategy(false);
    mesh.setXorRouting(false);
    mesh.setConnectionType('websocket');
    expect(mesh.getStatus()).toMatchObject({
      maxPeers: 10,
      minPeers: 4,
      autoDiscovery: false,
      evictionStrategy: false,
      xorRouting: false,
    });
  });

  it('S56, S57: limits; lowering maxPeers takes minPeers along', () => {
    const mesh = world.mesh();
    for (const count of [0, 51, 2.5, NaN]) expect(() => mesh.setMaxPeers(count)).toThrow(RangeError);
    for (const count of [-1, 50, 4]) expect(() => mesh.setMinPeers(count)).toThrow(RangeError);
    expect(() => mesh.setMaxPeers('5' as never)).toThrow(TypeError);
    expect(() => mesh.setXorRouting(1 as never)).toThrow(TypeError);
    expect(() => mesh.setConnectionType('http' as never)).toThrow(RangeError);
    mesh.setMaxPeers(1);
    expect(mesh.getStatus()).toMatchObject({ maxPeers: 1, minPeers: 1 });
  });

  it.each<[MeshOptions, Partial<MeshOptions> | ErrorConstructor]>([
    [
      { maxPeers: 8, minPeers: 3 },
      { maxPeers: 8, minPeers: 3 },
    ],
    [{ maxPeers: 1 }, { maxPeers: 1, minPeers: 1 }],
    [
      { maxPeers: undefined, xorRouting: undefined },
      { maxPeers: 3, xorRouting: true },
    ],
    [{ maxPeers: 2, minPeers: 3 }, RangeError],
    [{ maxPeers: 0 }, RangeError],
    [{ maxExtraPeers: -1 }, RangeError],
    [{ maxExtraPeers: 51 }, RangeError],
    [{ maxExtraPeers: '8' as never }, TypeError],
    [{ historyMs: 3_600_001 }, RangeError],
    [{ historyMs: '1 h' as never }, TypeError],
    [{ autoDiscovery: 'no' as never }, TypeError],
  ])('S62: the constructor checks as the setters do: %j', (options, expected) => {
    if (typeof expected === 'function') expect(() => world.mesh(options)).toThrow(expected);
    else expect(world.mesh(options).getStatus()).toMatchObject(expected);
  });

  it('S58: without autoDiscovery peers are found and not dialled; on dials them', async () => {
    const [a, b] = [world.mesh({ autoDiscovery: false }), world.mesh({ autoDiscovery: false })];
    const discovered = [tape(a, 'peerDiscovered'), tape(b, 'peerDiscovered')];
    await a.connect(URL);
    await b.connect(URL);
    await vi.waitUntil(() => discovered.every((events) => events.length > 0));
    expect([a.getConnectedPeerCount(), b.getConnectedPeerCount()]).toEqual([0, 0]);
    a.setAutoDiscovery(true);
    b.setAutoDiscovery(true);
    await vi.waitUntil(() => a.hasPeer(b.peerId!) && b.hasPeer(a.peerId!), { timeout: 10_000 });
  });

  it('S56, S62: lowering maxPeers on a running mesh drops surplus links', async () => {
    const [a] = (await world.full(4)) as [PeerPigeonMesh];
    a.setMaxPeers(2);
    await vi.waitUntil(() => a.getConnectedPeerCount() === 2, { timeout: 10_000 });
    expect(a.canAcceptMorePeers()).toBe(false);
  });
});

it('S62: an option that is none is a TypeError that names it', () => {
  const options = { maxpeers: 2 } as MeshOptions;
  expect(() => new PeerPigeonMesh(options)).toThrow('options.maxpeers: no such option');
});

describe('introspection and links by hand', () => {
  it('S63–S79: status and getters agree, and are JSON-safe', async () => {
    const [a, b, c] = (await world.full(3)) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
    const status = a.getStatus();
    expect(JSON.parse(JSON.stringify(status))).toEqual(status);
    expect(status).toMatchObject({
      connected: true,
      connectedCount: 2,
      discoveredCount: a.getDiscoveredPeers().length,
    });
    expect(new Set(a.getPeers())).toEqual(new Set([b.peerId, c.peerId]));
    expect(a.getConnectedPeerCount()).toBe(2);
    expect(a.canAcceptMorePeers()).toBe(true);
    expect([a.hasPeer(b.peerId!), a.hasPeer('nobody')]).toEqual([true, false]);
    expect([a.hasWebRTCSupport(), a.hasWebSocketSupport()], 'S85, S86').toEqual([true, true]);
  });

  it('S77, S80, S81, S84: discovered peers, their distance and attempts, and dialling them', async () => {
    const [a, b] = [world.mesh({ autoDiscovery: false }), world.mesh({ autoDiscovery: false })];
    await a.connect(URL);
    await b.connect(URL);
    await vi.waitUntil(() => a.getDiscoveredPeers().length > 0);
    const distance = calculateXorDistance(a.peerId!, b.peerId!).toString(16).padStart(40, '0');
    expect(a.getDiscoveredPeers()).toEqual([{ peerId: b.peerId, distance, isConnecting: false, attempts: 0 }]);
    expect(a.getDiscoveredPeerIds()).toEqual([b.peerId]);
    expect(a.getConnectionAttempts()).toEqual({ [b.peerId!]: 0 });
    const info = vi.spyOn(console, 'info').mockImplementation(() => {});
    const report = a.debugConnectivity();
    expect(info).toHaveBeenCalledOnce();
    info.mockRestore();
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    const initiator = a.peerId! > b.peerId! ? 'self' : 'peer';
    expect(report.peers).toMatchObject([{ peerId: b.peerId, state: 'known', initiator, why: 'autoDiscovery is off' }]);

    expect(() => a.connectToPeer(a.peerId!)).toThrow(RangeError);
    expect(() => a.connectToPeer('')).toThrow(TypeError);
    expect(() => a.connectToPeer('stranger')).toThrow(expect.objectContaining({ code: 'UNKNOWN_PEER' }));
    a.connectToPeer(b.peerId!);
    a.connectToPeer(b.peerId!);
    await vi.waitUntil(() => a.hasPeer(b.peerId!) && b.hasPeer(a.peerId!));
    a.connectToPeer(b.peerId!);
    expect(a.getDiscoveredPeers()).toEqual([]);
  });

  it('health, explain and evaluate: safe at any time, JSON-safe, and right (S84, S107)', async () => {
    const idle = world.mesh();
    expect([idle.health(), idle.evaluate()]).toEqual([null, null]);
    expect(idle.explain('anybody').code).toBe('unknown');

    const [a, b] = (await world.full(2)) as [PeerPigeonMesh, PeerPigeonMesh];
    await vi.waitUntil(() => a.health()?.ring.state === 'right');
    const health = a.health();
    expect(JSON.parse(JSON.stringify(health))).toEqual(health);
    expect(health).toMatchObject({
      peerId: a.peerId,
      sizeEstimate: 2,
      ring: { predecessor: b.peerId, successor: b.peerId },
      links: [{ peer: b.peerId, kind: 'mesh', role: 'ring', degraded: false }],
      partitionSuspected: false,
      connecting: [],
      connectionAttempts: {},
      signaling: 'connected',
    });
    expect(a.explain(b.peerId!)).toEqual({ code: 'linked', message: 'linked as ring' });
    expect(a.explain(a.peerId!).code).toBe('self');
    for (const malformed of ['', 7, null]) expect(() => a.explain(malformed as never)).toThrow(TypeError);
    const evaluation = a.evaluate();
    expect(JSON.parse(JSON.stringify(evaluation))).toEqual(evaluation);
    // Its one link is held, and minPeers is 2.
    expect(evaluation).toMatchObject({ ok: false, score: 1, size: 2 });
    expect(evaluation?.findings.map(({ code }) => code)).toEqual(['below-min-peers']);
  });

  it('S82: disconnectPeer tells both sides why', async () => {
    const [a, b] = (await world.full(2, { autoDiscovery: true })) as [PeerPigeonMesh, PeerPigeonMesh];
    for (const mesh of [a, b]) mesh.setAutoDiscovery(false);
    const [atA, atB] = [tape(a, 'peerDisconnected'), tape(b, 'peerDisconnected')];
    const updated = tape(a, 'peersUpdated');
    a.disconnectPeer(b.peerId!, 'rate limit exceeded');
    await vi.waitUntil(() => atA.length > 0 && atB.length > 0);
    expect(atA).toEqual([{ peerId: b.peerId, reason: 'rate limit exceeded' }]);
    expect(atB).toEqual([{ peerId: a.peerId, reason: 'rate limit exceeded' }]);
    expect(updated, 'S53').toEqual([{ peers: [] }]);
    a.disconnectPeer(b.peerId!);
    expect(() => a.disconnectPeer(b.peerId!, '')).toThrow(RangeError);
  });

  it('S83: forceConnectToAllPeers dials all it knows and counts', async () => {
    const meshes = Array.from({ length: 3 }, () => world.mesh({ autoDiscovery: false }));
    for (const mesh of meshes) await mesh.connect(URL);
    const first = meshes[0] as PeerPigeonMesh;
    await vi.waitUntil(() => first.getDiscoveredPeers().length === 2);
    expect(first.forceConnectToAllPeers()).toBe(2);
    expect(first.forceConnectToAllPeers()).toBe(0);
    await vi.waitUntil(() => first.getConnectedPeerCount() === 2);
  });
});

describe('events', () => {
  it('S47–S49, S53: each once, getters up to date', async () => {
    const [a, b] = [world.mesh(), world.mesh()];
    const [connected, discovered] = [tape(a, 'peerConnected'), tape(a, 'peerDiscovered')];
    const shown: number[] = [];
    a.on('peersUpdated', () => shown.push(a.getConnectedPeerCount()));
    await a.connect(URL);
    await b.connect(URL);
    await vi.waitUntil(() => connected.length > 0);
    expect([connected, discovered]).toEqual([[{ peerId: b.peerId }], [{ peerId: b.peerId }]]);
    expect(shown).toEqual([1]);
  });

  it('S54: a listener that throws stops nobody; its error is surfaced', async () => {
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const mesh = world.mesh({ peerId: 'a', logger });
    const bug = new Error('bug in the app');
    mesh.addEventListener('connected', () => {
      throw bug;
    });
    mesh.addEventListener('statusChanged', () => {
      throw bug;
    });
    const [connected, statuses] = [tape(mesh, 'connected'), tape(mesh, 'statusChanged')];
    await mesh.connect(URL);
    await vi.waitUntil(() => statuses.some(({ type }) => type === 'error'));
    expect(connected).toHaveLength(1);
    expect(statuses.find(({ type }) => type === 'error')).toMatchObject({ error: bug });
    const lines = logger.error.mock.calls.map(([line]) => line as string);
    expect(lines).toContain(
      `[${mesh.peerId!.slice(0, 8)}] error: a listener of connected threw: Error: bug in the app`,
    );
  });

  it('S55: listeners can be removed, also while events are told', async () => {
    const mesh = world.mesh();
    const calls: string[] = [];
    const second = () => calls.push('second');
    const first = () => {
      calls.push('first');
      mesh.removeEventListener('connected', first);
      mesh.off('connected', second);
    };
    mesh.addEventListener('connected', first);
    mesh.addEventListener('connected', first);
    mesh.addEventListener('connected', second);
    mesh.once('connected', () => calls.push('once'));
    const undo = mesh.on('connected', () => calls.push('undone'));
    mesh.on('connected', () => calls.push('last'));
    undo();
    undo();
    for (let round = 0; round < 2; round++) {
      await mesh.connect(URL);
      mesh.disconnect();
    }
    await vi.waitUntil(() => calls.length >= 4);
    expect(calls).toEqual(['first', 'once', 'last', 'last']);
    expect(() => mesh.on('connected', 'no function' as never)).toThrow(TypeError);
  });

  it('S163: quiet by default, detailed with debug', async () => {
    const methods = ['debug', 'info', 'warn', 'error'] as const;
    const spies = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => {}));
    await world.mesh().connect(URL);
    expect(spies.map((spy) => spy.mock.calls.length)).toEqual([0, 0, 0, 0]);
    const mesh = world.mesh({ debug: true, peerId: 'loud' });
    await mesh.connect(URL);
    const lines = spies.flatMap((spy) => spy.mock.calls).map(([line]) => line as string);
    expect(lines).toContain(`[${mesh.peerId!.slice(0, 8)}] debug: signaling, sent: announce`);
    mesh.disconnect();
    for (const spy of spies) spy.mockRestore();
  });
});
