import { components, linksAmong, without, worstLoss } from '../fixtures/graph.js';
import { LinkHistory } from '../fixtures/link-history.js';
import type { Recorded } from '../fixtures/recorder.js';
import { offRing } from '../fixtures/ring.js';
import { expect as plainExpect, oneMesh, test, type Figure, type OpenTab, type Tab } from '../fixtures/test.js';

/** By hand any number: `PEERPIGEON_TABS=60 pnpm e2e many-tabs`. */
const TABS = Number(process.env['PEERPIGEON_TABS'] ?? 15);
/** A third of them is killed. */
const LOST = Math.floor(TABS / 3);
/** Broadcasts of each tab: a hundred or more in all. */
const EACH = Math.ceil(100 / TABS);
/** Direct messages of each tab: to everyone, or to some so that they are 300 in all: they are sent at once. */
const DIRECT = Math.min(TABS - 1, Math.ceil(300 / TABS));

/** Generous, as everywhere: what is measured is printed. */
const LIMIT_MS = 1_500 * Math.max(TABS, 20);
const expect = plainExpect.configure({ timeout: LIMIT_MS });
test.describe.configure({ timeout: 4 * LIMIT_MS });
test.use({
  // Snapshots of so many tabs would be most of the load.
  trace: 'off',
  // What Chromium says of a refused WebSocket, whoever opened it.
  tolerated: [/WebSocket connection to .* failed/],
});

test(`S180: ${TABS} tabs at maxPeers 3, opened one after the other: one mesh, every message once`, async ({
  openTab,
  figure,
}) => {
  const tabs: Tab[] = [];
  for (let i = 1; i <= TABS; i++) tabs.push(await openTab({ maxPeers: '3', tab: String(i) }));
  await joined(tabs, figure);

  // Sent at once by all, while the mesh may still be changing its links.
  const sentAt = Date.now();
  const numbers = Array.from({ length: EACH }, (_, number) => number);
  const sent = (await Promise.all(tabs.map((tab) => Promise.all(numbers.map((n) => tab.broadcast(n)))))).flat();
  for (const tab of tabs) await expect.poll(async () => (await received(tab)).sort()).toEqual([...sent].sort());
  const heardAt = (await Promise.all(tabs.map((tab) => tab.recorded())))
    .flat()
    .filter(({ type }) => type === 'messageReceived');
  figure(`${sent.length} broadcasts at every tab`, Math.max(...heardAt.map(({ at }) => at)) - sentAt);

  const ids = await Promise.all(tabs.map((tab) => tab.id()));
  const directAt = Date.now();
  let late = 0;
  await Promise.all(
    tabs.map(async (tab, i) => {
      const others = Array.from({ length: DIRECT }, (_, n) => ids[(i + 1 + n) % TABS] as string).sort();
      for (const to of others) await tab.direct(to, 'for you alone');
      await expect
        .poll(async () => (await tab.events('messageDelivered')).map(({ peerId }) => peerId).sort())
        .toEqual(others);
      // On a busy machine nobody may hear in time that one arrived; it was told of as late then.
      const arrived = (await tab.events('messageDelivered')).map(({ messageId }) => messageId);
      const failed = await tab.events('messageFailed');
      expect(failed.filter(({ messageId }) => !arrived.includes(messageId))).toEqual([]);
      late += failed.length;
    }),
  );
  figure(`${TABS * DIRECT} direct messages delivered, with polling`, Date.now() - directAt);
  figure('of these, known later than 10 s', late, 'messages');

  // Nothing came twice in the meantime.
  const messages = await Promise.all(tabs.map((tab) => tab.messages()));
  for (const all of messages) {
    expect(all.filter(({ direct }) => direct)).toHaveLength(DIRECT);
    expect(new Set(all.map(({ messageId }) => messageId)).size).toBe(sent.length + DIRECT);
    expect(all).toHaveLength(sent.length + DIRECT);
  }
  figure('farthest message', Math.max(...messages.flat().map(({ hops }) => hops)), 'hops');
});

