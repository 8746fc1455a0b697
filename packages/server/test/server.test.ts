import { createServer } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { PeerPigeonServer, type ServerEvents, type ServerOptions } from '../src/index.js';
import { RawClient } from './raw-client.js';

const ALICE = 'a'.repeat(40);
const BOB = 'b'.repeat(40);
const CAROL = 'c'.repeat(40);
const running: PeerPigeonServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

/** A server on a free port; `log` holds its events. */
async function serve(options: Partial<ServerOptions> = {}): Promise<{
  server: PeerPigeonServer;
  url: string;
  http: string;
  log: string[];
}> {
  const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', ...options });
  running.push(server);
  const log: string[] = [];
  const names: (keyof ServerEvents)[] = [
    'started',
    'stopped',
    'peerConnected',
    'peerDisconnected',
    'peerAnnounced',
    'peerGoodbye',
    'error',
  ];
  for (const name of names) {
    server.on(name, (payload) => log.push(`${name} ${JSON.stringify(payload ?? null)}`));
  }
  const { url } = await server.start();
  return { server, url, http: url.replace('ws:', 'http:'), log };
}

const happens = (server: PeerPigeonServer, name: keyof ServerEvents): Promise<unknown> =>
  new Promise((resolve) => server.once(name, resolve));

describe('options', () => {
  test.each([
    [{ port: '3000' }, TypeError, 'port: expected a number, got string'],
    [{ port: -1 }, RangeError, 'port: expected an integer from 0 to 65535, got -1'],
    [{ port: 1.5 }, RangeError, 'got 1.5'],
    [{ maxConnections: 0 }, RangeError, 'maxConnections'],
    [{ cleanupInterval: Number.NaN }, RangeError, 'cleanupInterval'],
    [{ peerTimeout: Infinity }, RangeError, 'peerTimeout'],
    [{ maxMessageSize: 10 }, RangeError, 'maxMessageSize'],
    [{ host: 7 }, TypeError, 'host: expected a string'],
    [{ host: ' ' }, RangeError, 'host'],
    [{ corsOrigin: 'example.org' }, RangeError, 'corsOrigin'],
    [{ prot: 1 }, TypeError, 'got prot'],
    [null, TypeError, 'options: expected an object, got null'],
  ])('S131–S137: %j is refused', (options, kind, text) => {
    const construct = (): unknown => new PeerPigeonServer(options as Partial<ServerOptions>);
    expect(construct).toThrow(kind);
    expect(construct).toThrow(text);
  });

  test('the README’s defaults, before the start', () => {
    expect(new PeerPigeonServer().getStats()).toEqual({
      isRunning: false,
      connections: 0,
      peers: 0,
      maxConnections: 1000,
      uptime: 0,
      host: 'localhost',
      port: 3000,
    });
    expect(new PeerPigeonServer({ port: undefined }).getPeers()).toEqual([]);
  });
});

describe('start and stop', () => {
  test('S131, S138, S142: port 0 takes a free port and says which', async () => {
    const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1' });
    running.push(server);
    const started = happens(server, 'started');
    const address = await server.start();
    expect(address).toEqual({ host: '127.0.0.1', port: address.port, url: `ws://127.0.0.1:${address.port}` });
    expect(address.port).toBeGreaterThan(0);
    expect(await started).toEqual({ host: '127.0.0.1', port: address.port });
    expect(server.getStats()).toMatchObject({ isRunning: true, port: address.port });
  });

  test('S138: a second start and a taken port reject with typed errors', async () => {
    const { server } = await serve();
    await expect(server.start()).rejects.toMatchObject({ name: 'PeerPigeonError', code: 'ALREADY_RUNNING' });
    const { port } = server.getStats();
    const second = new PeerPigeonServer({ port, host: '127.0.0.1' });
    await expect(second.start()).rejects.toMatchObject({
      name: 'PeerPigeonError',
      code: 'ADDRESS_IN_USE',
      details: { host: '127.0.0.1', port },
    });
    expect(second.getStats().isRunning).toBe(false);
    await second.stop();
  });

  test('S139: stop closes sockets as going away, frees the port, and start works again', async () => {
    const { server, url, log } = await serve();
    const client = await RawClient.connect(url, ALICE);
    const { port } = server.getStats();
    await Promise.all([server.stop(), server.stop()]);
    expect((await client.closed).code).toBe(1001);
    expect(server.getStats()).toMatchObject({ isRunning: false, connections: 0 });
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    await new Promise((resolve) => other.close(resolve));
    const again = await server.start();
    await (await RawClient.connect(again.url, ALICE)).close();
    expect(log.filter((line) => line.startsWith('stopped'))).toEqual(['stopped null']);
    expect(log.filter((line) => line.startsWith('peerDisconnected')).length).toBeGreaterThanOrEqual(1);
  });

  test('stop is prompt though a client never answers the close, and a half-made request is open', async () => {
    const { server, url } = await serve();
    const client = await RawClient.connect(url, ALICE);
    client.socket.pause();
    const half = connect(server.getStats().port, '127.0.0.1');
    await once(half, 'connect');
    half.write('GET / HTTP/1.1\r\n');
    const before = performance.now();
    await server.stop();
    expect(performance.now() - before).toBeLessThan(5_000);
    half.destroy();
    client.socket.terminate();
  });

  test('stop while starting, and stop without a start', async () => {
    const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1' });
    await server.stop();
    const started = server.start();
    await server.stop();
    await started;
    expect(server.getStats().isRunning).toBe(false);
  });
});

