import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOST } from '../fixtures/ports.js';
import { UdpProxy } from '../fixtures/udp-proxy.js';

const COUNT = 200;

let echo: Socket;
let clients: Socket[];
let proxy: UdpProxy | undefined;
/** Ports from which the target heard something. */
let sources: Set<number>;

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}

beforeEach(async () => {
  echo = await bound();
  clients = [await bound(), await bound()];
  sources = new Set();
  echo.on('message', (packet, { port }) => {
    sources.add(port);
    echo.send(packet, port, HOST);
  });
});

afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  for (const socket of [echo, ...clients]) socket.close();
});

/** What a client gets back of one packet. */
async function echoed(client: Socket, port: number, text: string): Promise<string> {
  const answer = once(client, 'message');
  client.send(text, port, HOST);
  return String((await answer)[0]);
}

describe('the UDP proxy', () => {
  it('gives every client its own packets back, over a port of its own', async () => {
    proxy = await UdpProxy.start(echo.address().port);
    const [first, second] = clients as [Socket, Socket];
    expect(await echoed(first, proxy.port, 'one')).toBe('one');
    expect(await echoed(second, proxy.port, 'two')).toBe('two');
    expect(await echoed(first, proxy.port, 'three')).toBe('three');
    expect(sources.size).toBe(2);
  });

  it('loses and delays in the directions that it is told', async () => {
    proxy = await UdpProxy.start(echo.address().port, { there: { delayMs: 30 }, back: { loss: 0.5 }, seed: 3 });
    const [client] = clients as [Socket];
    const began = performance.now();
    const came: string[] = [];
    const last = new Promise<void>((resolve) =>
      client.on('message', (packet) => {
        came.push(String(packet));
        // Sent again until it comes: half of them do not.
        if (came.at(-1) === 'last') resolve();
      }),
    );
    for (let at = 0; at < COUNT; at++) client.send(String(at), proxy.port, HOST);
    const ending = setInterval(() => client.send('last', (proxy as UdpProxy).port, HOST), 20);
    await last;
    clearInterval(ending);
    expect(performance.now() - began).toBeGreaterThanOrEqual(29);
    const { there, back } = proxy.fates;
    expect(there.lost).toBe(0);
    expect(back.passed / (back.passed + back.lost)).toBeGreaterThan(0.35);
    expect(back.passed / (back.passed + back.lost)).toBeLessThan(0.65);
    expect(back.passed).toBeGreaterThanOrEqual(came.length);
  });

  it('a lost path: nothing comes, then everything does again', async () => {
    proxy = await UdpProxy.start(echo.address().port);
    const [client] = clients as [Socket];
    expect(await echoed(client, proxy.port, 'before')).toBe('before');
    const { port } = proxy;
    const cutAt = performance.now();
    proxy.blackhole(150);
    const sending = setInterval(() => client.send('again', port, HOST), 10);
    await once(client, 'message');
    clearInterval(sending);
    expect(performance.now() - cutAt).toBeGreaterThanOrEqual(149);
    expect(proxy.fates.there.lost).toBeGreaterThan(0);
  });
});
