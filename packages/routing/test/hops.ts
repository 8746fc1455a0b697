import { below, SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { fingeredRing } from './fingered-ring.js';
import { Network } from './network.js';

/** What became of direct messages between random pairs of a mesh at maxPeers 8. */
export interface Hops {
  readonly sent: number;
  readonly delivered: number;
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

/** Sends `messages` between random pairs of `count` peers, and counts the links crossed. */
export function hopsOf(count: number, messages: number, seed: number): Hops {
  const network = new Network(seed);
  const ids = fingeredRing(network, count, seed);
  const rng = new SeededRng(seed + 1);
  let sent = 0;
  for (let n = 0; n < messages; n++) {
    const [from, to] = [ids.at(below(rng, count)) as PeerId, ids.at(below(rng, count)) as PeerId];
    if (from === to) continue;
    network.route(from, to);
    sent++;
  }
  network.run();
  const hops: number[] = [];
  let delivered = 0;
  for (const events of network.events.values()) {
    for (const event of events) {
      if (event.type === 'message') hops.push(event.hops);
      if (event.type === 'delivered') delivered++;
    }
  }
  hops.sort((a, b) => a - b);
  const mean = hops.reduce((sum, each) => sum + each, 0) / hops.length;
  const p99 = hops.at(Math.ceil(0.99 * hops.length) - 1) ?? NaN;
  return { sent, delivered: Math.min(delivered, hops.length), mean, p99, max: hops.at(-1) ?? NaN };
}
