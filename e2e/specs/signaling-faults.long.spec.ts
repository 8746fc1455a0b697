import { over, test } from '../fixtures/path-test.js';
import { expect, oneMesh, type Tab } from '../fixtures/test.js';

const LOST_MS = 20_000;
/** Three intervals of pings and the ladder's first steps, with room. */
const NOTICE_MS = 120_000;

/** Cuts the only link of two tabs: another comes about over the server alone. */
async function relinks(first: Tab, second: Tab): Promise<number> {
  const peer = await second.id();
  const began = Date.now();
  await first.page.evaluate((id) => window.peerPigeonMesh.disconnectPeer(id, 'cut by the test'), peer);
  await expect.poll(async () => (await first.events('peerDisconnected')).length).toBeGreaterThan(0);
  await oneMesh([first, second]);
  return Date.now() - began;
}

test('a server that is 300 ms away: tabs join and link', async ({ openTab, openPath, figure }) => {
  const path = await openPath(300);
  const [first, second] = [await openTab(over(path)), await openTab(over(path))];
  await oneMesh([first, second]);
  figure('connect() to connected', await second.msUntil('connected'));
  figure('connect() to the first link', await second.msUntil('peerConnected'));
});

test('S117: the path to the server lost for 20 s: the link stays, and signaling works again', async ({
  openTab,
  openPath,
  figure,
}) => {
  const path = await openPath();
  const [first, second] = [await openTab(over(path)), await openTab()];
  await oneMesh([first, second]);
  path.blackhole(LOST_MS);
  await expect.poll(() => path.away, { timeout: 2 * LOST_MS }).toBe(false);
  await expect.poll(async () => (await first.status()).connected, { timeout: NOTICE_MS }).toBe(true);
  expect(await first.events('peerDisconnected')).toEqual([]);
  figure('noticed', (await first.events('disconnected')).length, 'times');
  figure('cut link to a new one, over the server', await relinks(first, second));
});

test('S117: a connection to the server that a NAT forgot: noticed, and made anew', async ({
  openTab,
  openPath,
  figure,
}) => {
  const path = await openPath();
  const [first, second] = [await openTab(over(path)), await openTab()];
  await oneMesh([first, second]);
  const strandedAt = Date.now();
  path.strand();
  await expect
    .poll(async () => (await first.events('connected')).length, { timeout: NOTICE_MS, intervals: [1_000] })
    .toBe(2);
  for (const type of ['disconnected', 'connected'] as const) {
    const last = (await first.recorded()).filter((event) => event.type === type).at(-1);
    figure(`connection stranded to ${type}`, (last?.at ?? 0) - strandedAt);
  }
  expect(await first.events('peerDisconnected')).toEqual([]);
  figure('cut link to a new one, over the server', await relinks(first, second));
});
