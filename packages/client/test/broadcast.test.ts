import { afterEach, expect, it, vi } from 'vitest';
import { PeerPigeonMesh } from '../src/index.js';
import { URL, World, tape } from './world.js';

const world = new World();
afterEach(() => world.close());

it('S29: broadcast() with receipts says how many peers it reached', async () => {
  const [a, b, c] = await world.full(3);
  const heard = [b, c].map((mesh) => tape(mesh!, 'messageReceived'));
  const reach = await a!.broadcast({ text: 'hello' }, { receipts: true });
  expect(reach.reached).toBe(2);
  expect(reach.expected).toBeGreaterThanOrEqual(2);
  for (const messages of heard) {
    expect(messages).toMatchObject([{ messageId: reach.messageId, content: { text: 'hello' } }]);
  }
});

it('broadcast() rejects what sendMessage() throws, and when this mesh leaves', async () => {
  const [a] = await world.full(2);
  await expect(a!.broadcast(() => 1, { receipts: true })).rejects.toThrow(TypeError);
  await expect(a!.broadcast('x', { receipts: true, ttl: 0 })).rejects.toThrow(RangeError);
  const pending = a!.broadcast('x', { receipts: true });
  a!.disconnect();
  await expect(pending).rejects.toMatchObject({ code: 'DISCONNECTED' });
});

it('own broadcasts that never leave for want of a link are reported: messageUnsent', async () => {
  const lonely = world.mesh();
  await lonely.connect(URL);
  const unsent = tape(lonely, 'messageUnsent');
  const ids = Array.from({ length: 66 }, (_, n) => lonely.sendMessage(n));
  await vi.waitUntil(() => unsent.length === 2);
  expect(unsent).toEqual(ids.slice(0, 2).map((messageId) => ({ messageId, reason: 'overflow' })));
});

it("order 'fifo' and a history for late joiners", async () => {
  const options = { order: 'fifo', history: { sinceMs: 60_000 } } as const;
  const [a] = await world.full(2, options);
  for (let n = 0; n < 5; n++) a!.sendMessage(n);
  const late = world.mesh(options);
  const heard = tape(late, 'messageReceived');
  await late.connect(URL);
  await vi.waitUntil(() => heard.length === 5, { timeout: 10_000 });
  expect(heard.map(({ content }) => content)).toEqual([0, 1, 2, 3, 4]);
});

it.each([{ order: 'random' }, { history: 5 }, { history: { sinceMs: -1 } }, { history: { sinceMs: 3_600_001 } }])(
  'options %j are refused',
  (options) => {
    expect(() => new PeerPigeonMesh(options as never)).toThrow(/order|history/);
  },
);
