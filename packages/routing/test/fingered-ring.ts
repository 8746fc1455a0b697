import { below, bytesToHex, randomBytes, SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import type { Network } from './network.js';

/** Bits of an id that buckets are drawn among: more than any mesh here has. */
const BITS = 32;

/**
 * A right ring of `count` random ids with eight links each, as topology makes them at maxPeers 8: four fingers in XOR buckets
 * drawn among the ⌈log2 N⌉ shallow ones, two links drawn uniformly. A peer that finds nobody with a free slot stays below.
 */
export function fingeredRing(network: Network, count: number, seed: number): PeerId[] {
  const rng = new SeededRng(seed);
  const drawn = new Set<PeerId>();
  while (drawn.size < count) drawn.add(bytesToHex(randomBytes(rng, 20)));
  const ids = [...drawn].sort((a, b) => (a < b ? -1 : 1));
  const heads = ids.map((id) => parseInt(id.slice(0, BITS / 4), 16));
  const firstFrom = (head: number): number => {
    let [from, to] = [0, count];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((heads[middle] as number) < head) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  const free = Array.from({ length: count }, () => 6);
  const depth = Math.ceil(Math.log2(count));
  network.add(...ids);
  ids.forEach((peer, n) => network.link(peer, ids.at((n + 1) % count) as PeerId));
  const offer = (a: number, b: number): void => {
    if (a === b || (free[a] as number) === 0 || (free[b] as number) === 0) return;
    const [one, other] = [ids[a] as PeerId, ids[b] as PeerId];
    if (network.linked(one, other)) return;
    network.link(one, other);
    free[a] = (free[a] as number) - 1;
    free[b] = (free[b] as number) - 1;
  };
  for (let round = 0; round < 60; round++) {
    for (let a = 0; a < count; a++) {
      if (free[a] === 0) continue;
      if (round % 3 === 2) {
        offer(a, below(rng, count));
        continue;
      }
      const size = 2 ** (BITS - 1 - below(rng, depth));
      const bucket = Math.floor(((heads[a] as number) ^ size) / size) * size;
      const [from, to] = [firstFrom(bucket >>> 0), firstFrom((bucket >>> 0) + size)];
      if (to > from) offer(a, from + below(rng, to - from));
    }
  }
  network.shareViews();
  return ids;
}
