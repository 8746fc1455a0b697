import { expect, test } from 'vitest';
import { RawClient } from './raw-client.js';
import { figures, peerId } from './serve.js';
import { type Memory, serverProcess } from './server-process.js';

const MIB = 2 ** 20;
const READERS = 100;
/** At once, so that they are cut off as slow before anybody asks whether they live, which takes 4 s. */
const GROUP = 5;
/** Of what is sent to each reader, in bytes. The kernel holds some megabytes for each before the server holds anything. */
const MESSAGE_BYTES = 300_000;

test('C8.8: 100 clients that stop reading while targeted: closed with at most 1 MB waiting, and the memory comes back', async () => {
  const unlimited = { messageRate: 1e6, messageBurst: 1e6, byteRate: 5e8, byteBurst: 5e8 };
  const { url, http, memory } = await serverProcess({ ...unlimited, handshakeBurst: 1e6, addressConnections: 1e6 });
  const figure = async (name: string): Promise<number> => (await figures(http)).get(name) ?? 0;
  const sender = await RawClient.connect(url, peerId(1));
  const readers = await Promise.all(Array.from({ length: READERS }, (_, n) => RawClient.connect(url, peerId(100 + n))));
  const before = await memory();
  const data = 'x'.repeat(MESSAGE_BYTES);
  let peak = before;
  for (let first = 0; first < READERS; first += GROUP) {
    const group = readers.slice(first, first + GROUP);
    for (const reader of group) reader.socket.pause();
    const left = READERS - first - GROUP + 1;
    for (let rounds = 0; (await figure('pp_peers')) > left; rounds++) {
      expect(rounds).toBeLessThan(100);
      for (let n = 0; n < GROUP; n++) sender.send({ type: 'offer', targetPeerId: peerId(100 + first + n), data });
      await sender.settled();
    }
    const now = await memory();
    if (now.arrayBuffers > peak.arrayBuffers) peak = now;
  }
  const closes = await figure('pp_backpressure_total{action="close"}');
  const began = performance.now();
  const grown = (name: keyof Memory, at: Memory): number => (at[name] - before[name]) / MIB;
  let after = await memory();
  while (grown('arrayBuffers', after) > 1 && performance.now() - began < 10_000) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    after = await memory();
  }
  const seconds = (performance.now() - began) / 1_000;
  console.log(
    `C8.8: ${closes} of ${READERS} cut off as too slow; at most ${grown('arrayBuffers', peak).toFixed(0)} MiB of buffers, ` +
      `RSS +${grown('rss', peak).toFixed(0)} MiB; buffers +${grown('arrayBuffers', after).toFixed(1)} MiB ${seconds.toFixed(1)} s after the last`,
  );
  expect(closes).toBeGreaterThanOrEqual(READERS * 0.9);
  // A megabyte for each that has not been let go yet.
  expect(grown('arrayBuffers', peak)).toBeLessThan(READERS * 1.1);
  expect(grown('rss', peak)).toBeLessThan(150);
  expect(grown('arrayBuffers', after)).toBeLessThan(1);
  expect(await sender.settled()).toEqual([]);
  for (const reader of readers) reader.socket.terminate();
});
