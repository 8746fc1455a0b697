import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PeerPigeonServer } from '../src/index.js';
import { RawClient } from './raw-client.js';
import { figures, peerId, serve } from './serve.js';

const ALICE = peerId(0xa);
const BOB = peerId(0xb);
const turn = { turnUrls: 'turn:turn.example:3478, turns:turn.example:5349?transport=tcp', turnSecret: 'shared' };

describe('/metrics', () => {
  test('S150: the figures of the reference, none by id, and those of Node.js', async () => {
    const { url, http } = await serve();
    const alice = await RawClient.connect(url, ALICE);
    const bob = await RawClient.connect(url, BOB);
    for (const client of [alice, bob]) {
      client.send({ type: 'announce' });
      await client.settled();
    }
    alice.send({ type: 'offer', targetPeerId: BOB, data: {} });
    alice.send({ type: 'offer', targetPeerId: peerId(1), data: {} });
    alice.send('nonsense');
    await alice.settled();
    await bob.next('offer');
    await bob.close();
    const response = await fetch(`${http}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await response.text();
    expect(text).not.toContain(ALICE);
    const seen = await figures(http);
    expect(
      Object.fromEntries([...seen].filter(([name]) => /^pp_[a-z_]+(\{(?!le=)[^}]*\})?$/.test(name))),
    ).toMatchObject({
      pp_connections: 1,
      pp_peers: 1,
      pp_rooms: 1,
      'pp_connects_total{result="accepted"}': 2,
      'pp_connects_total{result="refused"}': 0,
      'pp_messages_total{type="announce",dir="in"}': 2,
      'pp_messages_total{type="offer",dir="in"}': 2,
      'pp_messages_total{type="offer",dir="out"}': 1,
      'pp_messages_total{type="malformed",dir="in"}': 1,
      'pp_messages_total{type="error",dir="out"}': 2,
      'pp_route_total{scope="local",result="sent"}': 1,
      'pp_route_total{scope="local",result="absent"}': 1,
      pp_route_seconds_count: 2,
      pp_closest_seconds_count: 2,
      pp_ws_rtt_seconds_count: 0,
      'pp_backpressure_total{action="close"}': 0,
      pp_ice_credentials_total: 0,
    });
    expect(seen.get('pp_bytes_total{dir="in"}')).toBeGreaterThan(100);
    expect(seen.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
  });

  test('may want a bearer token, and may be off; a registry of one’s own can hold more', async () => {
    const { http } = await serve({ metricsToken: 'scraper' });
    const ask = async (authorization: string): Promise<number> =>
      (await fetch(`${http}/metrics`, { headers: { authorization } })).status;
    expect([await ask('Bearer scraper'), await ask('Bearer scrapes'), await ask('')]).toEqual([200, 401, 401]);
    const { http: off } = await serve({ metrics: false });
    expect((await fetch(`${off}/metrics`)).status).toBe(404);
    const { server, http: more } = await serve();
    server.registry.setDefaultLabels({ region: 'eu' });
    expect((await figures(more)).get('pp_connections{region="eu"}')).toBe(0);
  });
});

describe('/ice', () => {
  test('credentials as coturn’s use-auth-secret checks them, good for the time given, for the peer that asks', async () => {
    const { http } = await serve({ ...turn, stunUrls: 'stun:stun.example', turnTtl: 600_000 });
    const before = Math.floor(Date.now() / 1_000);
    const response = await fetch(`${http}/ice?peerId=${ALICE}`, { headers: { origin: 'https://any.example' } });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const { iceServers, ttlSeconds } = (await response.json()) as {
      iceServers: { urls: string[]; username?: string; credential?: string }[];
      ttlSeconds: number;
    };
    expect(ttlSeconds).toBe(600);
    expect(iceServers.map(({ urls }) => urls)).toEqual([
      ['stun:stun.example'],
      ['turn:turn.example:3478', 'turns:turn.example:5349?transport=tcp'],
    ]);
    const { username = '', credential } = iceServers[1] ?? {};
    const [expires, user] = username.split(':');
    expect(user).toBe(ALICE);
    expect(Number(expires) - before).toBeGreaterThanOrEqual(600);
    expect(Number(expires) - before).toBeLessThan(660);
    expect(credential).toBe(createHmac('sha1', 'shared').update(username).digest('base64'));
    expect((await figures(http)).get('pp_ice_credentials_total')).toBe(1);
  });

  test('is not there without servers, and only for who may connect; the subject is in the name', async () => {
    const { http: none } = await serve();
    expect((await fetch(`${none}/ice`)).status).toBe(404);
    const { http } = await serve({
      ...turn,
      corsOrigin: 'https://a.example',
      authorize: ({ token, purpose }) =>
        purpose === 'ice' && token === 'ann' ? { subject: 'ann' } : { refusal: token ? 'forbidden' : 'unauthorized' },
    });
    const ask = (headers: Record<string, string>): Promise<Response> => fetch(`${http}/ice`, { headers });
    const granted = await ask({ authorization: 'Bearer ann' });
    expect(((await granted.json()) as { iceServers: { username: string }[] }).iceServers[0]?.username).toMatch(
      /^\d{10}:ann$/,
    );
    const wanted = await ask({});
    expect([wanted.status, wanted.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await ask({ authorization: 'Bearer bob' })).status).toBe(403);
    expect((await ask({ authorization: 'Bearer ann', origin: 'https://evil.example' })).status).toBe(403);
  });

  test('S130: is rate-limited by address', async () => {
    const { http } = await serve({ ...turn, handshakeBurst: 5, handshakeRate: 0.01 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => fetch(`${http}/ice`)));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(90);
  });

  test.each([
    [{ turnUrls: 'turn:t.example' }, 'turnSecret: expected the secret of the servers of turnUrls, got none'],
    [{ turnUrls: 'stun:t.example', turnSecret: 's' }, 'turnUrls: expected turn:host, got "stun:t.example"'],
    [{ stunUrls: 'https://t.example' }, 'stunUrls: expected stun:host, got "https://t.example"'],
    [{ trustedProxies: 'nginx' }, 'trustedProxies: expected addresses or ranges such as 10.0.0.0/8, got "nginx"'],
  ])('%j is refused', (options, message) => {
    expect(() => new PeerPigeonServer(options)).toThrow(message);
  });
});

test('S136, S150: a preflight for a request with a token', async () => {
  const { http } = await serve({ corsOrigin: 'https://a.example' });
  const headers = { origin: 'https://a.example', 'access-control-request-headers': 'authorization' };
  const preflight = await fetch(`${http}/ice`, { method: 'OPTIONS', headers });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://a.example');
  expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
});

test('attached to an HTTP server of somebody else: its paths are answered, the rest and the server are left alone', async () => {
  const host = createServer((request, response) => {
    if (!server.handleRequest(request, response)) response.end('the application');
  });
  const server = new PeerPigeonServer({ server: host });
  onTestFinished(async () => {
    await server.stop();
    host.closeAllConnections();
    host.close();
  });
  const started = server.start();
  host.listen(0, '127.0.0.1');
  const { port } = await started;
  expect(port).toBe((host.address() as AddressInfo).port);
  const client = await RawClient.connect(`ws://127.0.0.1:${port}`, ALICE);
  const http = `http://127.0.0.1:${port}`;
  expect(await (await fetch(`${http}/health`)).json()).toMatchObject({ service: 'peerpigeon', connections: 1 });
  expect(await (await fetch(`${http}/shop`)).text()).toBe('the application');
  await server.stop();
  expect((await client.closed).code).toBe(1001);
  expect(await (await fetch(`${http}/health`)).text()).toBe('the application');
  await server.start();
  await RawClient.connect(`ws://127.0.0.1:${port}`, ALICE);
});
