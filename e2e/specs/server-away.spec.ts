import { LinkHistory } from '../fixtures/link-history.js';
import { offRing } from '../fixtures/ring.js';
import { expect, oneMesh, test, type Tab } from '../fixtures/test.js';

// What Chromium says of a refused WebSocket, whoever opened it.
test.use({ tolerated: [/WebSocket connection to .* failed/] });

for (const end of ['stop', 'kill'] as const) {
  test(`the server gone (${end}): tabs go on talking; back again: they reconnect, and a new tab joins`, async ({
    openTab,
    server,
    figure,
  }) => {
    const tabs = [await openTab(), await openTab(), await openTab()] as const;
    // All three links: one that is still being made when the server goes can only be made when it is back.
    for (const tab of tabs) await tab.linked(2);
    const [first, second] = tabs;

    if (end === 'stop') expect(await server.stop()).toBe(0);
    else await server.kill();
    for (const tab of tabs) {
      await expect.poll(async () => (await tab.status()).connected).toBe(false);
      expect(await tab.events('disconnected')).toMatchObject([{ permanent: false }]);
      await expect(tab.page.getByTestId('status')).toHaveText('Server away, mesh up · 2 links');
    }
    const message = await first.broadcast('without a server');
    for (const tab of tabs) {
      await expect.poll(async () => (await tab.messages()).map(({ messageId }) => messageId)).toEqual([message]);
    }
    const direct = await second.direct(await first.id(), 'me too');
    await expect.poll(() => second.events('messageDelivered')).toMatchObject([{ messageId: direct }]);
    for (const tab of tabs) expect(await tab.events('peerDisconnected')).toEqual([]);

    const backAt = Date.now();
    await server.start();
    for (const tab of tabs) {
      await expect.poll(async () => (await tab.status()).connected).toBe(true);
      await expect(tab.page.getByTestId('status')).toHaveAttribute('data-phase', 'joined');
    }
    figure('server started to all tabs reconnected', Date.now() - backAt);

    const late = await openTab();
    await late.linked();
    const all = [...tabs, late];
    await oneMesh(all);
    const hello = await late.broadcast('late, but here');
    for (const tab of all) {
      await expect.poll(async () => (await tab.messages()).map(({ messageId }) => messageId)).toContain(hello);
    }
  });
}

test('a tab that comes while the server is away joins as soon as it is back; until then the mesh is untouched', async ({
  openTab,
  server,
  figure,
}) => {
  const tabs = [await openTab(), await openTab(), await openTab(), await openTab(), await openTab()];
  await oneMesh(tabs);
  await expect.poll(() => offRing(tabs)).toEqual([]);
  await server.kill();
  for (const tab of tabs) await expect.poll(async () => (await tab.status()).connected).toBe(false);
  const before = await Promise.all(tabs.map((tab) => tab.events('peerDisconnected')));

  const late = await openTab();
  // So often it tries in 11 to 22 s: longer than connect() waits unless told otherwise.
  const losses = async (): Promise<number> =>
    (await late.events('statusChanged')).filter(({ type }) => type === 'reconnecting').length;
  await expect.poll(losses, { timeout: 40_000 }).toBeGreaterThanOrEqual(6);
  const message = await (tabs[0] as Tab).broadcast('still here?');
  for (const [i, tab] of tabs.entries()) {
    await expect.poll(async () => (await tab.messages()).map(({ messageId }) => messageId)).toEqual([message]);
    expect(await tab.events('peerDisconnected')).toEqual(before[i]);
  }

  await server.start();
  const backAt = Date.now();
  expect(await late.peers()).toEqual([]);
  const all = [...tabs, late];
  await oneMesh(all);
  figure('server back to the late tab linked', (await LinkHistory.among(all)).oneMeshSince() - backAt);
  await expect.poll(() => offRing(all)).toEqual([]);
  const hello = await late.broadcast('late, but here');
  for (const tab of all) {
    await expect.poll(async () => (await tab.messages()).map(({ messageId }) => messageId)).toContain(hello);
  }
});
