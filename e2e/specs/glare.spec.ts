import { countConnections } from '../fixtures/connections.js';
import { NodePeer } from '../fixtures/node-peer.js';
import { SignalProxy } from '../fixtures/signal-proxy.js';
import { expect, test as base, type Tab } from '../fixtures/test.js';

const LONG = process.env['PEERPIGEON_TIER'] === 'long';
const ROUNDS = LONG ? 30 : 5;
/** Between the order to dial and the dial: enough for it to reach both. */
const AHEAD_MS = 100;
/** Generous: what is lost is said again after a second. */
const OPEN_MS = 30_000;
const FAULTS = { loss: 0.05, duplicated: 0.2, reorder: 0.3, reorderMs: 100 };

type Peer = Tab | NodePeer;

const test = base.extend<{ readonly signals: SignalProxy; readonly openPeer: (kind: 'tab' | 'Node') => Promise<Peer> }>(
  {
    signals: async ({ server }, use) => {
      const signals = await SignalProxy.start(server.url, FAULTS);
      await use(signals);
      await signals.close();
    },

    openPeer: async ({ context, openTab, signals }, use) => {
      await context.addInitScript(countConnections);
      const nodes: NodePeer[] = [];
      await use(async (kind) => {
        if (kind === 'tab') return openTab({ api: signals.url });
        const peer = new NodePeer();
        nodes.push(peer);
        await peer.connect(signals.url);
        return peer;
      });
      for (const peer of nodes) await peer.kill();
    },
  },
);

for (const [first, second] of [
  ['tab', 'tab'],
  ['tab', 'Node'],
  ['Node', 'Node'],
] as const) {
  // One pair of kinds is enough for every day.
  const rounds = LONG || first !== second ? ROUNDS : 0;
  if (rounds === 0) continue;
  test(`S94, S101: ${first} and ${second} dial each other at once, ${rounds} times, over bad signaling: one link, one connection`, async ({
    openPeer,
    signals,
    figure,
  }) => {
    const peers = [await openPeer(first), await openPeer(second)] as const;
    const ids = [await peers[0].id(), await peers[1].id()] as const;
    const linked = (): Promise<string[][]> => Promise.all(peers.map((peer) => peer.peers()));
    const closed = (): Promise<number[]> =>
      Promise.all(peers.map(async (peer) => (await peer.events('peerDisconnected')).length));
    await expect.poll(linked).toEqual([[ids[1]], [ids[0]]]);
    const openedMs: number[] = [];
    for (let round = 1; round <= rounds; round++) {
      await peers[round % 2 === 0 ? 0 : 1].unlink(ids[round % 2 === 0 ? 1 : 0]);
      await expect.poll(closed).toEqual([round, round]);
      const at = Date.now() + AHEAD_MS;
      await Promise.all([peers[0].dialAt(ids[1], at), peers[1].dialAt(ids[0], at)]);
      await expect
        .poll(linked, { intervals: [20], message: `round ${round}`, timeout: OPEN_MS })
        .toEqual([[ids[1]], [ids[0]]]);
      openedMs.push(Date.now() - at);
      for (const peer of peers) await expect.poll(async () => (await peer.connections()).live).toBe(1);
    }
    openedMs.sort((a, b) => a - b);
    figure('dialled to linked, with polling, median', openedMs[Math.floor(rounds / 2)] ?? 0);
    figure('the slowest', openedMs.at(-1) ?? 0);
    for (const peer of peers) figure('connections made', (await peer.connections()).made, `for ${rounds + 1} links`);
    const { lost, overtaken, passed } = signals.fates;
    figure('signals lost', lost, `of ${passed + lost}, ${overtaken} overtaken`);
  });
}
