import { expect, test } from '../fixtures/test.js';

test('two tabs link, talk both ways to everyone and to one, and notice a closed tab', async ({ openTab, figure }) => {
  const [first, second] = [await openTab(), await openTab()];
  await first.linked();
  await second.linked();
  figure('connect() to the first link', await second.msUntil('peerConnected'));
  const [a, b] = [await first.id(), await second.id()];
  expect(await first.status()).toMatchObject({ connected: true, connectedCount: 1, maxPeers: 3, minPeers: 2 });
  expect(await first.peers()).toEqual([b]);
  expect(await second.peers()).toEqual([a]);
  expect(await first.events('connected')).toHaveLength(1);
  expect(await first.events('peerConnected')).toEqual([{ peerId: b }]);

  const fromFirst = await first.broadcast({ to: 'everyone', numbers: [1, 2] });
  const fromSecond = await second.broadcast('and back');
  await expect.poll(() => second.messages()).toHaveLength(2);
  await expect.poll(() => first.messages()).toHaveLength(2);
  const heard = (await second.messages()).find(({ messageId }) => messageId === fromFirst);
  expect(heard).toMatchObject({
    from: a,
    content: { to: 'everyone', numbers: [1, 2] },
    direct: false,
    hops: 1,
    path: [a],
  });
  // S20: the sender gets its own broadcast once.
  const own = (await second.messages()).find(({ messageId }) => messageId === fromSecond);
  expect(own).toMatchObject({ from: b, content: 'and back', direct: false, hops: 0, path: [b] });

  const there = await first.direct(b, 'for you alone');
  const back = await second.direct(a, 'thanks');
  await expect.poll(() => first.events('messageDelivered')).toMatchObject([{ messageId: there, peerId: b }]);
  await expect.poll(() => second.events('messageDelivered')).toMatchObject([{ messageId: back, peerId: a }]);
  expect((await second.messages()).find(({ messageId }) => messageId === there)).toMatchObject({
    from: a,
    content: 'for you alone',
    direct: true,
    hops: 1,
  });
  expect((await first.messages()).find(({ messageId }) => messageId === back)?.content).toBe('thanks');
  expect(await first.messages()).toHaveLength(3);
  expect(await second.messages()).toHaveLength(3);

  const closedAt = Date.now();
  await second.close();
  await expect.poll(() => first.events('peerDisconnected')).toMatchObject([{ peerId: b }]);
  figure('closed tab to peerDisconnected, with polling', Date.now() - closedAt);
  const [lost] = await first.events('peerDisconnected');
  expect(lost?.reason).not.toBe('');
  expect(await first.peers()).toEqual([]);
});
