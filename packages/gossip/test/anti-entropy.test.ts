import { SeededRng, below } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest, Message, MessageEvent, Options } from '../src/index.js';
import { Network, envelopeOf, id } from './network.js';

/** All groups of authors. */
const ALL = Array.from({ length: 64 }, (_, n) => n);
const [A, B, C, D] = [id(1), id(2), id(3), id(4)] as const;
const KEEPING = { historyMaxAgeMs: 300_000 };

function joined(pairs: readonly (readonly [string, string])[], options: Partial<Options> = KEEPING): Network {
  const network = new Network(1, options);
  network.add(...new Set(pairs.flat()));
  for (const [a, b] of pairs) network.link(a, b);
  network.run(1_000);
  return network;
}

const seqs = (events: readonly MessageEvent[]): number[] =>
  events.map(({ envelope }) => envelope.seq).sort((a, b) => a - b);
const digests = (network: Network): Digest[] =>
  network.sent.flatMap(({ message }) => (message.type === 'digest' ? [message] : []));

describe('what a dead link lost', () => {
  it('comes over the next link, at once', () => {
    const network = joined([
      [A, B],
      [B, C],
    ]);
    network.broadcast(A);
    // Lost on its way: what is on a link dies with it.
    network.unlink(B, C);
    network.run(5_000);
    network.link(A, C);
    network.run(5_500);
    const [event] = network.take(C);
    expect(event).toMatchObject({ envelope: { from: A, seq: 1 }, hops: 1, path: [A] });
  });

  it('comes with the next digests over a link that stays, and is passed on from there', () => {
    const network = joined([
      [A, B],
      [B, C],
      [C, D],
    ]);
    network.feed(B, { type: 'peerDown', peer: C });
    network.broadcast(A);
    network.run(1_500);
    network.feed(B, { type: 'peerUp', peer: C });
    network.run(60_000);
    expect([seqs(network.take(C)), seqs(network.take(D))]).toEqual([[1], [1]]);
  });
});

