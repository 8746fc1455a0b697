import { openRelayed } from '../fixtures/relayed-tab.js';
import { expect, test as base, type Tab } from '../fixtures/test.js';
import { NEEDS_TURN, TurnServer } from '../fixtures/turn-server.js';
import { UdpProxy, type UdpProxyOptions } from '../fixtures/udp-proxy.js';

/** Two tabs whose link goes over TURN alone; the first one's path to the TURN server is the proxy. */
interface Pair {
  readonly near: Tab;
  readonly far: Tab;
  readonly path: UdpProxy;
}

interface Fixtures {
  readonly turn: TurnServer;
  readonly openPair: (options?: UdpProxyOptions) => Promise<Pair>;
}

const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures it needs from the pattern
  turn: async ({}, use) => {
    const turn = await TurnServer.start();
    await use(turn);
    await turn.stop();
  },

  openPair: async ({ turn, openTab, server: { url } }, use) => {
    const paths: UdpProxy[] = [];
    await use(async (options) => {
      const path = await UdpProxy.start(turn.port, options);
      paths.push(path);
      const near = await openRelayed(openTab, { url, iceServers: () => [turn.iceServer(600, path.port)] });
      const far = await openRelayed(openTab, { url, iceServers: () => [turn.iceServer()] });
      for (const tab of [near, far]) await tab.linked();
      return { near, far, path };
    });
    for (const path of paths) await path.close();
  },
});

test(
  'a pair that only TURN connects, with credentials for a few seconds',
  NEEDS_TURN,
  async ({ turn, openTab, server: { url }, figure }) => {
    let asked = 0;
    const iceServers = (): RTCIceServer[] => {
      asked++;
      return [turn.iceServer(20)];
    };
    const first = await openRelayed(openTab, { url, iceServers });
    const second = await openRelayed(openTab, { url, iceServers });
    for (const tab of [first, second]) await tab.linked();
    expect(asked).toBeGreaterThanOrEqual(2);
    figure('the second tab: connect() to its link', await second.msUntil('peerConnected'));
    const message = await first.direct(await second.id(), 'over TURN');
    await expect.poll(() => first.events('messageDelivered')).toMatchObject([{ messageId: message }]);
  },
);

test(
  '10 % of all UDP packets lost, 50 ms each way, some overtaken: a link opens, 300 messages arrive in order',
  NEEDS_TURN,
  async ({ openPair, figure }) => {
    const faults = { loss: 0.1, delayMs: 50, reorder: 0.05 };
    const { near, far, path } = await openPair({ there: faults, back: faults });
    const opened = await far.msUntil('peerConnected');
    figure('the second tab: connect() to its link', opened);
    expect(opened).toBeLessThan(5_000);

    const sentAt = Date.now();
    await near.page.evaluate(
      (to) => {
        for (let at = 0; at < 300; at++) window.peerPigeonMesh.sendDirectMessage(to, at);
      },
      await far.id(),
    );
    await expect.poll(async () => (await far.messages()).length).toBe(300);
    figure('300 direct messages', ((await far.recorded()).at(-1)?.at as number) - sentAt);
    expect((await far.messages()).map(({ content }) => content)).toEqual(Array.from({ length: 300 }, (_, at) => at));
    for (const tab of [near, far]) expect(await tab.events('peerDisconnected')).toEqual([]);
    const { there, back } = path.fates;
    figure('packets lost', there.lost + back.lost, `of ${there.lost + back.lost + there.passed + back.passed}`);
  },
);
