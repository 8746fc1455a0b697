import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RawClient } from './raw-client.js';
import { figures, peerId, serve } from './serve.js';

// Limits at a running server: who behaves never meets them, who does not is told, and then cut off.

describe('S130: the defaults', () => {
  test('let 50 tabs behind one address join at once, announce, and exchange offers, answers and candidates', async () => {
    const { server, url, http } = await serve();
    const tabs = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const tab = new RawClient(`${url}/?peerId=${peerId(n)}&protocol=1`);
        await new Promise((resolve) => tab.socket.once('open', resolve));
        tab.send({ type: 'announce', data: { peerId: peerId(n), protocol: 1, seeking: 8 } });
        const { data } = await tab.next('peers');
        return { tab, found: data?.['peers'] as readonly { id: string }[] };
      }),
    );
    expect(server.getStats().peers).toBe(50);
    // Each with 8 others, 3 candidates a side, as a README client trickles them; twice as many as meshes make.
    await Promise.all(
      tabs.map(async ({ tab }, n) => {
        for (let k = 1; k <= 8; k++) {
          const targetPeerId = peerId((n + k) % 50);
          tab.send({ type: 'offer', targetPeerId, data: { sdp: 'x'.repeat(2_000) } });
          tab.send({ type: 'answer', targetPeerId, data: { sdp: 'x'.repeat(2_000) } });
          for (let c = 0; c < 3; c++)
            tab.send({ type: 'ice-candidate', targetPeerId, data: { candidate: 'y'.repeat(150) } });
        }
      }),
    );
    for (const { tab } of tabs) await tab.settled();
    const received = await Promise.all(tabs.map(({ tab }) => tab.settled()));
    const seen = await figures(http);
    expect(received.flat().filter(({ type }) => type === 'error')).toEqual([]);
    expect(seen.get('pp_messages_total{type="offer",dir="out"}')).toBe(400);
    expect(seen.get('pp_messages_total{type="answer",dir="out"}')).toBe(400);
    expect(seen.get('pp_messages_total{type="ice-candidate",dir="out"}')).toBe(1_200);
    expect([...seen].filter(([name, value]) => name.startsWith('pp_rejects_total') && value > 0)).toEqual([]);
  });

  test('refuse the 61st of a burst, typed, and take others meanwhile', async () => {
    const { url } = await serve({ trustedProxies: '127.0.0.1' });
    const from = (address: string, n: number): RawClient =>
      new RawClient(`${url}/?peerId=${peerId(n)}`, { headers: { 'x-forwarded-for': address } });
    const burst = await Promise.all(
      Array.from({ length: 80 }, async (_, n) => {
        const client = from('203.0.113.7', n);
        const first = await client.next('connected', 'error');
        return { client, first };
      }),
    );
    const refused = burst.filter(({ first }) => first.type === 'error');
    // A few tokens come back while they come.
    expect(refused.length).toBeGreaterThan(10);
    expect(refused.length).toBeLessThanOrEqual(20);
    for (const { client, first } of refused) {
      expect(first.data).toMatchObject({ code: 'RATE_LIMITED' });
      expect(first.data?.['retryAfterMs']).toBeGreaterThan(0);
      expect(await client.closed).toEqual({ code: 4429, reason: 'too many new connections of this address' });
    }
    await from('203.0.113.8', 200).next('connected');
    // Another address of one /64 is the same, of another /64 is another.
    for (let n = 0; n < 60; n++) await from(`2001:db8:0:1::${n.toString(16)}`, 300 + n).next('connected');
    expect(await from('2001:db8:0:1::ffff', 400).next('error')).toMatchObject({ data: { code: 'RATE_LIMITED' } });
    await from('2001:db8:0:2::1', 401).next('connected');
  });
});

test('a proxy that trustedProxies does not name: once its clients are over the limits of one, the operator is told, once', async () => {
  const { server, url } = await serve({ addressConnections: 2 });
  const errors: string[] = [];
  server.on('error', ({ error }) => errors.push(error.message));
  const forwarded = (n: number): RawClient =>
    new RawClient(`${url}/?peerId=${peerId(n)}`, { headers: { 'x-forwarded-for': `203.0.113.${n}` } });
  for (const n of [1, 2]) await forwarded(n).next('connected');
  for (const n of [3, 4, 5]) expect((await forwarded(n).closed).code).toBe(4429);
  expect(errors).toEqual([
    'trustedProxies: 127.0.0.1 is over its limits and forwards for others; name it if it is yours',
  ]);
});

test('S130: 100 connections of one address at once, and no more', async () => {
  const { url } = await serve({ handshakeBurst: 1_000 });
  const open = await Promise.all(Array.from({ length: 100 }, (_, n) => RawClient.connect(url, peerId(n))));
  const one = new RawClient(`${url}/?peerId=${peerId(100)}`);
  expect(await one.closed).toEqual({ code: 4429, reason: 'too many connections of this address' });
  await open[0]?.close();
  expect((await RawClient.connect(url, peerId(100))).socket.readyState).toBe(1);
});

