import { heapBytes } from '../fixtures/memory.js';
import { expect, oneMesh, test } from '../fixtures/test.js';

const TABS = 4;
const EACH = 180;
const INTERVAL_MS = 1_000;
/** What the test's own record of events and the demo's lists take, with room. */
const GROWTH_BYTES = 4 * 1_048_576;

test('S182: a message a second from every tab for minutes: none lost, none doubled, memory flat', async ({
  openTab,
  figure,
}) => {
  const tabs = await Promise.all(Array.from({ length: TABS }, () => openTab()));
  await oneMesh(tabs);
  for (const tab of tabs) {
    await tab.page.evaluate(
      ([count, intervalMs]) => {
        let sent = 0;
        const timer = setInterval(() => {
          window.peerPigeonMesh.sendMessage({ sent });
          if (++sent === count) clearInterval(timer);
        }, intervalMs);
      },
      [EACH, INTERVAL_MS] as const,
    );
  }
  // Once everything is warm.
  const first = tabs[0] as (typeof tabs)[0];
  await expect.poll(async () => (await first.messages()).length, { timeout: 120_000 }).toBeGreaterThan(TABS * 20);
  const before = await heapBytes(first.page);
  for (const tab of tabs) {
    await expect
      .poll(async () => (await tab.messages()).length, { timeout: 2 * EACH * INTERVAL_MS, intervals: [5_000] })
      .toBe(TABS * EACH);
  }
  const growth = (await heapBytes(first.page)) - before;
  figure('growth of the heap', growth / 1024, 'KiB');
  expect(growth).toBeLessThan(GROWTH_BYTES);
  for (const tab of tabs) {
    const messages = await tab.messages();
    expect(new Set(messages.map(({ messageId }) => messageId)).size).toBe(TABS * EACH);
    expect(await tab.events('peerDisconnected')).toEqual([]);
  }
});
