import { SeededRng, below } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Options } from '../src/index.js';
import { Network, id } from './network.js';

const [A, B, C] = [id(1), id(2), id(3)] as const;
const FIFO: Partial<Options> = { order: 'fifo', historyMaxAgeMs: 300_000 };

/** What `peer` was shown of `author`. */
const shown = (network: Network, peer: string, author: string): number[] =>
  (network.events.get(peer) ?? []).flatMap(({ envelope: { from, seq } }) => (from === author ? [seq] : []));

describe("order 'fifo'", () => {
  it('shows messages of each author in the order in which it sent them, without a gap, whatever overtakes them', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 2, max: 10 }), (seed, count) => {
        const rng = new SeededRng(seed);
        const network = new Network(seed, FIFO);
        const ids = Array.from({ length: count }, (_, n) => id(n + 1));
        network.add(...ids);
        for (const peer of ids) network.feed(peer, { type: 'start' });
        for (let n = 1; n < count; n++) network.link(ids[n] as string, ids[below(rng, n)] as string);
        for (let n = 0; n < count; n++)
          network.link(ids[below(rng, count)] as string, ids[below(rng, count)] as string);
        const seqs = new Map<string, number>();
        for (let step = 0; step < 40; step++) {
          const author = ids[below(rng, Math.min(3, count))] as string;
          const seq = (seqs.get(author) ?? 0) + 1;
          seqs.set(author, seq);
          network.publish(author, seq);
          if (below(rng, 8) === 0) network.unlink(ids[0] as string, ids[1] as string);
          if (below(rng, 8) === 0) network.link(ids[0] as string, ids[1] as string);
          network.run(network.now + below(rng, 40));
        }
        for (let n = 1; n < count; n++) network.link(ids[n] as string, ids[n - 1] as string);
        network.run(network.now + 120_000);
        for (const [author, last] of seqs) {
          const all = Array.from({ length: last }, (_, n) => n + 1);
          for (const peer of ids) expect(shown(network, peer, author)).toEqual(all);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('goes on over what does not come, and says so; what comes later is not shown', () => {
    const network = new Network(1, FIFO);
    network.add(A, B);
    network.link(A, B);
    network.feed(A, { type: 'peerDown', peer: B });
    network.broadcast(A, 1, 1);
    network.run(40_000);
    network.feed(A, { type: 'peerUp', peer: B });
    network.publish(A, 2);
    network.publish(A, 3);
    network.run(80_000);
    expect(shown(network, B, A)).toEqual([2, 3]);
  });

  it('of an author that spoke before this peer came it begins with what comes', () => {
    const network = new Network(1, FIFO);
    network.add(A, B, C);
    network.link(A, B);
    for (let seq = 1; seq <= 5; seq++) network.publish(A, seq);
    network.run(5_000);
    network.feed(C, { type: 'start' });
    network.run(6_000);
    network.link(B, C);
    network.publish(A, 6);
    network.publish(A, 7);
    network.run(20_000);
    expect(shown(network, C, A)).toEqual([6, 7]);
    expect(network.notices.get(C)).toEqual([]);
  });

  it('holds no more than it may', () => {
    const network = new Network(1, { ...FIFO, orderMaxMessages: 10 });
    network.add(A, B);
    network.link(A, B);
    network.feed(A, { type: 'peerDown', peer: B });
    network.publish(A, 1);
    network.run(31_000);
    network.feed(A, { type: 'peerUp', peer: B });
    for (let seq = 2; seq <= 40; seq++) network.publish(A, seq);
    network.run(200_000);
    const seqs = shown(network, B, A);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(seqs.at(-1)).toBe(40);
    expect(network.machines.get(B)?.mapSizes['outOfOrder']?.size).toBe(0);
  });
});
