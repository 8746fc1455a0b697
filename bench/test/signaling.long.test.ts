import { expect, test } from 'vitest';
import { bench } from './command.js';

// The loads in full, with the limits that they are to keep: those of docs/figures.md, "Signaling server".

test('C8-12: messages a join at 100 and 1,000 members: at most 40, ratio at most 1.1; no stranger hears of a leave', async () => {
  const { results, broken } = await bench('--joins', '1000');
  expect(results['joins']).toMatchObject({ small: { members: 100 }, large: { members: 1_000 } });
  expect(broken).toEqual([]);
});

test('C8-13: 2,000 clients within 10 s: all announced, p95 below 1 s, no errors', async () => {
  expect((await bench('--connects', '2000')).broken).toEqual([]);
});

test('C8-14: 5,000 silent sockets: at most twice the memory of a plain ws server, nothing left of them', async () => {
  expect((await bench('--idle', '5000')).broken).toEqual([]);
});

test('offers of 500 bytes: at least 60 % of what a plain ws relay passes on', async () => {
  expect((await bench('--relays', '20000')).broken).toEqual([]);
});

test('C8-7: a burst of 5,000 messages of one socket: p99 of the others below 50 ms', async () => {
  expect((await bench('--burst', '5000')).broken).toEqual([]);
});
