import { describe, expect, it } from 'vitest';
import type { Gone, Message, Options } from '../src/index.js';
import { Network, envelopeOf, id } from './network.js';

const [A, B, C, D] = [id(1), id(2), id(3), id(4)] as const;
const KEEPING: Partial<Options> = { historyMaxAgeMs: 300_000 };

const seqs = (network: Network, peer: string): number[] =>
  (network.events.get(peer) ?? []).map(({ envelope }) => envelope.seq).sort((a, b) => a - b);
const gone = (network: Network): Gone[] =>
  network.sent.flatMap(({ message }) => (message.type === 'gone' ? [message] : []));

/** A and B are linked, and C, which was there all the time, was cut off while A broadcast 1 to 6; two are kept. */
function cutOff(peers: readonly string[], options: Partial<Options> = {}): Network {
  const network = new Network(1, { ...KEEPING, historyMaxMessages: 2, ...options });
  network.add(...peers);
  for (const peer of peers) network.feed(peer, { type: 'start' });
  network.link(A, B);
  if (peers.includes(D)) for (const peer of [A, B]) network.link(peer, D);
  for (let seq = 1; seq <= 6; seq++) {
    network.publish(A, seq);
    network.run(network.now + 1_000);
  }
  return network;
}

describe('what has left every history', () => {
  it('is told once, and then given up: messageGap', () => {
    const network = cutOff([A, B, C]);
    network.link(B, C);
    network.run(network.now + 60_000);
    expect(seqs(network, C)).toEqual([5, 6]);
    expect(network.notices.get(C)).toEqual([{ type: 'messageGap', from: A, epoch: 1, fromSeq: 1, toSeq: 4 }]);
    // Nobody speaks of it again, though all still compare.
    network.sent.length = 0;
    network.run(network.now + 100_000);
    expect(network.sent.length).toBeGreaterThan(20);
    expect(gone(network)).toEqual([]);
    expect(network.notices.get(C)).toHaveLength(1);
  });

  it('is told once, too, where several neighbours say so', () => {
    const network = cutOff([A, B, C, D]);
    network.link(B, C);
    network.link(C, D);
    network.run(network.now + 60_000);
    expect(network.notices.get(C)).toEqual([{ type: 'messageGap', from: A, epoch: 1, fromSeq: 1, toSeq: 4 }]);
  });

  it('is believed of one after a minute, if the other says nothing', () => {
    const network = cutOff([A, B, C]);
    // At the other end of this link nobody is.
    network.feed(C, { type: 'peerUp', peer: D });
    network.link(B, C);
    network.run(network.now + 50_000);
    expect(network.notices.get(C)).toEqual([]);
    network.run(network.now + 30_000);
    expect(network.notices.get(C)).toMatchObject([{ type: 'messageGap', fromSeq: 1, toSeq: 4 }]);
  });

  it('and comes after all is shown', () => {
    const network = cutOff([A, B, C]);
    network.link(B, C);
    network.run(network.now + 20_000);
    const late: Message = {
      type: 'payload',
      envelope: envelopeOf(A, 3),
      ttl: 5,
      hops: 2,
      path: [A, B],
      pinned: false,
      ageMs: 1_000,
      mode: 'tree',
      receiptMs: 0,
    };
    network.feed(C, { type: 'received', from: B, message: late });
    expect(seqs(network, C)).toEqual([3, 5, 6]);
  });

  it('nobody who was not asked is believed', () => {
    const network = new Network(1, KEEPING);
    network.add(A);
    network.feed(A, { type: 'peerUp', peer: B });
    const lie: Gone = { type: 'gone', authors: [{ peer: C, epoch: 1, ageMs: 0, lost: [[1, 1_000]], withheld: [] }] };
    network.feed(A, { type: 'received', from: B, message: lie });
    network.run(100_000);
    expect(network.notices.get(A)).toEqual([]);
    expect(network.machines.get(A)?.mapSizes['authors']?.size).toBe(0);
  });
});

describe('what was never for this peer', () => {
  it('is not called missed, and not asked for again: from before its arrival', () => {
    const network = new Network(1, KEEPING);
    network.add(A, B);
    network.link(A, B);
    for (let seq = 1; seq <= 4; seq++) network.publish(A, seq);
    network.run(20_000);
    network.add(C);
    network.feed(C, { type: 'start' });
    network.link(B, C);
    network.run(50_000);
    network.sent.length = 0;
    network.run(150_000);
    expect(seqs(network, C)).toEqual([]);
    expect(network.notices.get(C)).toEqual([]);
    expect(gone(network)).toEqual([]);
    expect(network.sent.filter(({ message }) => message.type === 'digest' && message.answer)).toEqual([]);
  });

  it('S23: a pinned TTL that did not reach it', () => {
    const network = new Network(1, KEEPING);
    network.add(A, B, C);
    network.link(A, B);
    network.link(B, C);
    network.broadcast(A, 1, 1);
    network.publish(A, 2);
    network.run(60_000);
    network.sent.length = 0;
    network.run(120_000);
    expect(seqs(network, C)).toEqual([2]);
    expect(network.notices.get(C)).toEqual([]);
    expect(gone(network)).toEqual([]);
  });
});

it.each([
  [undefined, []],
  [12_000, [2, 3]],
  [60_000, [1, 2, 3]],
])('a late joiner gets what is up to %s ms old', (sinceMs, expected) => {
  const network = new Network(1, KEEPING);
  network.add(A, B);
  network.link(A, B);
  for (let seq = 1; seq <= 3; seq++) {
    network.publish(A, seq);
    network.run(network.now + 5_000);
  }
  network.add(C);
  network.feed(C, { type: 'start', sinceMs });
  network.link(B, C);
  network.run(network.now + 60_000);
  expect(seqs(network, C)).toEqual(expected);
});

it('of many authors neighbours compare sums, and name those alone of whom they differ', () => {
  const network = new Network(1, KEEPING);
  network.add(A, B);
  network.link(A, B);
  const say = (author: number): void => {
    const envelope = envelopeOf(id(author));
    const from = id(99);
    network.feed(A, {
      type: 'received',
      from,
      message: {
        type: 'payload',
        envelope,
        ttl: 5,
        hops: 2,
        path: [id(author), from],
        pinned: false,
        ageMs: 0,
        mode: 'flood',
        receiptMs: 0,
      },
    });
  };
  for (let author = 100; author < 200; author++) say(author);
  network.run(60_000);
  expect(network.events.get(B)).toHaveLength(100);
  network.sent.length = 0;
  network.unlink(A, B);
  say(200);
  network.link(A, B);
  network.run(62_000);
  expect(network.events.get(B)).toHaveLength(101);
  const named = network.sent.flatMap(({ message }) => (message.type === 'digest' ? [message.authors.length] : []));
  expect(Math.max(...named)).toBeLessThan(10);
  expect(network.sent.some(({ message }) => message.type === 'summary')).toBe(true);
});