test(`${TABS} tabs opened at once: one mesh; ${LOST} of them closed: the others are one again`, async ({
  openTab,
  figure,
}) => {
  const tabs = await openAtOnce(openTab);
  await joined(tabs, figure);
  const { lost, left } = await divide(tabs, figure);
  const closedAt = Date.now();
  await Promise.all(lost.map((tab) => tab.close()));
  await rightRings(left);
  figure('tabs closed to a right ring, with polling', Date.now() - closedAt);
  await whole(left);
  await figureOneMesh('tabs closed', closedAt, left, figure);
});

test(`${LOST} of ${TABS} tabs killed at once: the others are one mesh again`, async ({ openTab, figure }) => {
  const tabs = await openAtOnce(openTab);
  const { lost, left, gone } = await divide(tabs, figure);
  const killedAt = Date.now();
  await Promise.all(lost.map((tab) => tab.kill()));
  await noticed(left, gone, killedAt, figure);
  await rightRings(left);
  figure('tabs killed to a right ring, with polling', Date.now() - killedAt);
  await whole(left);
  await figureOneMesh('tabs killed', killedAt, left, figure);
});

test(`${LOST} of ${TABS} tabs killed together with the server: each island goes on; the server back: one mesh`, async ({
  openTab,
  server,
  figure,
}) => {
  const tabs = await openAtOnce(openTab);
  const { lost, left, gone } = await divide(tabs, figure);
  const killedAt = Date.now();
  await Promise.all([server.kill(), ...lost.map((tab) => tab.kill())]);
  await noticed(left, gone, killedAt, figure);
  await rightRings(left);
  figure('tabs killed to right rings on the islands, with polling', Date.now() - killedAt);

  const byId = new Map(await Promise.all(left.map(async (tab) => [await tab.id(), tab] as const)));
  const islands = components(await linksAmong(left)).map((ids) => ids.map((id) => byId.get(id) as Tab));
  figure(`islands, of ${islands.map((island) => island.length).join(' + ')} tabs`, islands.length, 'in all');
  for (const island of islands) await everyoneHears(island);
  for (const tab of left) expect((await tab.status()).connected).toBe(false);

  await server.start();
  const backAt = Date.now();
  await whole(left);
  await figureOneMesh('server back', backAt, left, figure);
  await rightRings(left);
  figure('server back to a right ring, with polling', Date.now() - backAt);
});

/** Fifteen at once: more would only wait for each other to be loaded. */
async function openAtOnce(openTab: OpenTab): Promise<Tab[]> {
  const tabs: Tab[] = [];
  while (tabs.length < TABS) {
    const numbers = Array.from({ length: Math.min(15, TABS - tabs.length) }, (_, i) => tabs.length + i + 1);
    tabs.push(...(await Promise.all(numbers.map((n) => openTab({ maxPeers: '3', tab: String(n) })))));
  }
  return tabs;
}

/** Waits for one mesh of new tabs; figures from the last `connect()` on. */
async function joined(tabs: readonly Tab[], figure: Figure): Promise<void> {
  await oneMesh(tabs, LIMIT_MS);
  for (const tab of tabs) expect((await tab.peers()).length).toBeLessThanOrEqual(3);
  const first = await Promise.all(tabs.map((tab) => tab.msUntil('peerConnected')));
  figure('connect() to the first link, median', first.sort((a, b) => a - b)[TABS >> 1] as number);
  const opened = Math.max(...(await Promise.all(tabs.map((tab) => tab.beganAt()))));
  const history = await LinkHistory.among(tabs);
  figure('last connect() to everyone linked', history.linkedSince() - opened);
  figure('last connect() to one mesh', history.oneMeshSince() - opened);
}

interface Division {
  readonly lost: Tab[];
  readonly left: Tab[];
  /** The ids of those lost. */
  readonly gone: ReadonlySet<string>;
}

