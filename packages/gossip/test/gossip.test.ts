import { SeededRng } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gossip } from '../src/index.js';
import type { Message, MessageEvent, Output, Payload } from '../src/index.js';
import { envelopeOf, id, Network, NETWORK, ringWithChords } from './network.js';

const [A, B, C, D, E] = [id(1), id(2), id(3), id(4), id(5)] as const;

/** Peers 1 … count in a line. */
function line(count: number): Network {
  const network = new Network();
  for (let n = 1; n <= count; n++) network.add(id(n));
  for (let n = 1; n < count; n++) network.link(id(n), id(n + 1));
  return network;
}

/** One machine with links to `peers`, and what it answers. */
function alone(self: string, peers: readonly string[]) {
  const machine = new Gossip({ peerId: self, network: NETWORK, rng: new SeededRng(1), historyMaxAgeMs: 0 });
  for (const peer of peers) machine.handle({ type: 'peerUp', peer }, 0, []);
  const receive = (from: string, message: Message, now = 0): Output[] => {
    const out: Output[] = [];
    machine.handle({ type: 'received', from, message }, now, out);
    return out;
  };
  return { machine, receive };
}

function payload(author: string, path: readonly string[], ttl: number, pinned = false, seq = 1): Payload {
  return {
    type: 'payload',
    envelope: envelopeOf(author, seq),
    ttl,
    hops: path.length,
    path,
    pinned,
    ageMs: 0,
    mode: 'flood',
    receiptMs: 0,
  };
}

const kinds = (out: readonly Output[]): string[] => out.map((output) => output.type);
const receivers = (out: readonly Output[]): string[] =>
  out.flatMap((output) => (output.type === 'send' ? [output.to] : []));

