import { PlainBrowser } from '../fixtures/plain-browser.js';
import { expect, oneMesh, test as base } from '../fixtures/test.js';

/** A minute by `pnpm test:long`. */
const FROZEN_MS = process.env['PEERPIGEON_TIER'] === 'long' ? 60_000 : 15_000;
const EVERY_MS = 500;
const COUNT = FROZEN_MS / EVERY_MS;

const test = base.extend<{ readonly chromium: PlainBrowser }>({
  chromium: async ({ launchOptions, site }, use) => {
    const chromium = await PlainBrowser.chromium(launchOptions, site.origin);
    await use(chromium);
    // What Chromium does with the WebSocket of a page that it freezes.
    const errors = chromium.tabs.flatMap((tab) => tab.errors).filter((error) => !/Back-Forward Cache/.test(error));
    await chromium.close();
    expect(errors, 'errors in the tabs').toEqual([]);
  },
});

test(`a tab frozen for ${FROZEN_MS / 1_000} s is back without a new join, and catches up on what was sent meanwhile`, async ({
  openTab,
  chromium,
  site,
  server,
  figure,
}) => {
  const others = [await openTab(), await openTab()] as const;
  const frozen = await chromium.open(`${site.origin}/?${new URLSearchParams({ api: server.url }).toString()}`);
  const all = [...others, frozen];
  await oneMesh(all);
  for (const tab of others) await tab.linked(2);
  const id = await frozen.id();

  const frozenAt = Date.now();
  await frozen.freeze();
  // As long as the one sleeps, another one talks.
  await others[0].page.evaluate(
    ([count, everyMs]) =>
      new Promise<void>((resolve) => {
        let sent = 0;
        const timer = setInterval(() => {
          window.peerPigeonMesh.sendMessage(sent);
          if (++sent < count) return;
          clearInterval(timer);
          resolve();
        }, everyMs);
      }),
    [COUNT, EVERY_MS] as const,
  );
  const awakeAt = Date.now();
  await frozen.resume();

  await expect.poll(async () => (await frozen.messages()).length).toBe(COUNT);
  await oneMesh(all);
  expect(await frozen.id()).toBe(id);
  const recorded = await frozen.recorded();
  const joins = recorded.filter(({ type, payload }) => type === 'statusChanged' && payload.type === 'connecting');
  expect(joins).toHaveLength(1);
  // It did sleep.
  expect(recorded.filter(({ at }) => at > frozenAt + 2_000 && at < awakeAt)).toEqual([]);
  const arrivals = recorded.filter(({ type }) => type === 'messageReceived').map(({ at }) => at);
  figure('awake to caught up', Math.max(...arrivals) - awakeAt);
  const dropped = await Promise.all(others.map((tab) => tab.events('peerDisconnected')));
  figure('links given up by the others meanwhile', dropped.flat().length, 'of 2');
});
