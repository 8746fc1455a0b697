import { SeededRng, below } from '@peerpigeon/core';
import { expect, it } from 'vitest';
import { Network, ringWithSix } from './network.js';

/** Messages for the tree to settle, and those that are measured; five a second. */
const [WARM_UP, MEASURED, GAP_MS] = [20, 50, 200];

/** The bounds of the design: redundant copies per delivery, links to the last, ms to 99 of 100. */
it.each([
  [1_000, 1, 'one', 0.015, 16, 400],
  [1_000, 1, 'many', 0.05, 20, 400],
  [1_000, 2, 'many', 0.05, 20, 400],
  [1_000, 3, 'many', 0.05, 20, 400],
] as const)('%i peers with eight links each (seed %i), %s sending', (count, seed, senders, rmr, hops, t99) => {
  const network = new Network(seed, {}, false, true);
  const ids = ringWithSix(network, count, seed);
  const rng = new SeededRng(seed);
  const sentAt: number[] = [];
  const arrived: number[] = [];
  let [last, copies, seen] = [0, 0, 0];
  for (const peer of ids) network.feed(peer, { type: 'size', peers: count });
  for (let seq = 1; seq <= WARM_UP + MEASURED; seq++) {
    network.run(seq * GAP_MS);
    if (seq === WARM_UP + 1) copies = network.copies;
    sentAt[seq] = network.now;
    network.onShown = (event) => {
      const { envelope } = event;
      seen++;
      if (envelope.seq <= WARM_UP || event.hops === 0) return;
      arrived.push(network.now - (sentAt[envelope.seq] as number));
      last = Math.max(last, event.hops);
    };
    network.publish(ids[senders === 'one' ? 0 : below(rng, count)] as string, seq);
  }
  network.run();
  arrived.sort((a, b) => a - b);
  expect(seen).toBe((WARM_UP + MEASURED) * count);
  expect((network.copies - copies) / arrived.length - 1).toBeLessThanOrEqual(rmr);
  expect(last).toBeLessThanOrEqual(hops);
  expect(arrived[Math.floor(arrived.length * 0.99)]).toBeLessThanOrEqual(t99);
});