describe('figures and events', () => {
  test('S140, S141: getStats and getPeers tell who is here, JSON-safe', async () => {
    const { server, url } = await serve();
    const before = Date.now();
    const alice = await RawClient.connect(url, ALICE);
    const bob = await RawClient.connect(url, BOB);
    bob.send({ type: 'announce', data: { peerId: BOB } });
    await bob.settled();
    const stats = server.getStats();
    expect(stats).toMatchObject({ isRunning: true, connections: 2, peers: 2, maxConnections: 1000 });
    expect(stats.uptime).toBeGreaterThanOrEqual(0);
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
    const peers = server.getPeers();
    expect(JSON.parse(JSON.stringify(peers))).toEqual(peers);
    expect(peers).toMatchObject([
      { peerId: ALICE, remoteAddress: '127.0.0.1', announced: false, announcedAt: null },
      { peerId: BOB, remoteAddress: '127.0.0.1', announced: true },
    ]);
    for (const peer of peers) {
      expect(Math.abs(peer.connectedAt - before)).toBeLessThan(10_000);
      expect(peer.lastActivity).toBeGreaterThanOrEqual(peer.connectedAt);
    }
    expect(peers[1]?.announcedAt).toBeGreaterThanOrEqual(peers[1]?.connectedAt ?? Infinity);
    await alice.close();
  });

  test('S144–S147: each event once, with its payload', async () => {
    const { server, url, log } = await serve();
    const gone = happens(server, 'peerDisconnected');
    const alice = await RawClient.connect(url, ALICE);
    alice.send({ type: 'announce', peerId: ALICE });
    alice.send({ type: 'announce', peerId: ALICE });
    alice.send({ type: 'goodbye', peerId: ALICE });
    alice.send({ type: 'goodbye', peerId: ALICE });
    await alice.close();
    await gone;
    expect(log.slice(1)).toEqual([
      `peerConnected {"peerId":"${ALICE}","totalConnections":1}`,
      `peerAnnounced {"peerId":"${ALICE}"}`,
      `peerGoodbye {"peerId":"${ALICE}"}`,
      `peerDisconnected {"peerId":"${ALICE}","totalConnections":0}`,
    ]);
  });

  test('off, once and the function that on returns take listeners away', async () => {
    const { server, url } = await serve();
    const heard: string[] = [];
    const off = (): number => heard.push('off');
    server.on('peerConnected', off);
    server.off('peerConnected', off);
    server.on('peerConnected', () => heard.push('undone'))();
    server.once('peerConnected', () => heard.push('once'));
    server.on('peerConnected', () => heard.push('on'));
    await RawClient.connect(url, ALICE);
    await RawClient.connect(url, BOB);
    expect(heard).toEqual(['once', 'on', 'on']);
  });
});

