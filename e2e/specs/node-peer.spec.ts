import { NodePeer } from '../fixtures/node-peer.js';
import { expect, oneMesh, test as base } from '../fixtures/test.js';

const test = base.extend<{ nodePeer: NodePeer }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures it needs from the pattern
  nodePeer: async ({}, use) => {
    const peer = new NodePeer();
    await use(peer);
    await peer.kill();
  },
});

test('S2: a Node process with @roamhq/wrtc is in one mesh with two tabs', async ({
  openTab,
  server,
  nodePeer,
  figure,
}) => {
  const tabs = [await openTab(), await openTab()];
  const began = Date.now();
  await nodePeer.connect(server.url);
  await expect.poll(async () => (await nodePeer.peers()).length).toBe(2);
  figure('connect() in Node to two links, with polling', Date.now() - began);
  const all = [...tabs, nodePeer];
  await oneMesh(all);

  const ids = await Promise.all(all.map((peer) => peer.id()));
  const sent = await Promise.all(all.map((peer, i) => peer.broadcast({ from: ids[i], list: [null, true, 'ü'] })));
  for (const peer of all) {
    await expect
      .poll(async () => (await peer.messages()).map(({ messageId }) => messageId).sort())
      .toEqual([...sent].sort());
    for (const { from, content } of await peer.messages()) {
      expect(content).toEqual({ from, list: [null, true, 'ü'] });
    }
  }

  for (const [i, peer] of all.entries()) {
    for (const to of ids) if (to !== ids[i]) await peer.direct(to, `from ${ids[i]}`);
  }
  for (const [i, peer] of all.entries()) {
    const others = ids.filter((id) => id !== ids[i]);
    await expect
      .poll(async () => (await peer.events('messageDelivered')).map(({ peerId }) => peerId).sort())
      .toEqual([...others].sort());
    const direct = async (): Promise<string[]> =>
      (await peer.messages()).filter((message) => message.direct).map(({ content }) => String(content));
    await expect.poll(async () => (await direct()).sort()).toEqual(others.map((id) => `from ${id}`).sort());
    expect(await peer.events('messageFailed')).toEqual([]);
  }

  await nodePeer.disconnect();
  for (const tab of tabs) {
    await expect.poll(() => tab.events('peerDisconnected')).toMatchObject([{ peerId: ids[2] }]);
  }
});
