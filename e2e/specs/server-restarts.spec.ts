import { offRing } from '../fixtures/ring.js';
import { expect as plainExpect, oneMesh, test, type Tab } from '../fixtures/test.js';

const TABS = 10;
const RESTARTS = 5;
/** A settled mesh has changed no link for so long. */
const QUIET_MS = 5_000;

/** Generous, as everywhere: what is measured is printed. */
const expect = plainExpect.configure({ timeout: 60_000 });
test.describe.configure({ timeout: 300_000 });
// What Chromium says of a refused WebSocket, whoever opened it.
test.use({ trace: 'off', tolerated: [/WebSocket connection to .* failed/] });

test(`S117: the server is killed and started again ${RESTARTS} times under ${TABS} tabs: no link is lost, and all come back`, async ({
  openTab,
  server,
  figure,
}) => {
  const tabs: Tab[] = [];
  for (let i = 1; i <= TABS; i++) tabs.push(await openTab({ maxPeers: '4', tab: String(i) }));
  await oneMesh(tabs, 60_000);
  await expect.poll(() => offRing(tabs)).toEqual([]);
  await expect.poll(async () => Date.now() - (await lastChange(tabs)), 'the mesh is settled').toBeGreaterThan(QUIET_MS);
  const settledAt = Date.now();

  for (let round = 1; round <= RESTARTS; round++) {
    await server.kill();
    for (const tab of tabs) await expect.poll(async () => (await tab.status()).connected).toBe(false);
    const message = await (tabs[round] as Tab).broadcast(`without a server, ${round}`);
    for (const tab of tabs) {
      await expect.poll(async () => (await tab.messages()).map(({ messageId }) => messageId)).toContain(message);
    }
    await server.start();
    const backAt = Date.now();
    for (const tab of tabs) await expect.poll(async () => (await tab.status()).connected).toBe(true);
    await expect.poll(() => registered(server.port)).toBe(TABS);
    const times = await Promise.all(tabs.map((tab) => lastConnected(tab)));
    figure(`restart ${round}: all ${TABS} registered again`, Math.max(...times) - backAt);
  }

  const closed = (await Promise.all(tabs.map((tab) => tab.recorded())))
    .flat()
    .filter(({ type, at }) => type === 'peerDisconnected' && at > settledAt)
    .map(({ payload }) => String((payload as { readonly reason?: unknown }).reason));
  // Who comes back to a server may be told of a nearer peer, and take it instead of another: no loss, and the mesh's own doing.
  const lost = closed.filter((reason) => !reason.startsWith('evicted:'));
  figure('lost', lost.length, 'links');
  figure('replaced by nearer ones', closed.length - lost.length, 'ends of links');
  expect(lost).toEqual([]);
  await oneMesh(tabs, 60_000);
  await expect.poll(() => offRing(tabs)).toEqual([]);
});

/** When any tab last gained or lost a link, in wall time. */
async function lastChange(tabs: readonly Tab[]): Promise<number> {
  const events = (await Promise.all(tabs.map((tab) => tab.recorded()))).flat();
  const changes = events.filter(({ type }) => type === 'peerConnected' || type === 'peerDisconnected');
  return Math.max(...changes.map(({ at }) => at));
}

async function lastConnected(tab: Tab): Promise<number> {
  const events = await tab.recorded();
  return Math.max(...events.filter(({ type }) => type === 'connected').map(({ at }) => at));
}

/** How many peers the server has. */
async function registered(port: number): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}/health`);
  return ((await answer.json()) as { readonly peers?: unknown }).peers;
}
