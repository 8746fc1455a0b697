import { expect, test } from 'vitest';
import { RawClient } from './raw-client.js';
import { peerId, serve } from './serve.js';

/** Connected and announced; with a protocol it understands `drain`. */
async function join(url: string, id: string, protocol?: number): Promise<RawClient> {
  const client = await RawClient.connect(url, id);
  client.send({ type: 'announce', data: { peerId: id, protocol } });
  await client.settled();
  return client;
}

test('not ready at once, nobody new comes in, each client is told its own time, the port is free in time', async () => {
  const { server, url, http } = await serve();
  const clients = await Promise.all(Array.from({ length: 20 }, (_, n) => join(url, peerId(n + 1), 1)));
  expect((await fetch(`${http}/ready`)).status).toBe(200);

  const began = performance.now();
  const drained = server.drain({ withinMs: 2_000 });
  const ready = await fetch(`${http}/ready`);
  expect([ready.status, await ready.json()]).toEqual([503, { status: 'draining' }]);
  expect((await fetch(`${http}/health`)).status).toBe(200);
  const late = new RawClient(`${url}/?peerId=${peerId(99)}&protocol=1`);
  expect(await late.closed).toMatchObject({ code: 1006, status: 503 });

  const times = await Promise.all(clients.map(async (client) => (await client.next('drain')).data?.['afterMs']));
  expect(new Set(times).size).toBeGreaterThan(10);
  for (const time of times) {
    expect(time).toBeGreaterThanOrEqual(0);
    expect(time).toBeLessThanOrEqual(1_600);
  }
  // Those who were told are still served, and leave when they like.
  expect(server.getStats()).toMatchObject({ isRunning: true, connections: 20 });
  expect(await (clients[0] as RawClient).settled()).toEqual([]);
  await Promise.all(clients.map((client) => client.close()));
  await drained;
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(server.getStats().isRunning).toBe(false);
  await expect(fetch(`${http}/health`)).rejects.toThrow('fetch failed');
});

test('who does not know the message, and who stays, is closed with 1012, each at its time', async () => {
  const { server, url } = await serve();
  const readme = await Promise.all(Array.from({ length: 10 }, (_, n) => join(url, peerId(n + 1))));
  const stubborn = await join(url, peerId(50), 1);
  const began = performance.now();
  const ended = readme.map(async (client) => ({ ...(await client.closed), at: performance.now() - began }));
  await server.drain({ withinMs: 1_500 });
  expect(performance.now() - began).toBeLessThan(3_000);
  const endings = await Promise.all(ended);
  expect(new Set(endings.map(({ code }) => code))).toEqual(new Set([1012]));
  expect(Math.max(...endings.map(({ at }) => at)) - Math.min(...endings.map(({ at }) => at))).toBeGreaterThan(100);
  expect((await stubborn.closed).code).toBe(1012);
});

test('without clients it takes no time; stop() cuts it short; again and when stopped it is harmless', async () => {
  const { server, url } = await serve();
  const client = await join(url, peerId(1), 1);
  const drained = [server.drain(), server.drain()];
  await client.next('drain');
  await server.stop();
  expect((await client.closed).code).toBe(1001);
  await Promise.all(drained);
  await server.drain();
  await server.start();
  const began = performance.now();
  await server.drain();
  expect(performance.now() - began).toBeLessThan(5_000);
  await expect(server.drain({ withinMs: Infinity })).rejects.toThrow('withinMs: expected 1 to 600000, got Infinity');
});
