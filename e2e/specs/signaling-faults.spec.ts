import { over, test } from '../fixtures/path-test.js';
import { expect, oneMesh } from '../fixtures/test.js';

test('S117: connections to the server that are reset in the middle of their handshakes: the next one is taken', async ({
  openTab,
  openPath,
  figure,
}) => {
  const path = await openPath();
  path.resetHandshakes(3);
  const [first, second] = [await openTab(over(path)), await openTab()];
  await oneMesh([first, second]);
  expect(path.accepted).toBe(4);
  figure('connect() to connected, at the fourth attempt', await first.msUntil('connected'));

  // And one that is open.
  const resetAt = Date.now();
  path.reset();
  await expect.poll(async () => (await first.events('connected')).length).toBe(2);
  expect(await first.events('disconnected')).toMatchObject([{ permanent: false }]);
  const back = (await first.recorded()).filter(({ type }) => type === 'connected').at(-1);
  figure('reset to connected again', (back?.at ?? 0) - resetAt);
  for (const tab of [first, second]) expect(await tab.events('peerDisconnected')).toEqual([]);
});
