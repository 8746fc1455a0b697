import { SeededRng, below } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gossip } from '../src/index.js';
import type { Input, Message, Mode, Output, Payload } from '../src/index.js';
import { LARGE, NETWORK, Network, envelopeOf, id, ringWithChords } from './network.js';

const [A, B, C, D, E] = [id(1), id(2), id(3), id(4), id(5)] as const;

/** A message as it comes over a link, the author first on its way. */
function payload(path: readonly string[], mode: Mode = 'tree', seq = 1): Payload {
  const envelope = envelopeOf(path[0] as string, seq, NETWORK, LARGE);
  return { type: 'payload', envelope, ttl: 50, hops: path.length, path, pinned: false, ageMs: 0, mode, receiptMs: 0 };
}

const shortId = ({ envelope }: Payload): string => envelope.id.slice(0, 16);

/** One machine with links to `peers`. */
function alone(peers: readonly string[]) {
  const machine = new Gossip({ peerId: E, network: NETWORK, rng: new SeededRng(1), historyMaxAgeMs: 0 });
  const feed = (input: Input, now: number): Output[] => {
    const out: Output[] = [];
    machine.handle(input, now, out);
    return out;
  };
  for (const peer of peers) feed({ type: 'peerUp', peer }, 0);
  return {
    feed,
    receive: (from: string, message: Message, now: number) => sends(feed({ type: 'received', from, message }, now)),
  };
}

/** What was sent, to whom: `type to`. */
function sends(out: readonly Output[]): string[] {
  return out.flatMap((output) => (output.type === 'send' ? [`${output.message.type} ${output.to.slice(-1)}`] : []));
}

describe('one peer', () => {
  it('prunes the link that brings a second copy, and only announces over it from then on', () => {
    const { feed, receive } = alone([B, C, D]);
    expect(receive(B, payload([A, B]), 0)).toEqual(['payload 3', 'payload 4']);
    expect(receive(C, payload([A, C]), 10)).toEqual(['prune 3']);
    expect(receive(B, payload([A, B], 'tree', 2), 5_000)).toEqual(['payload 4']);
    expect(sends(feed({ type: 'timer', timer: { type: 'announce' } }, 5_035))).toEqual(['ihave 3']);
  });

  it('does not announce to whoever has announced or sent the message meanwhile', () => {
    const { feed, receive } = alone([B, C, D]);
    receive(C, { type: 'prune', tree: undefined }, 0);
    const message = payload([A, B]);
    expect(receive(B, message, 10)).toEqual(['payload 4']);
    receive(C, { type: 'ihave', ids: [shortId(message)], hops: [2] }, 20);
    expect(sends(feed({ type: 'timer', timer: { type: 'announce' } }, 45))).toEqual([]);
  });

  it('grafts what was announced and does not come, from one announcer after the other', () => {
    const { feed, receive } = alone([B, C, D]);
    const message = payload([A, C]);
    for (const from of [C, D]) receive(from, { type: 'ihave', ids: [shortId(message)], hops: [2] }, 0);
    const pull = (now: number): string[] => sends(feed({ type: 'timer', timer: { type: 'graft' } }, now));
    expect(pull(699)).toEqual([]);
    expect(pull(700)).toEqual(['graft 3']);
    expect(pull(1_000)).toEqual(['graft 4']);
    expect(receive(D, payload([A, D]), 1_100)).toContain('payload 2');
    expect(pull(2_000)).toEqual([]);
  });

  it('answers a graft once, with the message', () => {
    const { receive } = alone([B, C, D]);
    receive(C, { type: 'prune', tree: undefined }, 0);
    const message = payload([A, B]);
    receive(B, message, 10);
    const graft: Message = { type: 'graft', tree: undefined, ids: [shortId(message)] };
    expect(receive(C, graft, 20)).toEqual(['payload 3']);
    expect(receive(C, graft, 30)).toEqual([]);
    // The link is of the tree again.
    expect(receive(B, payload([A, B], 'tree', 2), 40)).toEqual(['payload 3', 'payload 4']);
  });

  it('an author sends to all its links; where its copies meet none is redundant', () => {
    const { receive } = alone([B, C, D]);
    receive(B, payload([A, D, B], 'push'), 0);
    expect(receive(C, payload([A, C], 'tree'), 10)).toEqual([]);
    // Through the same neighbour of the author: that is a circle.
    expect(receive(D, payload([A, D], 'push'), 20)).toEqual(['prune 4']);
  });

  it('two messages at once do not cut links: the first alone does', () => {
    const { receive } = alone([B, C, D]);
    receive(B, payload([A, B]), 0);
    receive(C, payload([D, C], 'tree', 7), 10);
    expect(receive(B, payload([D, B], 'tree', 7), 20)).toEqual([]);
    expect(receive(D, payload([A, D]), 30)).toEqual(['prune 4']);
  });

  it.each(['peerDown', 'suspect'] as const)(
    '%s of an eager link: messages go over the lazy ones, too, for a round',
    (type) => {
      const { feed, receive } = alone([B, C, D]);
      receive(B, payload([A, B]), 0);
      receive(C, payload([A, C]), 10);
      receive(D, payload([A, D]), 20);
      feed({ type, peer: B }, 5_000);
      const heirs = receive(B, payload([A, B], 'tree', 2), 5_100);
      expect(heirs).toEqual(expect.arrayContaining(['payload 3', 'payload 4']));
    },
  );

  it('more than one message a second: the author has a tree of its own', () => {
    const network = new Network();
    network.add(A, B);
    network.link(A, B);
    for (let seq = 1; seq <= 8; seq++) {
      network.publish(A, seq);
      network.run(network.now + 300);
    }
    const modes = network.sent.flatMap(({ message }) => (message.type === 'payload' ? [message.mode] : []));
    expect(modes).toEqual(['tree', 'tree', 'tree', 'tree', 'own', 'own', 'own', 'own']);
  });

  it('what is small floods while it is rare, and goes over the tree when it is not', () => {
    const network = new Network();
    network.add(A, B);
    network.link(A, B);
    for (let seq = 1; seq <= 12; seq++) network.broadcast(A, undefined, seq);
    const modes = network.sent.flatMap(({ message }) => (message.type === 'payload' ? [message.mode] : []));
    expect(modes.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 'flood'));
    expect(modes.slice(10)).toEqual(['own', 'own']);
  });

  it('S23: what has a pinned TTL is neither announced nor grafted', () => {
    const { feed, receive } = alone([B, C, D]);
    receive(C, { type: 'prune', tree: undefined }, 0);
    const message: Payload = { ...payload([A, B], 'flood'), pinned: true };
    expect(receive(B, message, 10)).toEqual(['payload 3', 'payload 4']);
    expect(sends(feed({ type: 'timer', timer: { type: 'announce' } }, 100))).toEqual([]);
    expect(receive(C, { type: 'graft', tree: undefined, ids: [shortId(message)] }, 200)).toEqual([]);
  });
});

