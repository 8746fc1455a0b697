import { over, test } from '../fixtures/path-test.js';
import { expect, oneMesh } from '../fixtures/test.js';

test('a server that is 300 ms away: tabs join and link', async ({ openTab, openPath, figure }) => {
  const path = await openPath(300);
  const [first, second] = [await openTab(over(path)), await openTab(over(path))];
  await oneMesh([first, second]);
  figure('connect() to connected', await second.msUntil('connected'));
  figure('connect() to the first link', await second.msUntil('peerConnected'));
});

test('connections to the server that are reset in the middle of their handshakes: the next one is taken', async ({
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
