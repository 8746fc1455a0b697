import { countConnections } from '../fixtures/connections.js';
import { cyclesInNode, cyclesInTab } from '../fixtures/cycles.js';
import { slope } from '../fixtures/memory.js';
import { expect, test } from '../fixtures/test.js';

const LONG = process.env['PEERPIGEON_TIER'] === 'long';
const CYCLES = LONG ? 500 : 50;
/** Of the heap, per 100 cycles. What is loaded once weighs more in fewer cycles. */
const GROWTH_BYTES = (LONG ? 1 : 4) * 1_048_576;

test(`${CYCLES} times connected and disconnected, in one tab and in one Node process: no connection left, the heap flat`, async ({
  context,
  openTab,
  server: { url },
  figure,
}) => {
  await context.addInitScript(countConnections);
  // Networks of their own: the two do not meet.
  const partners = [await openTab({ network: 'tab' }), await openTab({ network: 'node' })];
  const tab = await openTab({ join: 'false' });
  const [inTab, inNode] = await Promise.all([
    cyclesInTab(tab, { url, networkName: 'tab', cycles: CYCLES }),
    cyclesInNode({ url, networkName: 'node', cycles: CYCLES }),
  ]);
  for (const [name, { made, live, heapBytes }] of [
    ['tab', inTab],
    ['Node', inNode],
  ] as const) {
    figure(`${name}: connections made`, made, `in ${CYCLES} cycles`);
    expect(live).toEqual(live.map(() => 0));
    // What is loaded once is there after the first batches.
    const growth = (slope(heapBytes.slice(2)) * 100 * heapBytes.length) / CYCLES;
    figure(`${name}: growth of the heap per 100 cycles`, growth / 1_024, 'KiB');
    expect(growth).toBeLessThan(GROWTH_BYTES);
  }
  for (const { page } of partners) await expect.poll(() => page.evaluate(() => window.liveConnections())).toBe(0);
});