describe('a mesh', () => {
  it('S29: after the first message there is hardly a copy too many, and everyone gets each once', () => {
    const network = new Network(1);
    ringWithChords(network, 300, 1);
    for (const peer of network.machines.keys()) network.feed(peer, { type: 'size', peers: 300 });
    for (let seq = 1; seq <= 10; seq++) {
      if (seq === 3) network.sent.length = 0;
      network.publish(id(1 + ((seq * 37) % 300)), seq);
      network.run(network.now + 5_000);
    }
    for (const events of network.events.values()) expect(events).toHaveLength(10);
    const copies = network.sent.filter(({ message }) => message.type === 'payload').length;
    expect(copies / (8 * 299)).toBeLessThan(1.1);
    expect(network.violations).toEqual([]);
  });

  it('heals without anti-entropy: whichever links go, as long as it stays in one piece everyone gets all', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 4, max: 40 }), (seed, count) => {
        const rng = new SeededRng(seed);
        const network = new Network(seed);
        ringWithChords(network, count, seed);
        const ids = [...network.machines.keys()];
        for (const peer of ids) network.feed(peer, { type: 'size', peers: count });
        const any = (): string => ids[below(rng, count)] as string;
        for (let seq = 1; seq <= 12; seq++) {
          // The ring stays, but for one link.
          const [a, b] = [any(), any()];
          if (!ids.some((peer, n) => peer === a && (ids.at(n + 1 - count) === b || ids.at(n - 1) === b)))
            network.unlink(a, b);
          if (seq === 6) network.unlink(ids[0] as string, ids[1] as string);
          if (below(rng, 2) === 0) network.link(any(), any());
          network.publish(any(), seq);
          network.run(network.now + below(rng, 3) * 700);
        }
        network.run(network.now + 60_000);
        network.publish(any(), 13);
        network.run();
        for (const events of network.events.values()) {
          const seqs = events.map(({ envelope }) => envelope.seq);
          expect(new Set(seqs).size).toBe(seqs.length);
          expect(seqs).toContain(13);
        }
        expect(network.violations).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('S29: exactly once, whatever is lost, doubled, or overtaken', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 3, max: 12 }), (seed, count) => {
        const rng = new SeededRng(seed);
        const network = new Network(seed, { historyMaxAgeMs: 300_000 });
        const ids = Array.from({ length: count }, (_, n) => id(n + 1));
        network.add(...ids);
        const any = (): string => ids[below(rng, count)] as string;
        for (let n = 1; n < count; n++) network.link(ids[n] as string, ids[below(rng, n)] as string);
        for (let step = 1; step <= 40; step++) {
          const [a, b] = [any(), any()];
          const what = below(rng, 6);
          if (what === 0) network.unlink(a, b);
          else if (what <= 2) network.link(a, b);
          else if (what === 3) {
            const copy = network.sent[below(rng, Math.max(1, network.sent.length))];
            if (copy !== undefined && network.linksOf(copy.to).includes(copy.from)) {
              network.feed(copy.to, { type: 'received', from: copy.from, message: copy.message });
            }
          } else network.publish(a, step);
          network.run(network.now + below(rng, 400));
        }
        for (let n = 1; n < count; n++) network.link(ids[n] as string, ids[n - 1] as string);
        network.run(network.now + 120_000);
        const seqsOf = (peer: string): number[] =>
          network
            .take(peer)
            .map(({ envelope }) => envelope.seq)
            .sort((a, b) => a - b);
        const said = seqsOf(A);
        for (const peer of ids.slice(1)) expect(seqsOf(peer)).toEqual(said);
        expect(new Set(said).size).toBe(said.length);
        expect(network.violations).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});
