import { SlowPath } from '../fixtures/slow-path.js';
import { expect, test } from '../fixtures/test.js';

test('two tabs link over a path of 1 Mb/s; messages arrive, and heartbeats go on behind large ones', async ({
  context,
  openTab,
  figure,
}) => {
  const path = await SlowPath.install(context, { bitsPerSecond: 1_000_000 });
  const [first, second] = [await openTab(), await openTab()];
  await first.linked();
  await second.linked();
  const to = await second.id();
  const content = 'x'.repeat(50_000);
  const sent: string[] = [];
  for (let i = 0; i < 10; i++) sent.push(await first.direct(to, content));
  await expect.poll(() => first.events('messageDelivered')).toHaveLength(10);
  const delivered = await first.events('messageDelivered');
  expect(delivered.map(({ messageId }) => messageId).sort()).toEqual(sent.sort());
  // 500 kB are 4 s at 1 Mb/s: no packet takes another way.
  const slowest = Math.max(...delivered.map(({ roundTripMs }) => roundTripMs));
  expect(slowest).toBeGreaterThan(2_000);
  figure('slowest of ten messages of 50 kB', slowest);
  expect(await first.events('peerDisconnected')).toEqual([]);
  path.close();
});
