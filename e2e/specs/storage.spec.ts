import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PeerPigeonError } from '@peerpigeon/client';
import { nodeStorage } from '@peerpigeon/client/storage/node';
import type { Page } from '@playwright/test';
import { Profile } from '../fixtures/profile.js';
import { Program } from '../fixtures/program.js';
import { expect, Tab, test as base } from '../fixtures/test.js';

const test = base.extend<{ profile: Profile }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures it needs from the pattern
  profile: async ({}, use, info) => {
    const profile = await Profile.open(info.project.use.launchOptions ?? {});
    await use(profile);
    await profile.close();
  },
});

const NODE_STORE = fileURLToPath(new URL('../fixtures/node-store.mjs', import.meta.url));

/** Opens the namespace `mine` in a tab, as `window.store`. */
async function opened(page: Page): Promise<Page> {
  await page.evaluate(async () => {
    window.store = await window.indexedDbStorage().open('mine');
  });
  return page;
}

/** The keys in a tab's store, in order. */
async function keys(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const found: string[] = [];
    for await (const [key] of window.store.entries()) found.push(key);
    return found.sort();
  });
}

/** What a call on a store came to, as it can leave the page: `done`, or the error's code and details. */
type Outcome = 'done' | { readonly code: string; readonly details: object };

test('IndexedDB of a real browser keeps the storage port, relaxed and strict', async ({ profile }) => {
  const page = await profile.tab();
  const broken = await page.evaluate(async () => {
    const outcomes: Record<string, string> = {};
    for (const durability of ['relaxed', 'strict'] as const) {
      let fixtures = 0;
      const make = () => ({
        storage: window.indexedDbStorage({ durability }),
        prefix: `${durability} ${fixtures++}/`,
      });
      for (const { name, run } of window.storageConformance(make)) {
        outcomes[`${durability}: ${name}`] = await run().then(() => 'kept', String);
      }
    }
    return outcomes;
  });
  expect(Object.keys(broken).length).toBeGreaterThan(20);
  expect(Object.entries(broken).filter(([, outcome]) => outcome !== 'kept')).toEqual([]);
});

test('two tabs of one origin share a namespace write by write', async ({ profile }) => {
  const tabs = [await opened(await profile.tab()), await opened(await profile.tab())];
  await Promise.all(
    tabs.map((page, tab) =>
      page.evaluate(async (mine) => {
        const writes: Promise<void>[] = [];
        for (let at = 0; at < 500; at++) {
          writes.push(window.store.set(`${mine}/${at}`, new Uint8Array([mine, at % 251])));
          writes.push(window.store.set(`both/${at}`, new Uint8Array(1_000).fill(mine)));
        }
        await Promise.all(writes);
      }, tab),
    ),
  );
  const [first, second] = await Promise.all(tabs.map(keys));
  expect(first).toHaveLength(1_500);
  expect(second).toEqual(first);
  const torn = await tabs[0]?.evaluate(async () => {
    let count = 0;
    for await (const [key, value] of window.store.entries()) {
      if (key.startsWith('both') && (value.length !== 1_000 || new Set(value).size !== 1)) count++;
    }
    return count;
  });
  expect(torn).toBe(0);
});

test('what was acknowledged outlives the tab, and the browser, killed at that instant', async ({ profile, figure }) => {
  const write = (page: Page, prefix: string): Promise<number> =>
    page.evaluate(async (name) => {
      const began = performance.now();
      for (let at = 0; at < 100; at++)
        await window.store.set(`${name}/${at}`, crypto.getRandomValues(new Uint8Array(1_024)));
      return (performance.now() - began) / 100;
    }, prefix);

  const tab = new Tab(await opened(await profile.tab()));
  figure('a write of 1 KiB, one after the other', 1_000 * (await write(tab.page, 'tab')), 'µs');
  await tab.kill();
  expect(await keys(await opened(await profile.tab()))).toHaveLength(100);

  const last = await opened(await profile.tab());
  await write(last, 'browser');
  await profile.crash();
  expect(await keys(await opened(await profile.tab()))).toHaveLength(200);
});