describe('one broadcast', () => {
  it('S18, S20: the author gets its own message once, with hops 0 and only itself in the path', () => {
    const network = line(3);
    const envelope = network.broadcast(A);
    network.run();
    expect(network.take(A)).toEqual([{ type: 'message', envelope, hops: 0, ttl: 10, path: [A] }]);
  });

  it('S16, S17, S18, S19: hops, path and TTL on a line', () => {
    const network = line(4);
    const envelope = network.broadcast(A);
    network.run();
    expect(network.take(B)).toEqual([{ type: 'message', envelope, hops: 1, ttl: 9, path: [A] }]);
    expect(network.take(C)).toEqual([{ type: 'message', envelope, hops: 2, ttl: 8, path: [A, B] }]);
    expect(network.take(D)).toEqual([{ type: 'message', envelope, hops: 3, ttl: 7, path: [A, B, C] }]);
  });

  it('S23: with the TTL pinned to 10 on a line, hop 10 receives and hop 11 does not', () => {
    const network = line(14);
    for (let n = 1; n <= 14; n++) network.feed(id(n), { type: 'size', peers: 1_000 });
    network.broadcast(A, 10);
    network.run();
    const hops = Array.from({ length: 14 }, (_, n) => network.take(id(n + 1)));
    expect(hops.map((events) => events.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0]);
    expect(hops[10]).toMatchObject([{ hops: 10, ttl: 0 }]);
    for (const event of hops.flat()) expect(event.ttl + event.hops).toBe(10);
    // Nothing is sent that would only be dropped.
    expect(network.sent).toHaveLength(10);
  });

  it('S23: a TTL of 0 stays at home, one of 1 ends at the neighbours', () => {
    const network = line(3);
    network.broadcast(A, 0, 1);
    network.broadcast(A, 1, 2);
    network.run();
    expect(network.take(A)).toMatchObject([{ ttl: 0 }, { ttl: 1 }]);
    expect(network.take(B)).toMatchObject([{ hops: 1, ttl: 0 }]);
    expect(network.take(C)).toEqual([]);
  });

  it('S26: a message goes to every other link, one less TTL and the own id in the path', () => {
    const { receive } = alone(B, [A, C, D, E]);
    const message = payload(A, [E, A].reverse(), 7);
    const out = receive(E, message);
    expect(receivers(out)).toEqual([C, D]);
    const sends = out.flatMap((output) => (output.type === 'send' ? [output.message] : []));
    expect(sends[0]).toEqual({ ...message, ttl: 6, hops: 3, path: [A, E, B] });
    expect(sends[1]).toBe(sends[0]);
    // Signed bytes are passed on untouched.
    expect((sends[0] as Payload).envelope).toBe(message.envelope);
  });

  it('S24: a message that was seen is neither shown nor passed on again', () => {
    const { machine, receive } = alone(B, [A, C, D]);
    expect(kinds(receive(A, payload(A, [A], 9)))).toEqual(['event', 'send', 'send']);
    expect(receive(C, payload(A, [A, C], 8))).toEqual([]);
    expect(machine.counters).toMatchObject({ received: 2, delivered: 1, duplicates: 1, forwarded: 2 });
  });

  it('S24: a second copy with more of a pinned TTL is passed on, not shown', () => {
    const { receive } = alone(B, [A, C, D]);
    expect(kinds(receive(C, payload(A, [A, E, C], 3, true)))).toEqual(['event', 'send']);
    const again = receive(A, payload(A, [A], 5, true));
    expect(kinds(again)).toEqual(['send', 'send']);
    expect(receivers(again)).toEqual([C, D]);
    expect(again[0]).toMatchObject({ message: { ttl: 4, hops: 2, path: [A, B] } });
    expect(receive(D, payload(A, [A, D], 5, true))).toEqual([]);
  });

  it('S24: with a TTL that is not pinned, only a copy after a dead end is passed on again', () => {
    const { receive } = alone(B, [A, C, D]);
    receive(C, payload(A, [A, C], 8));
    expect(receive(A, payload(A, [A], 9))).toEqual([]);
    // A relay that lowers the TTL does not stop a message.
    expect(kinds(receive(C, payload(A, [A, C], 1, false, 2)))).toEqual(['event']);
    expect(receivers(receive(A, payload(A, [A], 9, false, 2)))).toEqual([C, D]);
    expect(receive(D, payload(A, [A, D], 20, false, 2))).toEqual([]);
  });

  it('S25: a message with the own id in its path is dropped', () => {
    const { machine, receive } = alone(B, [A, C]);
    expect(receive(C, payload(A, [A, B, C], 5))).toEqual([]);
    expect(machine.counters).toMatchObject({ duplicates: 1, delivered: 0 });
    expect(machine.seen.size).toBe(0);
  });

  it('S20, S25: an own message that comes back is dropped, also when it was forgotten', () => {
    const { receive } = alone(A, [B, C]);
    expect(receive(C, payload(A, [A, B, C], 5))).toEqual([]);
    expect(receive(B, payload(A, [A, B], 200, true))).toEqual([]);
  });

  it('S27: a message that arrives with TTL 0 or less is dropped, not shown', () => {
    const { machine, receive } = alone(B, [A, C]);
    expect(receive(A, payload(A, [A], 0))).toEqual([]);
    expect(receive(A, payload(A, [A], -3))).toEqual([]);
    expect(machine.counters.expired).toBe(2);
    expect(kinds(receive(A, payload(A, [A], 1)))).toEqual(['event']);
  });

  it('S28: an envelope in the name of another with the same sequence number suppresses nothing', () => {
    const { receive } = alone(B, [A, C]);
    const genuine = payload(A, [A], 9);
    const forged: Payload = { ...payload(A, [A, C], 5), envelope: envelopeOf(A, 1, NETWORK, 'bad0') };
    expect(forged.envelope.id).not.toBe(genuine.envelope.id);
    expect(kinds(receive(C, forged))).toContain('event');
    expect(kinds(receive(A, genuine))).toContain('event');
  });

  it('the same envelope broadcast twice is one message', () => {
    const network = line(2);
    network.broadcast(A);
    network.broadcast(A);
    network.run();
    expect(network.take(A)).toHaveLength(1);
    expect(network.take(B)).toHaveLength(1);
  });
});

