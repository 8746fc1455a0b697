import { expect, oneMesh, test } from '../fixtures/test.js';

test('the demo renders, joins the server of ?api=, and chats through its controls (S157–S165)', async ({
  openTab,
  server,
}) => {
  const [first, second] = [await openTab({ tab: '1' }), await openTab({ tab: '2' })];
  await oneMesh([first, second]);
  const [a, b] = [await first.id(), await second.id()];
  const { page } = first;
  await expect(page).toHaveTitle('Tab 1 · PeerPigeon');
  await expect(page.getByTestId('status')).toHaveText('Joined · 1 link');
  await expect(page.getByTestId('own-id')).toHaveAttribute('data-id', a);
  expect((await first.status()).signalingUrl).toContain(server.url);
  await expect(page.getByTestId('ring-node')).toHaveCount(2);
  await expect(page.getByTestId('own-link')).toHaveCount(1);
  await expect(page.locator(`[data-testid=peer-row][data-id="${b}"]`)).toHaveAttribute('data-kind', 'linked');
  await expect(page.getByTestId('event-log')).toContainText(`Linked with ${b.slice(0, 6)}`);

  await page.getByTestId('chat-input').fill('hello, everyone');
  await page.getByTestId('chat-input').press('Enter');
  for (const tab of [first, second]) {
    const message = tab.page.getByTestId('chat-message');
    await expect(message).toHaveCount(1);
    await expect(message).toContainText('hello, everyone');
    await expect(message).toHaveAttribute('data-direct', 'false');
  }
  await expect(page.getByTestId('chat-input')).toHaveValue('');

  // To one, chosen in the picture by keyboard.
  await page.getByRole('button', { name: new RegExp(`^Peer ${b.slice(0, 6)}, linked`) }).press('Enter');
  await expect(page.getByTestId('recipient')).toHaveValue(b);
  await page.getByTestId('chat-input').fill('<b>you alone</b>');
  await page.getByTestId('chat-send').click();
  await expect(page.getByTestId('chat-message').last()).toContainText('delivered over 1 hop');
  const received = second.page.getByTestId('chat-message').last();
  await expect(received).toContainText('<b>you alone</b>');
  await expect(received).toHaveAttribute('data-direct', 'true');

  await page.getByTestId('leave').click();
  await expect(page.getByTestId('status')).toHaveText('Not joined');
  await expect(second.page.getByTestId('status')).toHaveText('Joined · 0 links');
  await page.getByTestId('join').click();
  await expect(page.getByTestId('status')).toHaveText('Joined · 1 link');
});

test('S159, S161, S162: the console has the mesh and its whole state', async ({ openTab }) => {
  const tabs = [await openTab(), await openTab()] as const;
  await oneMesh(tabs);
  const { page } = tabs[0];
  const state = await page.evaluate(() => JSON.stringify(window.getPeerPigeonState()));
  const other = await tabs[1].id();
  expect(JSON.parse(state)).toMatchObject({
    phase: 'joined',
    status: { connected: true, connectedCount: 1, connectionType: 'websocket' },
    peers: [other],
    discoveredPeers: [],
    settings: { network: 'global', maxPeers: 3, minPeers: 2 },
  });
  const console = await page.evaluate(() => {
    const mesh = window.peerPigeonMesh;
    return [mesh.getDiscoveredPeers().length, mesh.debugConnectivity().peers.length, mesh.forceConnectToAllPeers()];
  });
  expect(console).toEqual([0, 1, 0]);
});

test('S158, S163: debug logs everything, behind the tab and the id; else the console stays quiet', async ({
  openTab,
}) => {
  const loud = await openTab({ debug: 'true', tab: '3' });
  const quiet = await openTab();
  await oneMesh([loud, quiet]);
  const prefix = `[tab 3] [${(await loud.id()).slice(0, 8)}] debug: `;
  await expect.poll(() => loud.lines.filter((line) => line.startsWith(prefix)).length).toBeGreaterThan(5);
  expect(quiet.lines).toEqual([]);
});

test('S164: settings are kept over reloads, and ?api= wins', async ({ openTab, server, site }) => {
  const tab = await openTab({ join: 'false' });
  const { page } = tab;
  await expect(page.getByTestId('status')).toHaveText('Not joined');
  await page.locator('summary').click();
  await page.getByTestId('network').fill('elsewhere');
  await page.getByTestId('max-peers').fill('8');
  await page.getByTestId('apply-settings').click();

  // Without ?api= now: the address that was in force when they were kept.
  await page.goto(`${site.origin}/`);
  await expect(page.getByTestId('status')).toHaveText('Joined · 0 links');
  expect(await tab.status()).toMatchObject({ maxPeers: 8, minPeers: 2 });
  expect((await tab.status()).signalingUrl).toContain(server.url);

  await page.goto(`${site.origin}/?join=false&api=ws://127.0.0.1:9`);
  await page.locator('summary').click();
  await expect(page.getByTestId('api-url')).toHaveValue('ws://127.0.0.1:9');
  await expect(page.getByTestId('network')).toHaveValue('elsewhere');
});

test('S156: /examples/browser/ redirects to the demo, its query kept', async ({ openTab, server, site }) => {
  const tab = await openTab({ join: 'false' });
  await tab.page.goto(`${site.origin}/examples/browser/?api=${server.url}&tab=7`);
  await expect(tab.page).toHaveURL(`${site.origin}/?api=${server.url}&tab=7`);
  await expect(tab.page.getByTestId('status')).toHaveText('Joined · 0 links');
});

test('S165: force-connect dials every known peer, up to the limit', async ({ openTab }) => {
  const tabs = [await openTab(), await openTab(), await openTab()] as const;
  for (const tab of tabs) await tab.linked(2);
  const { page } = tabs[0];
  // With room for all, everyone is linked already: one link goes, and nobody dials by itself.
  for (const tab of tabs) await tab.page.evaluate(() => window.peerPigeonMesh.setAutoDiscovery(false));
  const other = await tabs[1].id();
  await page.evaluate((id) => window.peerPigeonMesh.disconnectPeer(id, 'to be forced'), other);
  await expect(page.getByTestId('status')).toHaveText('Joined · 1 link');
  await page.getByTestId('force-connect').click();
  await expect(page.getByTestId('event-log')).toContainText('Forced: 1 dial started');
  await expect(page.getByTestId('status')).toHaveText('Joined · 2 links');
});

test('an address that is none is said so, and the page stays usable', async ({ openTab }) => {
  const tab = await openTab({ join: 'false', api: 'ftp://127.0.0.1' });
  await tab.page.getByTestId('join').click();
  await expect(tab.page.getByTestId('status')).toHaveText('Could not join');
  await expect(tab.page.getByTestId('event-log')).toContainText('Could not join: url: expected ws://');
  await expect(tab.page.getByTestId('join')).toBeEnabled();
});