test('1,000 records are stored, and read at the start', async ({ profile, figure }) => {
  const page = await profile.tab();
  for (const durability of ['relaxed', 'strict'] as const) {
    const took = await page.evaluate(async (kind) => {
      const store = await window.indexedDbStorage({ durability: kind }).open(`figures ${kind}`);
      const record = (at: number) => store.set(`record ${at}`, crypto.getRandomValues(new Uint8Array(1_024)));
      let began = performance.now();
      const lap = (): number => {
        const before = began;
        began = performance.now();
        return began - before;
      };
      for (let at = 0; at < 50; at++) await record(at);
      const each = lap() / 50;
      await Promise.all(Array.from({ length: 1_000 }, (_, at) => record(at)));
      const together = lap();
      let bytes = 0;
      for await (const [, value] of store.entries()) bytes += value.length;
      return { each, together, restored: lap(), bytes };
    }, durability);
    expect(took.bytes).toBe(1_024_000);
    figure(`${durability}: one write of 1 KiB`, 1_000 * took.each, 'µs');
    figure(`${durability}: 1,000 writes at once`, took.together);
    figure(`${durability}: 1,000 records restored`, took.restored);
  }
});

test('a full origin refuses writes by a typed error, and keeps what it has', async ({ profile }) => {
  const page = await profile.tab();
  // Before the first write: Chromium remembers for a while how much room there was.
  await profile.quota(page, 1_048_576);
  await opened(page);
  await page.evaluate(() => window.store.set('small', new Uint8Array(10)));
  const setLarge = (): Promise<Outcome> =>
    page.evaluate(() => {
      // Not zeros: browsers compress what they store.
      const noise = new Uint8Array(4_194_304);
      for (let at = 0; at < noise.length; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
      return window.store.set('large', noise).then(
        () => 'done' as const,
        ({ code, details }: PeerPigeonError) => ({ code, details }),
      );
    });
  expect(await setLarge()).toEqual({ code: 'STORAGE_FAILED', details: { reason: 'full' } });
  expect(await keys(page)).toEqual(['small']);
  await profile.quota(page);
  expect(await setLarge()).toBe('done');
  expect(await keys(page)).toEqual(['large', 'small']);
});

test('a store whose data the user deletes is lost, and says so; opened again it is empty', async ({ profile }) => {
  const page = await opened(await profile.tab());
  await page.evaluate(() => window.store.set('a', new Uint8Array(10)));
  await profile.clear(page);
  const get = (): Promise<Outcome> =>
    page.evaluate(() =>
      window.store.get('a').then(
        () => 'done' as const,
        ({ code, details }: PeerPigeonError) => ({ code, details }),
      ),
    );
  await expect.poll(get).toEqual({ code: 'STORAGE_FAILED', details: { reason: 'lost' } });
  expect(await keys(await opened(page))).toEqual([]);
});

test('in Node what was acknowledged outlives the process, and a store is of one process at a time', async ({
  figure,
}, info) => {
  const folder = info.outputPath('stores');
  const writer = new Program('The writer', fork(NODE_STORE, [folder, 'mine', '200'], { silent: true }));
  const said = await Promise.race([once(writer.child, 'message'), writer.exited]);
  expect(said, writer.output).toEqual(['written', undefined]);
  const storage = nodeStorage(folder);
  await expect(storage.open('mine')).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { reason: 'inUse' } });
  await writer.end('SIGKILL');
  const began = performance.now();
  const store = await storage.open('mine');
  let count = 0;
  for await (const [key, value] of store.entries()) {
    expect([value.length, value[0]]).toEqual([1_024, Number(key.slice(4)) % 251]);
    count++;
  }
  figure('200 records restored in Node', performance.now() - began);
  expect(count).toBe(200);
  await store.close();
});
