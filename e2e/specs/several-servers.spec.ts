import { HOST } from '../fixtures/ports.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';
import { expect, oneMesh, test, type Tab } from '../fixtures/test.js';

// What Chromium says of a refused WebSocket, whoever opened it.
test.use({ tolerated: [/WebSocket connection to .* failed/] });

test('S117: two addresses of one server: when the first is gone the tabs take the second; no link is lost', async ({
  openTab,
  server,
  figure,
}) => {
  const [first, second] = [await TcpProxy.start(server.port), await TcpProxy.start(server.port)];
  const urls = [first, second].map(({ port }) => `ws://${HOST}:${port}`);
  const tabs: Tab[] = [];
  for (let i = 0; i < 3; i++) {
    const tab = await openTab({ join: 'false' });
    await tab.page.evaluate((servers) => window.peerPigeonMesh.connect(servers), urls);
    expect((await tab.status()).signalingUrl).toBe(urls[0]);
    tabs.push(tab);
  }
  for (const tab of tabs) await tab.linked(2);
  await oneMesh(tabs);

  const goneAt = Date.now();
  await first.close();
  for (const tab of tabs) {
    await expect.poll(async () => (await tab.events('connected')).map(({ url }) => url)).toEqual(urls);
    expect(await tab.status()).toMatchObject({ connected: true, signalingUrl: urls[1], connectedCount: 2 });
    expect(await tab.events('disconnected')).toMatchObject([{ url: urls[0], permanent: false }]);
    expect(await tab.events('peerDisconnected')).toEqual([]);
  }
  const recorded = (await Promise.all(tabs.map((tab) => tab.recorded()))).flat();
  const backAt = Math.max(...recorded.filter(({ type }) => type === 'connected').map(({ at }) => at));
  figure('first address gone to all at the second', backAt - goneAt);
  await second.close();
});
