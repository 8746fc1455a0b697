import type { ReceivedMessage } from '@peerpigeon/client';
import { expect, oneMesh, test, type Tab } from '../fixtures/test.js';

const TABS = 5;
const EACH = 6;

test('S180: five tabs at maxPeers 3 form one mesh, and every broadcast comes to every tab exactly once', async ({
  openTab,
  figure,
}) => {
  const tabs: Tab[] = [];
  for (let i = 1; i <= TABS; i++) tabs.push(await openTab({ maxPeers: '3', tab: String(i) }));
  const opened = Date.now();
  await oneMesh(tabs);
  figure('last tab opened to one mesh, with polling', Date.now() - opened);
  const first = await Promise.all(tabs.slice(1).map((tab) => tab.msUntil('peerConnected')));
  figure('connect() to the first link, slowest of four', Math.max(...first));
  for (const tab of tabs) expect((await tab.peers()).length).toBeLessThanOrEqual(3);

  // Sent at once by all, while the mesh may still be changing its links.
  const sent = (
    await Promise.all(
      tabs.map(async (tab, i) =>
        Promise.all(Array.from({ length: EACH }, (_, n) => tab.broadcast({ tab: i, number: n }))),
      ),
    )
  ).flat();
  expect(new Set(sent).size).toBe(TABS * EACH);
  for (const tab of tabs) {
    await expect
      .poll(async () => (await tab.messages()).map(idOf).sort(), { message: 'messages' })
      .toEqual([...sent].sort());
  }

  // To everyone directly, over several hops where need be.
  const ids = await Promise.all(tabs.map((tab) => tab.id()));
  for (const tab of tabs) {
    const others = ids.filter((id, i) => tabs[i] !== tab);
    for (const to of others) await tab.direct(to, 'direct');
    await expect.poll(async () => (await tab.events('messageDelivered')).length).toBe(TABS - 1);
    expect(await tab.events('messageFailed')).toEqual([]);
  }

  // Nothing came twice in the meantime.
  for (const tab of tabs) {
    const messages = await tab.messages();
    expect(messages.filter(({ direct }) => !direct)).toHaveLength(TABS * EACH);
    expect(messages.filter(({ direct }) => direct)).toHaveLength(TABS - 1);
    expect(new Set(messages.map(idOf)).size).toBe(messages.length);
  }
  const hops = (await Promise.all(tabs.map((tab) => tab.messages()))).flat().map((message) => message.hops);
  figure('farthest broadcast or direct message', Math.max(...hops), 'hops');
});

function idOf({ messageId }: ReceivedMessage): string {
  return messageId;
}
