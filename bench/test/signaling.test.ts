import { expect, test } from 'vitest';
import { bench } from './command.js';

// The command itself, small: `node bench/signaling.mjs` has the sizes that docs/figures.md tells of.

test('meshes of ours join at a real server: what a join costs, and who hears of a leave', async () => {
  const { results } = await bench('--joins', '20', '--join-ms', '40', '--settle-ms', '100');
  const grown = { linked: 20, leaves: { strangers: 0 } };
  expect(results['joins']).toMatchObject({ large: { members: 20, ...grown }, small: { members: 5 } });
  const { large } = results['joins'] as { large: { mean: number } };
  expect(large.mean).toBeGreaterThan(5);
  // 40 at 100 and 1,000 members; so few and so fast meet more that want links, too.
  expect(large.mean).toBeLessThan(60);
});

test('silent sockets: memory beside a plain ws server; nothing is left of them', async () => {
  const { results, broken } = await bench('--idle', '300');
  expect(results['idle']).toMatchObject({ sockets: 300, entriesLeft: {} });
  expect(broken).toEqual([]);
});

test('offers relayed beside a plain ws relay', async () => {
  const { results, broken } = await bench('--relays', '4000', '--rounds', '5');
  expect(results['relays']).toMatchObject({ perRound: 4_000, rounds: 5 });
  expect(broken).toEqual([]);
});

test('C8-13: clients that come at 200 a second are all announced', async () => {
  const { results, broken } = await bench('--connects', '200');
  expect(results['connects']).toMatchObject({ announced: 200, atServer: 200, errors: 0 });
  expect(broken).toEqual([]);
});

test('C8-7: a burst of one client disturbs no other', async () => {
  const { results } = await bench('--burst', '1000');
  expect(results['burst']).toMatchObject({ burst: 1_000, others: { lost: 0 } });
});

test('says what is wrong with its arguments', async () => {
  await expect(bench('--idle', 'many')).rejects.toThrow('--idle: expected a whole number, got many');
});