describe('two meshes that become one', () => {
  it('each gets what the other said, exactly once, in both directions', () => {
    const network = joined([
      [A, B],
      [C, D],
    ]);
    for (const [from, seq] of [
      [A, 1],
      [B, 1],
      [C, 1],
      [C, 2],
    ] as const)
      network.broadcast(from, undefined, seq);
    network.run(30_000);
    network.link(B, C);
    network.run(31_000);
    for (const peer of [A, B, C, D]) {
      const authors = network.take(peer).map(({ envelope: { from, seq } }) => `${from.slice(-1)}${seq}`);
      expect(authors.sort()).toEqual(['11', '21', '31', '32']);
    }
    expect(network.violations).toEqual([]);
  });

  it('whatever is lost and whoever is cut off: once whole, all have everything, once', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 3, max: 9 }), (seed, count) => {
        const rng = new SeededRng(seed);
        const network = new Network(seed, KEEPING);
        const ids = Array.from({ length: count }, (_, n) => id(n + 1));
        network.add(...ids);
        for (let n = 1; n < count; n++) network.link(ids[n] as string, ids[below(rng, n)] as string);
        for (let step = 1; step <= 30; step++) {
          const [a, b] = [ids[below(rng, count)] as string, ids[below(rng, count)] as string];
          if (below(rng, 3) === 0) network.unlink(a, b);
          else if (below(rng, 2) === 0) network.link(a, b);
          else network.broadcast(a, undefined, step);
          network.run(network.now + below(rng, 300));
        }
        for (let n = 1; n < count; n++) network.link(ids[n] as string, ids[n - 1] as string);
        network.run(network.now + 100_000);
        const said = seqs(network.take(ids[0] as string));
        for (const peer of ids.slice(1)) expect(seqs(network.take(peer))).toEqual(said);
        expect(new Set(said).size).toBe(said.length);
        expect(network.violations).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('what is not brought', () => {
  it('to a late joiner what is older than its arrival', () => {
    const network = joined([[A, B]]);
    network.broadcast(A, undefined, 1);
    network.run(5_000);
    network.add(C);
    // It came before it had a link.
    network.feed(C, { type: 'start' });
    network.run(6_000);
    network.broadcast(A, undefined, 2);
    network.run(7_000);
    network.link(B, C);
    network.run(60_000);
    expect(seqs(network.take(C))).toEqual([2]);
  });

  it('S23: what has a pinned TTL', () => {
    const network = joined([
      [A, B],
      [B, C],
    ]);
    network.broadcast(A, 1);
    network.run(60_000);
    expect([network.take(B).length, network.take(C).length]).toEqual([1, 0]);
  });

  it('what left the history, by age, number or bytes; a single message is not too large to be brought', () => {
    const bytes = envelopeOf(A).bytes.length;
    const heard = (options: Partial<Options>, waitMs = 1_000): number[] => {
      const network = joined([[A, B]], { ...KEEPING, ...options });
      network.add(C);
      network.feed(C, { type: 'start' });
      for (let seq = 1; seq <= 5; seq++) network.broadcast(A, undefined, seq);
      network.run(network.now + waitMs);
      network.link(B, C);
      network.run(network.now + 1_000);
      return seqs(network.take(C));
    };
    // Which of them depends on the order in which they came.
    expect(heard({})).toEqual([1, 2, 3, 4, 5]);
    expect(heard({ historyMaxAgeMs: 20_000 }, 21_000)).toEqual([]);
    expect(heard({ historyMaxMessages: 2 })).toHaveLength(2);
    expect(heard({ historyMaxBytes: 3 * bytes })).toHaveLength(3);
    expect(heard({ repairMaxMessages: 4 })).toHaveLength(4);
    expect(heard({ repairMaxBytes: 1 })).toHaveLength(1);
    expect(heard({ historyMaxAgeMs: 0 })).toEqual([]);
  });
});

describe('what it costs', () => {
  it('a mesh in which nothing was said for five minutes exchanges nothing', () => {
    const network = joined([[A, B]]);
    network.broadcast(A);
    network.run(400_000);
    const sent = network.sent.length;
    network.run();
    expect(network.sent.length).toBe(sent);
  });

  it('two that have the same exchange one digest every 5 to 10 s each, and no message', () => {
    const network = joined([[A, B]]);
    network.broadcast(A);
    network.run(101_000);
    expect(digests(network).length).toBeGreaterThanOrEqual(2 * 10);
    expect(digests(network).length).toBeLessThanOrEqual(2 * 20 + 1);
    expect(network.sent.filter(({ message }) => message.type === 'payload')).toHaveLength(1);
  });

  it('digests that come too fast are not answered', () => {
    const network = joined([[A, B]]);
    network.broadcast(A);
    network.run(5_000);
    network.sent.length = 0;
    const greedy: Message = { type: 'digest', answer: false, buckets: ALL, sinceMs: 1_000_000, authors: [] };
    for (let n = 0; n < 100; n++) network.feed(A, { type: 'received', from: B, message: greedy });
    expect(network.sent.filter(({ message }) => message.type === 'payload')).toHaveLength(1);
  });

  it('what is on its way in the tree is sent to whom a new link leads, to others once it should have come', () => {
    const network = joined([[A, B]]);
    const empty: Message = { type: 'digest', answer: false, buckets: ALL, sinceMs: 1_000_000, authors: [] };
    const repaired = (): number => {
      network.sent.length = 0;
      network.feed(A, { type: 'received', from: B, message: empty });
      return network.sent.filter(({ message }) => message.type === 'payload').length;
    };
    network.broadcast(A);
    expect(repaired(), 'the link is new').toBe(1);
    network.run(network.now + 5_000);
    network.broadcast(A, undefined, 2);
    expect(repaired(), 'the first one alone').toBe(1);
    network.run(network.now + 2_500);
    expect(repaired()).toBe(2);
  });

  it('of more authors than a digest names some are drawn each time, until all is told', () => {
    const network = joined([[A, B]], { ...KEEPING, maxDigestAuthors: 4 });
    network.add(C);
    network.feed(C, { type: 'start' });
    for (let author = 10; author < 30; author++) {
      const envelope = envelopeOf(id(author));
      network.feed(A, {
        type: 'received',
        from: B,
        message: {
          type: 'payload',
          envelope,
          ttl: 5,
          hops: 2,
          path: [id(author), B],
          pinned: false,
          ageMs: 0,
          mode: 'flood',
          receiptMs: 0,
        },
      });
    }
    network.run(2_000);
    network.link(A, C);
    network.run(200_000);
    expect(network.take(C)).toHaveLength(20);
    for (const { authors } of digests(network)) expect(authors.length).toBeLessThanOrEqual(4);
  });
});