describe('a whole mesh', () => {
  it('S29: everyone gets each message exactly once, on any connected graph of up to 60 peers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.array(fc.tuple(fc.nat(59), fc.nat(59)), { maxLength: 120 }),
        fc.integer(),
        (count, chords, seed) => {
          const network = new Network(seed);
          for (let n = 0; n < count; n++) {
            network.add(id(n));
            // A random tree keeps it in one piece.
            if (n > 0) network.link(id(n), id(Math.abs(seed + n * 7919) % n));
            network.feed(id(n), { type: 'size', peers: count / 2 });
          }
          for (const [a, b] of chords) network.link(id(a % count), id(b % count));
          network.broadcast(id(0), undefined, 1);
          network.broadcast(id(count - 1), undefined, 2);
          network.run();
          for (const [peer, events] of network.events) {
            expect(events.map((event) => event.envelope.seq).sort((a, b) => a - b)).toEqual([1, 2]);
            for (const event of events) {
              expect(event.path).toHaveLength(Math.max(event.hops, 1));
              expect(event.path.includes(peer)).toBe(event.hops === 0);
            }
          }
          expect(network.violations).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('S23: a pinned TTL reaches exactly the peers within as many links, whichever copy comes first', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 12 }), (seed, ttl) => {
        const network = new Network(seed);
        ringWithChords(network, 60, seed);
        network.broadcast(A, ttl);
        network.run();
        const distances = network.distancesFrom(A);
        for (const [peer, events] of network.events) {
          const distance = distances.get(peer) as number;
          expect([peer, distance, events.length]).toEqual([peer, distance, distance <= ttl ? 1 : 0]);
          for (const event of events) expect(event.ttl + event.hops).toBe(ttl);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([1, 2, 3, 4, 5])('S23, S29: 1,000 peers with three links each are all reached (seed %i)', (seed) => {
    const network = new Network(seed, {}, false);
    ringWithChords(network, 1_000, seed);
    const author = id(seed * 100);
    network.feed(author, { type: 'size', peers: 700 });
    network.broadcast(author);
    network.run();
    const reached = [...network.events.values()].filter((events) => events.length === 1);
    expect(reached).toHaveLength(1_000);
    expect(network.violations).toEqual([]);
  });

  it('S23: a bare ring of 500 peers is covered', () => {
    const network = new Network(1, {}, false);
    for (let n = 0; n < 500; n++) network.add(id(n));
    for (let n = 0; n < 500; n++) network.link(id(n), id((n + 1) % 500));
    network.feed(A, { type: 'size', peers: 500 });
    network.broadcast(A);
    network.run();
    for (const events of network.events.values()) expect(events).toHaveLength(1);
  });

  it('S23: the TTL is 10 for a small mesh, grows with it and ends at the ceiling', () => {
    const network = line(2);
    const ttlAt = (peers: number, seq: number): number => {
      network.feed(A, { type: 'size', peers });
      network.broadcast(A, undefined, seq);
      return (network.take(A).at(0) as MessageEvent).ttl;
    };
    expect([1, 5, 20.2, 100, 128, 100_000].map((peers, n) => ttlAt(peers, n + 1))).toEqual([
      10, 10, 41, 200, 256, 1023,
    ]);
  });
});

describe('bounds', () => {
  it('S21, S24: the memory of ids is bounded in number', () => {
    const network = new Network(1, { seenMaxEntries: 50 });
    network.add(A);
    for (let seq = 1; seq <= 1_000; seq++) network.broadcast(A, 0, seq);
    expect(network.machines.get(A)?.seen.size).toBe(50);
  });

  it('S21, S24: the memory of ids outlives travelling copies, and ends', () => {
    const { machine, receive } = alone(B, [A, C]);
    receive(A, payload(A, [A], 5), 0);
    expect(receive(C, payload(A, [A, C], 5), 599_999)).toEqual([]);
    receive(A, payload(A, [A], 5, false, 2), 600_000);
    expect(machine.seen.size).toBe(1);
  });

  it('a message published before any link exists leaves with the first one, and only with it', () => {
    const network = new Network();
    network.add(A, B, C);
    const envelope = network.broadcast(A);
    network.run(29_999);
    network.link(A, B);
    network.link(A, C);
    network.run();
    expect(network.take(A)).toHaveLength(1);
    expect(network.take(B)).toMatchObject([{ envelope, hops: 1, path: [A] }]);
    expect(network.take(C)).toEqual([]);
    expect(network.sent).toHaveLength(1);
  });

  it('it waits 30 s at most, and the 64 youngest wait', () => {
    const network = new Network();
    network.add(A, B);
    network.broadcast(A);
    network.run();
    expect(network.now).toBe(30_000);
    for (let seq = 2; seq <= 101; seq++) network.broadcast(A, undefined, seq);
    network.link(A, B);
    network.run();
    expect(
      network
        .take(B)
        .map((event) => event.envelope.seq)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 64 }, (_, n) => 38 + n));
  });

  it('a stale timer does nothing', () => {
    const out: Output[] = [];
    const { machine } = alone(A, [B]);
    machine.handle({ type: 'timer', timer: { type: 'outbox' } }, 5, out);
    expect(out).toEqual([]);
  });

  it('a link that is gone gets nothing', () => {
    const { machine, receive } = alone(B, [A, C, D]);
    machine.handle({ type: 'peerDown', peer: C }, 0, []);
    expect(receivers(receive(A, payload(A, [A], 5)))).toEqual([D]);
  });
});

describe('what others do wrong', () => {
  const direct = { ...envelopeOf(A), kind: 'direct' as const, to: B };
  it.each<[string, string, string, Message]>([
    ['a direct envelope', 'unexpected', A, { ...payload(A, [A], 5), envelope: direct }],
    ['another network', 'unexpected', A, { ...payload(A, [A], 5), envelope: envelopeOf(A, 1, 'other') }],
    ['hops that are not the length of the path', 'malformed', A, { ...payload(A, [A], 5), hops: 2 }],
    ['an empty path', 'malformed', A, { ...payload(A, [], 5), hops: 0 }],
    ['a TTL over the ceiling', 'over-limit', A, payload(A, [A], 1024)],
    ['a TTL over the ceiling, counted from the author', 'over-limit', C, payload(A, [A, C], 1023)],
    ['a path that starts with another', 'forged', C, payload(A, [D, C], 5)],
    ['a path that ends with another', 'forged', C, payload(A, [A, D], 5)],
    ['a path with a loop', 'malformed', C, payload(A, [A, D, D, C], 5)],
  ])('S175, S176: %s is a violation (%s), dropped and not remembered', (_, code, from, message) => {
    const { machine, receive } = alone(B, [A, C, D]);
    expect(receive(from, message)).toEqual([expect.objectContaining({ type: 'violation', peer: from, code })]);
    expect(machine.counters).toMatchObject({ refused: 1, delivered: 0 });
    expect(kinds(receive(A, payload(A, [A], 5)))).toContain('event');
  });
});

describe('what the caller does wrong', () => {
  const machine = new Gossip({ peerId: A, network: NETWORK, rng: new SeededRng(1) });
  it.each([-1, 1.5, 1024, Number.NaN])('S23: a TTL of %d is a RangeError', (ttl) => {
    expect(() => machine.handle({ type: 'broadcast', envelope: envelopeOf(A), ttl }, 0, [])).toThrow(RangeError);
    expect(machine.seen.size).toBe(0);
  });

  it('an envelope of another author or network, and a size that is none, are RangeErrors', () => {
    const broadcast = (envelope: ReturnType<typeof envelopeOf>) => () =>
      machine.handle({ type: 'broadcast', envelope }, 0, []);
    expect(broadcast(envelopeOf(B))).toThrow(RangeError);
    expect(broadcast(envelopeOf(A, 1, 'other'))).toThrow(RangeError);
    expect(() => machine.handle({ type: 'size', peers: Number.NaN }, 0, [])).toThrow(RangeError);
    expect(() => machine.handle({ type: 'size', peers: -1 }, 0, [])).toThrow(RangeError);
  });

  it('TTL bounds that are none are RangeErrors', () => {
    const make = (minTtlHops: number, maxTtlHops: number) => () =>
      new Gossip({ peerId: A, network: NETWORK, rng: new SeededRng(1), minTtlHops, maxTtlHops });
    expect(make(0, 10)).toThrow(RangeError);
    expect(make(11, 10)).toThrow(RangeError);
    expect(make(10, 1024)).toThrow(RangeError);
    expect(make(10, 10)).not.toThrow();
  });
});