/** Chooses the tabs that go: after a right ring is there, those whose loss leaves large islands. */
async function divide(tabs: readonly Tab[], figure: Figure): Promise<Division> {
  await oneMesh(tabs, LIMIT_MS);
  await rightRings(tabs);
  const links = await linksAmong(tabs);
  const gone = worstLoss(links, LOST);
  const [lost, left]: [Tab[], Tab[]] = [[], []];
  for (const tab of tabs) (gone.has(await tab.id()) ? lost : left).push(tab);
  const sizes = components(without(links, gone)).map((part) => part.length);
  figure(`parts that the loss leaves, of ${sizes.join(' + ')} tabs`, sizes.length, 'in all');
  return { lost, left, gone };
}

/** From when on the tabs have been one mesh; 0 when they were not parted at all. */
async function figureOneMesh(what: string, from: number, tabs: readonly Tab[], figure: Figure): Promise<void> {
  // The tabs are read one after the other: a link that is just being handed over may stand in none of their lists.
  let since = 0;
  const read = async (): Promise<void> => {
    since = (await LinkHistory.among(tabs)).oneMeshSince();
  };
  await expect(read).toPass({ timeout: LIMIT_MS });
  figure(`${what} to one mesh`, Math.max(0, since - from));
}

/** Waits until every link with a killed tab has been noticed to be silent, or closed. */
async function noticed(
  left: readonly Tab[],
  gone: ReadonlySet<string>,
  killedAt: number,
  figure: Figure,
): Promise<void> {
  let times: (number | undefined)[] = [];
  const pending = async (): Promise<number> => {
    times = (await Promise.all(left.map(async (tab) => noticedAt(await tab.recorded(), gone, killedAt)))).flat();
    return times.filter((at) => at === undefined).length;
  };
  await expect.poll(pending, { message: 'dead links not noticed' }).toBe(0);
  const after = times.map((at) => (at as number) - killedAt).sort((a, b) => a - b);
  figure('tabs killed to their links noticed, first', after[0] as number);
  figure('tabs killed to their links noticed, last', after.at(-1) as number);
}

/** For each link with a lost tab: when it was first seen to be silent or closed. */
function noticedAt(recorded: readonly Recorded[], gone: ReadonlySet<string>, killedAt: number): (number | undefined)[] {
  const links = new Map<string, number | undefined>();
  for (const { type, at, payload } of recorded) {
    const up = type === 'peerConnected';
    const down = type === 'peerDisconnected';
    if (!up && !down && !(type === 'statusChanged' && payload.type === 'peerDegraded')) continue;
    const { peerId } = payload as { readonly peerId: string };
    if (at > killedAt && links.has(peerId)) links.set(peerId, links.get(peerId) ?? at);
    else if (at > killedAt) continue;
    else if (up && gone.has(peerId)) links.set(peerId, undefined);
    else if (down) links.delete(peerId);
  }
  return [...links.values()];
}

/** Waits until every tab's neighbours on the ring of its island are the right ones. */
async function rightRings(tabs: readonly Tab[]): Promise<void> {
  await expect.poll(() => offRing(tabs), { message: 'tabs off the ring' }).toEqual([]);
}

/** Waits for one mesh, in which everyone hears everyone. */
async function whole(tabs: readonly Tab[]): Promise<void> {
  await oneMesh(tabs, LIMIT_MS);
  await everyoneHears(tabs);
}

/** Each broadcasts once, and has everyone's exactly once. */
async function everyoneHears(tabs: readonly Tab[]): Promise<void> {
  const sent = await Promise.all(tabs.map((tab) => tab.broadcast('everyone there?')));
  for (const tab of tabs) {
    const heard = async (): Promise<string[]> => (await received(tab)).filter((id) => sent.includes(id)).sort();
    await expect.poll(heard, { message: 'broadcasts heard' }).toEqual([...sent].sort());
  }
}

/** The ids of the broadcasts that a tab got. */
async function received(tab: Tab): Promise<string[]> {
  return (await tab.messages()).filter(({ direct }) => !direct).map(({ messageId }) => messageId);
}
