import { NodePeer } from '../fixtures/node-peer.js';
import { NEEDS_FIREFOX, PlainBrowser } from '../fixtures/plain-browser.js';
import { expect, oneMesh, test as base } from '../fixtures/test.js';

interface Fixtures {
  readonly firefox: PlainBrowser;
  /** Starts a Node process with a mesh. */
  readonly startPeer: () => NodePeer;
}

const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures it needs from the pattern
  firefox: async ({}, use) => {
    const firefox = await PlainBrowser.firefox();
    await use(firefox);
    const errors = firefox.tabs.flatMap((tab) => tab.errors);
    await firefox.close();
    expect(errors, 'errors in the tabs of Firefox').toEqual([]);
  },

  // oxlint-disable-next-line no-empty-pattern -- as above
  startPeer: async ({}, use) => {
    const peers: NodePeer[] = [];
    await use(() => {
      const peer = new NodePeer();
      peers.push(peer);
      return peer;
    });
    for (const peer of peers) await peer.kill();
  },
});

test(
  'S2, S167: Chromium, Firefox and Node, two of each, are one mesh: broadcasts reach all once, direct messages each other',
  NEEDS_FIREFOX,
  async ({ openTab, firefox, startPeer, site, server, figure }) => {
    const address = `${site.origin}/?${new URLSearchParams({ api: server.url, maxPeers: '3' }).toString()}`;
    const nodes = [startPeer(), startPeer()];
    const all = [
      await openTab({ maxPeers: '3' }),
      await openTab({ maxPeers: '3' }),
      await firefox.open(address),
      await firefox.open(address),
      ...nodes,
    ];
    const began = Date.now();
    for (const node of nodes) await node.connect(server.url);
    await oneMesh(all);
    figure('the last two, in Node, to one mesh of six, with polling', Date.now() - began);

    const ids = await Promise.all(all.map((peer) => peer.id()));
    const sent = await Promise.all(all.map((peer, at) => peer.broadcast({ from: ids[at], list: [null, true, 'ü'] })));
    for (const peer of all) {
      const broadcasts = async (): Promise<string[]> =>
        (await peer.messages()).filter(({ direct }) => !direct).map(({ messageId }) => messageId);
      await expect.poll(async () => (await broadcasts()).sort()).toEqual([...sent].sort());
      for (const { from, content } of await peer.messages()) expect(content).toEqual({ from, list: [null, true, 'ü'] });
    }

    for (const [at, peer] of all.entries()) {
      for (const to of ids) if (to !== ids[at]) await peer.direct(to, `from ${ids[at]}`);
    }
    for (const [at, peer] of all.entries()) {
      const others = ids.filter((id) => id !== ids[at]);
      const directs = async (): Promise<string[]> =>
        (await peer.messages()).filter(({ direct }) => direct).map(({ content }) => String(content));
      await expect.poll(async () => (await directs()).sort()).toEqual(others.map((id) => `from ${id}`).sort());
      await expect
        .poll(async () => (await peer.events('messageDelivered')).map(({ peerId }) => peerId).sort())
        .toEqual([...others].sort());
      expect(await peer.events('messageFailed')).toEqual([]);
    }
  },
);
