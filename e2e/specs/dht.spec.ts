import type { DhtStats } from '@peerpigeon/client';
import { expect, oneMesh, test, type OpenTab, type Tab } from '../fixtures/test.js';

const TABS = 10;
/** As many as are wanted of a value, its writer aside if that is one of them. */
const HOLDERS = 8;
/** Generous: the figure says how long it takes. */
const LIMIT_MS = 10_000;

test.describe.configure({ timeout: 120_000 });
// Snapshots of so many tabs would be most of the load.
test.use({ trace: 'off' });

async function open(openTab: OpenTab, count: number, query: { readonly peerId?: string } = {}): Promise<Tab[]> {
  const tabs: Tab[] = [];
  for (let n = 1; n <= count; n++) tabs.push(await openTab({ maxPeers: '3', tab: String(n), ...(n === 1 && query) }));
  for (const tab of tabs) await tab.linked();
  await oneMesh(tabs);
  return tabs;
}

async function put(tab: Tab, key: string, value: unknown): Promise<{ copies: number; tookMs: number }> {
  return tab.page.evaluate(
    async ([name, what]) => {
      const began = performance.now();
      const { copies } = await window.peerPigeonMesh.dhtPut(name, what);
      return { copies, tookMs: performance.now() - began };
    },
    [key, value] as const,
  );
}

async function get(tab: Tab, key: string): Promise<{ value: unknown; tookMs: number }> {
  return tab.page.evaluate(async (name) => {
    const began = performance.now();
    const value = await window.peerPigeonMesh.dhtGet(name);
    return { value, tookMs: performance.now() - began };
  }, key);
}

async function stats(tab: Tab): Promise<DhtStats> {
  return tab.page.evaluate(() => window.peerPigeonMesh.dht.stats());
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Infinity;

test(`S30, S31, S35: ${TABS} tabs: put in one, read in each other; the writer and two holders close: still readable`, async ({
  openTab,
  figure,
}) => {
  const tabs = await open(openTab, TABS);
  const [writer, ...readers] = tabs as [Tab, ...Tab[]];
  const value = { theme: 'dark', sizes: [1, 2, 3] };
  const { copies, tookMs } = await put(writer, 'user-settings', value);
  figure('put', tookMs);
  figure('holders that confirmed it', copies, 'tabs');
  const reads: number[] = [];
  for (const reader of readers) {
    const got = await get(reader, 'user-settings');
    expect(got.value).toEqual(value);
    reads.push(got.tookMs);
  }
  figure(`get in ${readers.length} other tabs, median`, median(reads));
  figure('the slowest', Math.max(...reads));
  expect(await get(readers[0] as Tab, 'absent')).toMatchObject({ value: null });
  // No lookup has opened a link.
  for (const tab of tabs) expect((await tab.health())?.links.filter(({ kind }) => kind === 'extra')).toEqual([]);

  const holders = async (): Promise<Tab[]> => {
    const held = await Promise.all(readers.map(async (tab) => ({ tab, keys: (await stats(tab)).keys })));
    return held.filter(({ keys }) => keys > 0).map(({ tab }) => tab);
  };
  await expect.poll(async () => (await holders()).length).toBeGreaterThanOrEqual(HOLDERS - 1);
  const gone = [writer, ...(await holders()).slice(0, 2)];
  const left = tabs.filter((tab) => !gone.includes(tab));
  await Promise.all(gone.map((tab) => tab.close()));
  const after: number[] = [];
  for (const tab of left) {
    const got = await get(tab, 'user-settings');
    expect(got.value).toEqual(value);
    after.push(got.tookMs);
  }
  figure(`get in ${left.length} tabs right after three closed, median`, median(after));
  figure('the slowest', Math.max(...after));
});

test(`S32–S34: ${TABS} tabs: subscribed, updated, notified once each`, async ({ openTab, figure }) => {
  const tabs = await open(openTab, TABS);
  for (const tab of tabs) {
    expect(await tab.page.evaluate(() => window.peerPigeonMesh.dhtSubscribe('shared-counter'))).toBeNull();
  }
  for (const [n, tab] of tabs.entries()) {
    const updatedAt = Date.now();
    const tookMs = await tab.page.evaluate(async (count) => {
      const began = performance.now();
      await window.peerPigeonMesh.dhtUpdate('shared-counter', count);
      return performance.now() - began;
    }, n);
    const changes = async () =>
      (await Promise.all(tabs.map((each) => each.events('dhtValueChanged')))).map((c) => c[n]);
    const from = await tab.id();
    await expect.poll(changes).toMatchObject(tabs.map(() => ({ newValue: n, oldValue: n === 0 ? null : n - 1, from })));
    const heardAt = (await Promise.all(tabs.map((each) => each.recorded()))).map(
      (events) => events.filter(({ type }) => type === 'dhtValueChanged')[n]?.at ?? Infinity,
    );
    const lastMs = Math.max(...heardAt) - updatedAt;
    if (n === 0 || n === TABS - 1) {
      figure('update', tookMs);
      figure(`notified in ${TABS} tabs, the last`, lastMs);
    }
    expect(lastMs).toBeLessThan(LIMIT_MS);
  }
  for (const tab of tabs) {
    await tab.page.evaluate(() => window.peerPigeonMesh.dhtUnsubscribe('shared-counter'));
    expect((await stats(tab)).subscriptions).toBe(0);
    expect(await tab.events('dhtValueChanged')).toHaveLength(TABS);
  }
});

test('a value of 1 MiB between tabs', async ({ openTab, figure }) => {
  const [first, second] = (await open(openTab, 4)) as [Tab, Tab];
  const sizes = await first.page.evaluate(async () => {
    const bytes = Uint8Array.from({ length: 1_048_576 }, (_, n) => (n * 2_654_435_761) >>> 13);
    const began = performance.now();
    await window.peerPigeonMesh.dhtPut('large', bytes);
    return performance.now() - began;
  });
  figure('put of 1 MiB at 4 holders', sizes);
  const got = await second.page.evaluate(async () => {
    const began = performance.now();
    const value = await window.peerPigeonMesh.dhtGet<Uint8Array>('large');
    const tookMs = performance.now() - began;
    const wrong = value?.findIndex((byte, n) => byte !== (((n * 2_654_435_761) >>> 13) & 255));
    return { length: value?.length, wrong, tookMs };
  });
  expect(got).toMatchObject({ length: 1_048_576, wrong: -1 });
  figure('get of 1 MiB', got.tookMs);
});

test('a tab reloaded has its records yet, from IndexedDB, when nobody else has them any more', async ({
  openTab,
  figure,
}) => {
  const [keeper, ...others] = (await open(openTab, 4, { peerId: 'keeper' })) as [Tab, ...Tab[]];
  const value = { kept: true, text: 'x'.repeat(40_000) };
  await put(others[0] as Tab, 'lasting', value);
  // The value, and the chunks of which it consists.
  const keys = 4;
  await expect.poll(async () => stats(keeper)).toMatchObject({ durable: true, restored: 0, keys });
  const id = await keeper.id();
  await Promise.all(others.map((tab) => tab.kill()));
  await keeper.page.reload();
  await expect.poll(async () => (await keeper.status()).connected).toBe(true);
  expect(await keeper.id()).toBe(id);
  expect(await stats(keeper)).toMatchObject({ durable: true, restored: keys, unreadable: 0, keys });
  const reader = await openTab({ maxPeers: '3' });
  await reader.linked();
  const got = await get(reader, 'lasting');
  expect(got.value).toEqual(value);
  figure('get from the reloaded tab', got.tookMs);
});
