import { expect, it } from 'vitest';
import type { MessageEvent } from '../src/index.js';
import { id, Network, ringWithChords } from './network.js';

it.each([10_000, 100_000])('S23, S29: %i peers with three links each are all reached', (count) => {
  const network = new Network(1, {}, false);
  ringWithChords(network, count, 1);
  const author = id(count / 2);
  // Half the truth is enough of an estimate.
  network.feed(author, { type: 'size', peers: count / 2 });
  network.broadcast(author);
  network.run();
  const hops = [...network.events.values()].map((events) =>
    events.length === 1 ? (events.at(0) as MessageEvent).hops : NaN,
  );
  const most = hops.reduce((max, each) => Math.max(max, each), 0);
  expect(hops.filter(Number.isNaN)).toEqual([]);
  expect(most).toBeLessThan(64);
});
