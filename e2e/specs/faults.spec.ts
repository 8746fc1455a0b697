import { openRelayed } from '../fixtures/relayed-tab.js';
import { expect, type Tab } from '../fixtures/test.js';
import { NEEDS_TURN } from '../fixtures/turn-server.js';
import { test } from '../fixtures/turn-test.js';

/** How long the path is away. */
const LOST_MS = 8_000;
/** Rounds of messages over that time and a second more. */
const ROUNDS = 50;

test(
  'S98: a pair that only TURN connects, with credentials for a few seconds',
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
  '10 % of all packets lost, 50 ms each way, some overtaken: a link opens, 300 messages arrive in order',
  NEEDS_TURN,
  async ({ openPair, figure }) => {
    const faults = { loss: 0.1, delayMs: 50, reorder: 0.05 };
    const { near, far, path } = await openPair({ there: faults, back: faults });
    const openedMs = await far.msUntil('peerConnected');
    figure('the second tab: connect() to its link', openedMs);
    // It takes about one.
    expect(openedMs).toBeLessThan(5_000);

    const sentAt = Date.now();
    await near.page.evaluate(
      (to) => {
        for (let at = 0; at < 300; at++) window.peerPigeonMesh.sendDirectMessage(to, at);
      },
      await far.id(),
    );
    await expect.poll(async () => (await far.messages()).length).toBe(300);
    figure('300 direct messages', Math.max(...(await heard(far)).map(({ at }) => at)) - sentAt);
    expect((await far.messages()).map(({ content }) => content)).toEqual(Array.from({ length: 300 }, (_, at) => at));
    for (const tab of [near, far]) expect(await tab.events('peerDisconnected')).toEqual([]);
    const { there, back } = path.fates;
    figure('packets lost', there.lost + back.lost, `of ${there.lost + back.lost + there.passed + back.passed}`);
  },
);

test(
  'the path of an open link lost for 8 s: messages resume within 10 s of its return, none lost, no disconnect',
  NEEDS_TURN,
  async ({ openPair, figure }) => {
    const { near, far, path } = await openPair();
    const farId = await far.id();
    const cutAt = Date.now();
    path.blackhole(LOST_MS);
    await talkOn(near, far);
    for (const tab of [near, far]) {
      expect(await tab.events('peerDisconnected')).toEqual([]);
      // What waits for the path is no failure, however long it has waited.
      expect(await tab.events('messageFailed')).toEqual([]);
      await expect.poll(async () => (await tab.events('messageDelivered')).length).toBe(ROUNDS);
    }
    await steps(near, cutAt, figure);
    // What was on its way arrives at once.
    const arrivals = (await heard(near, farId)).map(({ at }) => at - cutAt).filter((ms) => ms > LOST_MS);
    const resumedMs = Math.min(...arrivals) - LOST_MS;
    figure('path back to the first message', resumedMs);
    figure('path back to the last message', Math.max(...arrivals) - LOST_MS);
    expect(resumedMs).toBeLessThan(10_000);
  },
);

test(
  'S101: the path of an open link lost for good, as when a phone changes networks: an ICE restart finds another, none lost, no disconnect',
  NEEDS_TURN,
  async ({ openPair, figure }) => {
    const { near, far, path } = await openPair();
    const farId = await far.id();
    const lostAt = Date.now();
    path.moveOn();
    await talkOn(near, far);
    for (const tab of [near, far]) {
      expect(await tab.events('peerDisconnected')).toEqual([]);
      expect(await tab.events('peerConnected')).toHaveLength(1);
      expect(await tab.events('messageFailed')).toEqual([]);
    }
    await steps(near, lostAt, figure);
    figure('path lost to the first message', Math.min(...(await heard(near, farId)).map(({ at }) => at)) - lostAt);
  },
);

/** What a tab heard, and when. */
async function heard(tab: Tab, sender?: string): Promise<{ readonly at: number; readonly content: unknown }[]> {
  const recorded = await tab.recorded();
  return recorded.flatMap(({ type, at, payload }) =>
    type === 'messageReceived' && (sender === undefined || payload.from === sender)
      ? [{ at, content: payload.content }]
      : [],
  );
}

/** Both tabs talk while the path is away, until each has heard all of the other. */
async function talkOn(near: Tab, far: Tab): Promise<void> {
  const [nearId, farId] = [await near.id(), await far.id()];
  await Promise.all([talk(near, farId), talk(far, nearId)]);
  const wanted = Array.from({ length: ROUNDS }, (_, at) => [`all ${at}`, `one ${at}`]).flat();
  for (const [tab, from] of [
    [near, farId],
    [far, nearId],
  ] as const) {
    await expect
      .poll(async () => (await heard(tab, from)).map(({ content }) => String(content)).sort())
      .toEqual(wanted.sort());
  }
}

/** Prints what a tab was told of its link since then. */
async function steps(tab: Tab, since: number, figure: (name: string, ms: number) => void): Promise<void> {
  for (const { type, at, payload } of await tab.recorded()) {
    if (type === 'statusChanged' && at > since) figure(`path lost to ${payload.type}`, at - since);
  }
}

/** Sends a broadcast and a direct message, again and again while the path is away, and a bit longer. */
async function talk(tab: Tab, peer: string): Promise<void> {
  await tab.page.evaluate(
    ([to, rounds, everyMs]) =>
      new Promise<void>((resolve) => {
        let at = 0;
        const timer = setInterval(() => {
          window.peerPigeonMesh.sendMessage(`all ${at}`);
          window.peerPigeonMesh.sendDirectMessage(to, `one ${at}`);
          if (++at < rounds) return;
          clearInterval(timer);
          resolve();
        }, everyMs);
      }),
    [peer, ROUNDS, (LOST_MS + 1_000) / ROUNDS] as const,
  );
}