describe('connections', () => {
  test('S133: one more than maxConnections is refused with 4503, the others work on', async () => {
    const { url } = await serve({ maxConnections: 1 });
    const alice = await RawClient.connect(url, ALICE);
    const bob = new RawClient(`${url}/?peerId=${BOB}`);
    expect((await bob.closed).code).toBe(4503);
    expect(await alice.settled()).toEqual([]);
    await alice.close();
    await RawClient.connect(url, CAROL);
  });

  test('S144: a second socket with the same id is refused with 4409 while the first lives', async () => {
    const { url, log } = await serve();
    const first = await RawClient.connect(url, ALICE);
    const second = new RawClient(`${url}/?peerId=${ALICE}`);
    expect((await second.closed).code).toBe(4409);
    expect(await first.settled()).toEqual([]);
    expect(log.filter((line) => line.startsWith('peer'))).toHaveLength(1);
  });

  test('S144: a first that shows no life gives way within some seconds, without events', async () => {
    const { server, url, log } = await serve();
    const dead = new RawClient(`${url}/?peerId=${ALICE}`, { autoPong: false });
    await dead.next('connected');
    const next = await RawClient.connect(url, ALICE);
    expect((await dead.closed).code).toBe(4001);
    expect(await next.settled()).toEqual([]);
    expect(server.getStats()).toMatchObject({ connections: 1, peers: 1 });
    expect(log.filter((line) => line.startsWith('peer'))).toHaveLength(1);
  });

  test('S144: who presents the token of the first takes over at once; any other token is none', async () => {
    const { server, url, log } = await serve();
    const dead = new RawClient(`${url}/?peerId=${ALICE}`, { autoPong: false });
    const resume = (await dead.next('connected')).data?.['resume'];
    expect(resume).toMatch(/^[0-9a-f]{32}$/);
    const again = new RawClient(`${url}/?peerId=${ALICE}`);
    again.socket.once('open', () => again.send({ type: 'announce', data: { peerId: ALICE, protocol: 1, resume } }));
    const greeting = await again.next('connected');
    expect((await dead.closed).code).toBe(4001);
    expect(server.getStats()).toMatchObject({ connections: 1, peers: 1 });
    expect(log.filter((line) => line.startsWith('peerConnected'))).toHaveLength(1);
    expect(greeting.data?.['resume']).toMatch(/^[0-9a-f]{32}$/);
    expect(greeting.data?.['resume']).not.toBe(resume);
    const thief = new RawClient(`${url}/?peerId=${ALICE}`);
    thief.socket.once('open', () => thief.send({ type: 'announce', data: { resume } }));
    expect((await thief.closed).code).toBe(4409);
    expect((await again.settled()).map(({ type }) => type)).toEqual(['peers']);
  });

  test('S135: a socket without life is closed with 4408, one that answers WebSocket pings never is', async () => {
    const { url } = await serve({ peerTimeout: 400 });
    const dead = new RawClient(`${url}/?peerId=${ALICE}`, { autoPong: false });
    const idle = await RawClient.connect(url, BOB);
    let pings = 0;
    const thrice = new Promise<void>((resolve) => idle.socket.on('ping', () => ++pings === 3 && resolve()));
    expect((await dead.closed).code).toBe(4408);
    await thrice;
    expect(await idle.settled()).toEqual([]);
  });

  test('S136: pages of other origins are refused, allowed ones and programs connect', async () => {
    const { url, http } = await serve({ corsOrigin: 'https://a.example, https://b.example:8443' });
    const evil = new RawClient(`${url}/?peerId=${ALICE}`, { origin: 'https://evil.example' });
    expect(await evil.closed).toMatchObject({ code: 1006, status: 403 });
    // Who says that it understands close codes, as our clients do, is told why.
    const ours = new RawClient(`${url}/?peerId=${ALICE}&protocol=1`, { origin: 'https://evil.example' });
    expect((await ours.closed).code).toBe(4403);
    const page = new RawClient(`${url}/?peerId=${ALICE}`, { origin: 'https://b.example:8443' });
    await page.next('connected');
    await RawClient.connect(url, BOB);
    const cors = async (origin: string): Promise<string | null> =>
      (await fetch(`${http}/health`, { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await cors('https://a.example')).toBe('https://a.example');
    expect(await cors('https://evil.example')).toBeNull();
  });
});

describe('HTTP', () => {
  test('S150: GET /health is JSON, with CORS and preflight', async () => {
    const { url, http } = await serve();
    await RawClient.connect(url, ALICE);
    const response = await fetch(`${http}/health?x`, { headers: { origin: 'https://any.example' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toMatchObject({ service: 'peerpigeon', status: 'ok', connections: 1, peers: 1 });
    const preflight = await fetch(`${http}/health`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('GET');
  });

  test('anything else is 404 or 405', async () => {
    const { http } = await serve();
    expect((await fetch(http)).status).toBe(404);
    expect((await fetch(`${http}/health`, { method: 'POST', body: 'x' })).status).toBe(405);
    expect((await fetch(`${http}/health`, { method: 'HEAD' })).status).toBe(200);
  });
});
