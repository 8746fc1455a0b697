import { SeededRng } from '@peerpigeon/core';
import { afterEach, expect, test } from 'vitest';
import { NodeProcess, indexOf, until } from './deployment.js';
import { RedisProcess } from './redis-process.js';
import { SessionClient } from './session-client.js';

const running: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0).reverse()) await stop();
});

test('C8 15: SIGTERM to one of two nodes with 300 clients: not ready at once, all are at the other within 30 s, exit 0', async () => {
  const redis = await RedisProcess.start();
  running.push(() => redis.stop());
  const nodes = await Promise.all(['a', 'b'].map((name) => NodeProcess.start(redis.url, name)));
  running.push(...nodes.map((node) => () => node.stop()));
  const [a, b] = nodes as [NodeProcess, NodeProcess];
  const rng = new SeededRng(9);
  const clients = Array.from({ length: 300 }, () => {
    const words = Array.from({ length: 5 }, () => rng.uint32().toString(16).padStart(8, '0'));
    return new SessionClient(words.join(''));
  });
  running.push(() => clients.forEach((client) => client.leave()));
  // Each knows both, half of them begin here and half there.
  for (const [index, client] of clients.entries()) {
    const [first, second] = index % 2 === 0 ? [a, b] : [b, a];
    client.join(first.address, [second.address]);
  }
  await until(() => clients.every(({ url }) => url !== undefined), 20_000);
  const ids = clients.map(({ id }) => id).sort();
  await until(async () => (await indexOf(redis.url)).length === 300, 5_000);

  const began = performance.now();
  const at = (): number => Math.round(performance.now() - began);
  a.signal('SIGTERM');
  const ready = a.address.replace('ws:', 'http:') + '/ready';
  await until(async () => (await fetch(ready)).status === 503, 2_000);
  const notReady = at();
  await until(() => clients.every(({ url }) => url === b.address), 30_000);
  const moved = at();
  expect(await Promise.race([a.ended, until(() => false, 30_000)])).toBe(0);
  console.log(
    `300 clients: not ready after ${notReady} ms, all at the other node after ${moved} ms, exit after ${at()} ms`,
  );
  expect(moved).toBeLessThan(30_000);
  await until(async () => (await indexOf(redis.url)).length === 300, 5_000);
  expect(await indexOf(redis.url)).toEqual(ids);
  expect((await b.stats()).peers).toBe(300);
});
