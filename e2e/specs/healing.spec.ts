import { expect, oneMesh, test } from '../fixtures/test.js';

test('S181: after a cut link, and after a real split in two, the tabs are one mesh again', async ({
  openTab,
  figure,
}) => {
  const left = [await openTab(), await openTab(), await openTab()] as const;
  const right = [await openTab(), await openTab(), await openTab()] as const;
  const tabs = [...left, ...right];
  await oneMesh(tabs);

  const [cut] = left;
  const [peer] = await cut.peers();
  await cut.page.evaluate((id) => window.peerPigeonMesh.disconnectPeer(id, 'cut by the test'), peer as string);
  const cutAt = Date.now();
  await expect.poll(() => cut.events('peerDisconnected')).toContainEqual({ peerId: peer, reason: 'cut by the test' });
  await oneMesh(tabs);
  figure('cut link to one mesh, with polling', Date.now() - cutAt);

  // All links between the halves at once, from one side.
  const others = await Promise.all(right.map((tab) => tab.id()));
  const splitAt = Date.now();
  const closed = await Promise.all(
    left.map((tab) =>
      tab.page.evaluate((ids) => {
        const across = window.peerPigeonMesh.getPeers().filter((id) => ids.includes(id));
        for (const id of across) window.peerPigeonMesh.disconnectPeer(id, 'split by the test');
        return across.length;
      }, others),
    ),
  );
  expect(closed.reduce((sum, count) => sum + count)).toBeGreaterThan(0);
  await oneMesh(tabs);
  figure('split to one mesh, with polling', Date.now() - splitAt);

  const hello = await left[0].broadcast('everyone there?');
  for (const tab of tabs) {
    await expect.poll(async () => (await tab.messages()).map(({ messageId }) => messageId)).toEqual([hello]);
  }
});