test('S130: one socket over its limits is told which and when to return; it stays while it heeds that', async () => {
  const { url } = await serve({ messageRate: 20, messageBurst: 10, announceRate: 20, announceBurst: 2 });
  const client = await RawClient.connect(url, peerId(1));
  for (let n = 0; n < 3; n++) client.send({ type: 'announce', data: { protocol: 1 } });
  expect(await client.next('error')).toMatchObject({
    data: { code: 'RATE_LIMITED', message: 'too many announces: this one was dropped' },
  });
  for (let n = 0; n < 10; n++) client.send({ type: 'cleanup' });
  const { data } = await client.next('error');
  expect(data).toMatchObject({ code: 'RATE_LIMITED', message: 'too many messages: this one was dropped' });
  await new Promise((resolve) => setTimeout(resolve, 4 * (data?.['retryAfterMs'] as number)));
  expect((await client.settled()).filter(({ type }) => type !== 'error')).toEqual([]);
});

test.each(['ping', 'pong'] as const)('WebSocket %ss count like messages: nobody floods by them', async (kind) => {
  const { server, url, http } = await serve();
  const client = await RawClient.connect(url, peerId(1));
  let answered = 0;
  client.socket.on('pong', () => answered++);
  client.socket[kind]('x');
  expect(await client.settled()).toEqual([]);
  for (let n = 0; n < 5_000; n++) client.socket[kind](Buffer.alloc(125));
  expect(await client.next('error')).toMatchObject({ data: { code: 'RATE_LIMITED' } });
  expect((await client.closed).code).toBe(4429);
  expect(answered).toBeLessThanOrEqual(kind === 'ping' ? 250 : 0);
  expect((await figures(http)).get('pp_rejects_total{reason="messages"}')).toBeLessThan(200);
  expect(server.getStats().connections).toBe(0);
});

test('who does not heed refusals is answered before the upgrade in the end', async () => {
  const { url } = await serve({ handshakeBurst: 1, handshakeRate: 10 });
  const endings: unknown[] = [];
  for (let n = 0; n < 400 && endings.at(-1) !== 429; n++) {
    const { code, status } = await new RawClient(`${url}/?peerId=nobody`).closed;
    endings.push(status ?? code);
  }
  expect(new Set(endings)).toEqual(new Set([4400, 4429, 429]));
});

test('what waits for a slow reader: hints are left out beyond the soft bound, it is closed beyond the hard one', async () => {
  const limits = { softBacklog: 100_000, hardBacklog: 400_000, byteRate: 5e8, byteBurst: 5e8, messageBurst: 1e5 };
  const { url, http } = await serve({ ...limits, handshakeBurst: 1e6, addressConnections: 1e6 });
  const figure = async (action: string): Promise<number> =>
    (await figures(http)).get(`pp_backpressure_total{action="${action}"}`) ?? 0;
  const slow = await RawClient.connect(url, peerId(2));
  slow.send({ type: 'announce' });
  await slow.settled();
  const sender = await RawClient.connect(url, peerId(1));
  slow.socket.pause();
  const data = 'x'.repeat(90_000);
  for (let joined = 0; (await figure('close')) === 0; joined++) {
    expect(joined).toBeLessThan(1_000);
    sender.send({ type: 'offer', targetPeerId: peerId(2), data });
    await sender.settled();
    if (joined < 20) continue;
    // A newcomer next to it on the ring: it would be told.
    const newcomer = await RawClient.connect(url, peerId(3));
    newcomer.send({ type: 'announce' });
    await newcomer.settled();
    await newcomer.close();
  }
  expect(await figure('drop')).toBeGreaterThan(0);
  slow.socket.resume();
  expect([1006, 1013]).toContain((await slow.closed).code);
});

test('connections that say nothing keep nobody out: the oldest give way', async () => {
  const { server, url, http } = await serve({ maxHandshakes: 20 });
  const { port } = server.getStats();
  const silent = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
  onTestFinished(() => silent.forEach((socket) => socket.destroy()));
  let dropped = 0;
  const enough = new Promise<void>((resolve) => {
    for (const socket of silent) {
      socket.on('error', () => {});
      socket.on('close', () => ++dropped === 80 && resolve());
      socket.resume();
    }
  });
  await enough;
  await RawClient.connect(url, peerId(1));
  expect((await figures(http)).get('pp_rejects_total{reason="maxHandshakes"}')).toBeGreaterThanOrEqual(80);
});

test('a client that sends its headers too slowly is cut off', async () => {
  const { server } = await serve({ handshakeTimeout: 200 });
  const socket = connect(server.getStats().port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\n');
  let answer = '';
  socket.on('data', (bytes) => (answer += String(bytes)));
  await once(socket, 'close');
  expect(answer).toContain('408 Request Timeout');
});

test('S132: localhost is reachable from this machine’s loopback address alone, 0.0.0.0 by any', async () => {
  const status = (host: string, port: number): Promise<number | string> =>
    new Promise((resolve) => {
      const asked = request({ host, port, path: '/health' }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
      asked.end();
    });
  const { server: local } = await serve({ host: '127.0.0.1' });
  const { server: open } = await serve({ host: '0.0.0.0' });
  // Linux has all of 127.0.0.0/8 on its loopback interface; elsewhere an address of the machine's own does.
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  const other = process.platform === 'linux' ? '127.0.0.2' : (own ?? '127.0.0.1');
  expect(await status('127.0.0.1', local.getStats().port)).toBe(200);
  expect(await status(other, local.getStats().port)).toBe('ECONNREFUSED');
  expect(await status(other, open.getStats().port)).toBe(200);
});
