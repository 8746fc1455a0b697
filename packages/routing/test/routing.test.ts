import { AssertionError } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { describe, expect, it } from 'vitest';
import { DEFAULTS, Routing } from '../src/index.js';
import type { Data, Message, Options, Output } from '../src/index.js';
import { anyRng, envelopeOf, id, Network, NETWORK } from './network.js';

const [A, B, C, D, E] = [id(1), id(2), id(3), id(4), id(5)] as const;

/** A has links with B, C and D, each of them with E. */
function diamond(options: Partial<Options> = {}): Network {
  const network = new Network(1, options);
  network.add(A, B, C, D, E);
  for (const relay of [B, C, D]) {
    network.link(A, relay);
    network.link(relay, E);
  }
  network.shareViews();
  return network;
}

const firstHops = (network: Network): PeerId[] =>
  network.sent.filter(({ from, message }) => from === A && message.type === 'data').map(({ to }) => to);

describe('re-sends', () => {
  it('S14: a message lost beyond the first hop is sent again after 4 and 8 s, over disjoint first hops, and shown once', () => {
    const network = diamond();
    let lost = 0;
    // The relays have it, say so, and die with it: neither their copies nor nacks get anywhere.
    network.lose = (from, _, message) => [B, C, D].includes(from) && message.type !== 'receipt' && lost++ < 4;
    const envelope = network.route(A, E);
    network.run();
    expect(network.sent.filter(({ from }) => from === A).map(({ at }) => at)).toEqual([0, 4_000, 8_000]);
    expect(new Set(firstHops(network)).size).toBe(3);
    expect(network.take(E)).toMatchObject([{ type: 'message', envelope }]);
    expect(network.take(A)).toMatchObject([{ type: 'delivered', messageId: envelope.id }]);
  });

  it('S14: with its acknowledgements lost a message is shown once, acknowledged each time, and ends as timeout', () => {
    const network = diamond();
    network.lose = (_, __, message) => message.type === 'ack';
    const envelope = network.route(A, E);
    network.run();
    expect(network.take(E)).toHaveLength(1);
    expect(network.machines.get(E)?.counters).toMatchObject({ delivered: 1 });
    expect(network.machines.get(E)?.counters.duplicates).toBeGreaterThanOrEqual(2);
    expect(network.take(A)).toEqual([{ type: 'failed', messageId: envelope.id, to: E, reason: 'timeout' }]);
    expect(network.now).toBeGreaterThanOrEqual(10_000);
  });

  it('a first hop that goes down is replaced at once', () => {
    const network = diamond();
    network.lose = (from, _, message) => from === A && message.type === 'data' && network.now === 0;
    network.route(A, E);
    const [first] = firstHops(network) as [PeerId];
    network.run(100);
    network.unlink(A, first);
    network.run(400);
    expect(network.take(A)).toMatchObject([{ type: 'delivered' }]);
    expect(firstHops(network)).toHaveLength(2);
  });

  it('a new link takes nothing that is under way', () => {
    const network = diamond();
    network.route(A, E);
    network.link(A, E);
    expect(firstHops(network)).toHaveLength(1);
  });

  it('a ring that heals in time delivers what was unreachable', () => {
    const network = new Network();
    network.add(A, B, C);
    network.link(A, B);
    network.route(A, C);
    network.run(3_000);
    const nacked = [A, B].map((peer) => network.machines.get(peer)?.counters.nacked ?? 0);
    expect(Math.max(...nacked)).toBeGreaterThan(1);
    network.link(B, C);
    network.run();
    expect(network.take(C)).toHaveLength(1);
    expect(network.take(A)).toMatchObject([{ type: 'delivered' }]);
  });

  it('a message is sent 8 times at most, if so configured', () => {
    const network = new Network(1, { nackRetryMs: 1, maxAttempts: 8 });
    network.add(A, B);
    network.link(A, B);
    network.route(A, E);
    network.run();
    expect(firstHops(network)).toHaveLength(8);
    expect(network.take(A)).toMatchObject([{ type: 'failed', reason: 'unreachable' }]);
  });

  it('S14: without any link a message waits for the first one', () => {
    const network = new Network();
    network.add(A, B, C);
    network.link(B, C);
    network.route(A, C);
    network.run(6_000);
    network.link(A, B);
    network.run();
    expect(network.take(C)).toHaveLength(1);
    expect(network.take(A)).toMatchObject([{ type: 'delivered', hops: 2 }]);
  });

  it('S14: without any link for the whole time it is unreachable', () => {
    const network = new Network();
    network.add(A);
    const { id: messageId } = network.route(A, B);
    network.run();
    expect(network.take(A)).toEqual([{ type: 'failed', messageId, to: B, reason: 'unreachable' }]);
  });

  it('S14: leaving reports what is open as disconnected, once', () => {
    const network = diamond();
    const { id: messageId } = network.route(A, E);
    network.feed(A, { type: 'leave' });
    network.run();
    expect(network.take(A)).toEqual([{ type: 'failed', messageId, to: E, reason: 'disconnected' }]);
  });

  it('one message more than may be pending fails at once', () => {
    const network = new Network(1, { direct: { ...DEFAULTS.direct, maxPending: 2 } });
    network.add(A);
    network.route(A, B);
    network.route(A, B);
    const { id: messageId } = network.route(A, B);
    expect(network.take(A)).toEqual([{ type: 'failed', messageId, to: B, reason: 'refused' }]);
    expect(network.machines.get(A)?.pendingSize).toBe(2);
  });

  it('a stale timer does nothing', () => {
    const machine = new Routing({ peerId: A, network: NETWORK, rng: anyRng });
    const out: Output[] = [];
    machine.handle({ type: 'timer', timer: { type: 'pending', messageId: '00'.repeat(16) } }, 5, out);
    machine.handle({ type: 'route', envelope: envelopeOf(A, B) }, 5, []);
    machine.handle({ type: 'timer', timer: { type: 'pending', messageId: envelopeOf(A, B).id } }, 6, out);
    expect(out).toEqual([]);
  });
});

/** One machine with links to `peers`. */
function alone(self: PeerId, peers: readonly PeerId[], options: Partial<Options> = {}) {
  const machine = new Routing({ peerId: self, network: NETWORK, rng: anyRng, ...options });
  for (const peer of peers) machine.handle({ type: 'peerUp', peer }, 0, []);
  const receive = (from: PeerId, message: Message, now = 0): Output[] => {
    const out: Output[] = [];
    machine.handle({ type: 'received', from, message }, now, out);
    return out;
  };
  return { machine, receive };
}

/** What is sent among outputs, receipts apart. */
const sends = (outputs: readonly Output[]): Output[] =>
  outputs.filter((output) => output.type === 'send' && output.message.type !== 'receipt');

function data(from: PeerId, to: PeerId, path: readonly PeerId[], rest: Partial<Data> = {}): Data {
  return {
    type: 'data',
    envelope: envelopeOf(from, to),
    ttl: 9,
    hops: path.length,
    path,
    goal: null,
    route: [],
    mode: 0,
    attempt: 0,
    ...rest,
  };
}

const ack = (to: PeerId, from: PeerId, route: readonly PeerId[], ttl = 9): Message => ({
  type: 'ack',
  messageId: envelopeOf(to, from).id,
  from,
  to,
  route,
  ttl,
  hops: 3,
});

describe('the way back', () => {
  it('follows the path of the data', () => {
    const { receive } = alone(C, [B, D]);
    expect(receive(D, ack(A, E, [B]))).toEqual([{ type: 'send', to: B, message: ack(A, E, [], 8) }]);
  });

  it('is cut short over an earlier peer of the path, which bridges one that is gone', () => {
    const { receive } = alone(D, [B, E]);
    expect(receive(E, ack(A, E, [C, B]))).toEqual([{ type: 'send', to: B, message: ack(A, E, [], 8) }]);
  });

  it('goes on greedily when the path is broken', () => {
    const { receive, machine } = alone(D, [C, E]);
    expect(receive(E, ack(A, E, [B]))).toEqual([{ type: 'send', to: C, message: ack(A, E, [], 8) }]);
    machine.handle({ type: 'peerDown', peer: C }, 0, []);
    expect(receive(E, ack(A, E, [B]))).toEqual([]);
    expect(machine.counters.stray).toBe(1);
  });

  it('ends with its TTL', () => {
    const { receive, machine } = alone(C, [B, D]);
    expect(receive(D, ack(A, E, [B], 1))).toEqual([]);
    expect(machine.counters.stray).toBe(1);
  });

  it('an acknowledgement of somebody else than the receiver counts for nothing', () => {
    const { receive, machine } = alone(A, [B]);
    machine.handle({ type: 'route', envelope: envelopeOf(A, E) }, 0, []);
    expect(receive(B, { ...ack(A, E, []), from: D } as Message)).toEqual([]);
    expect(machine.pendingSize).toBe(1);
    expect(receive(B, ack(A, E, []), 40)).toMatchObject([{ event: { type: 'delivered', hops: 3, roundTripMs: 40 } }]);
    expect(receive(B, ack(A, E, []))).toEqual([]);
    expect(machine.counters.stray).toBe(2);
  });
});

describe('relays', () => {
  it('commit to the neighbour that a hop was chosen for', () => {
    const { receive } = alone(C, [B, D]);
    // B is farther from E than we are, but A knew a way.
    expect(sends(receive(A, data(A, E, [A], { goal: B })))).toMatchObject([
      { to: D, message: { goal: null, mode: 0 } },
    ]);
    expect(sends(receive(A, data(A, id(0), [A], { goal: B })))).toMatchObject([{ to: B, message: { goal: null } }]);
  });

  it('go on past the neighbour to one that is nearer, but never back to themselves', () => {
    const { receive, machine } = alone(C, [A, B]);
    machine.handle({ type: 'view', peer: B, neighbours: [A, C] }, 0, []);
    expect(sends(receive(A, data(D, E, [D, A], { goal: A })))).toMatchObject([{ to: B, message: { goal: null } }]);
  });

  it('fall back to ring mode when the neighbour is gone', () => {
    const { receive, machine } = alone(C, [B, D]);
    machine.handle({ type: 'view', peer: B, neighbours: [E] }, 0, []);
    expect(sends(receive(A, data(A, id(6), [A], { goal: id(9) })))).toMatchObject([
      { to: D, message: { mode: 1, goal: null } },
    ]);
    expect(sends(receive(A, data(A, id(6), [A], { attempt: 1 })))).toMatchObject([
      { to: B, message: { mode: 0, goal: E } },
    ]);
  });

  it('answer with a nack at a local minimum and at the hop limit', () => {
    const { receive, machine } = alone(C, [A]);
    expect(receive(A, data(A, E, [A], { mode: 4 }))).toMatchObject([
      { to: A, message: { type: 'nack', reason: 'unreachable', from: C, to: A, messageId: envelopeOf(A, E).id } },
    ]);
    expect(receive(A, data(A, E, [A], { ttl: 1, attempt: 1 }))).toMatchObject([
      { to: A, message: { reason: 'hop-limit' } },
    ]);
    expect(machine.counters).toMatchObject({ nacked: 2, relayed: 0 });
  });

  it('are silent where a signal crosses its limit: its author has another path', () => {
    const { receive, machine } = alone(C, [A, D]);
    const envelope = envelopeOf(A, E, 1, NETWORK, 'signal');
    expect(receive(A, data(A, E, [A], { envelope, ttl: 1 }))).toEqual([]);
    expect(machine.counters).toMatchObject({ nacked: 1, relayed: 0 });
  });

  it('an own message that a detour leads back here, to its end, counts as a nack', () => {
    const { receive, machine } = alone(A, [B]);
    machine.handle({ type: 'route', envelope: envelopeOf(A, id(0)) }, 0, []);
    expect(receive(B, data(A, id(0), [A, B], { mode: 3 }))).toEqual([
      { type: 'timer', at: 250, timer: { type: 'pending', messageId: envelopeOf(A, id(0)).id } },
      { type: 'send', to: B, message: { type: 'receipt', messageIds: [envelopeOf(A, id(0)).id] } },
    ]);
  });

  it('remember no more of a neighbour than configured, and nothing of strangers', () => {
    const { receive, machine } = alone(C, [A, B], { maxViewPeers: 1 });
    machine.handle({ type: 'view', peer: B, neighbours: [A, E] }, 0, []);
    machine.handle({ type: 'view', peer: D, neighbours: [E] }, 0, []);
    // Towards E is nobody: it goes round, over whoever is left.
    expect(sends(receive(A, data(A, E, [A])))).toMatchObject([{ to: A, message: { goal: null, mode: 3 } }]);
  });
});

describe('the receiver', () => {
  it('acknowledges a copy again without showing it, and its memory is bounded', () => {
    const { receive } = alone(E, [D], { seenMaxEntries: 1 });
    expect(receive(D, data(A, E, [A, D])).map((output) => output.type)).toEqual(['event', 'send']);
    expect(receive(D, data(A, E, [A, D])).map((output) => output.type)).toEqual(['send']);
    receive(D, data(B, E, [B, D]));
    expect(receive(D, data(A, E, [A, D])).map((output) => output.type)).toEqual(['event', 'send']);
  });
});

describe('what others do wrong', () => {
  const broadcast = { ...envelopeOf(A, E), kind: 'broadcast' as const };
  it.each<[string, string, Message]>([
    ['a broadcast envelope', 'unexpected', data(A, E, [A, B], { envelope: broadcast })],
    ['another network', 'unexpected', data(A, E, [A, B], { envelope: envelopeOf(A, E, 1, 'other') })],
    ['an envelope from its receiver', 'malformed', data(E, E, [E, B])],
    ['hops that are not the length of the path', 'malformed', data(A, E, [A, B], { hops: 1 })],
    ['an empty path', 'malformed', data(A, E, [])],
    ['a TTL of 0', 'over-limit', data(A, E, [A, B], { ttl: 0 })],
    ['a TTL over the limit, counted from the author', 'over-limit', data(A, E, [A, B], { ttl: 1023 })],
    ['a path that starts with another', 'forged', data(A, E, [C, B])],
    ['a path that ends with another', 'forged', data(A, E, [A, C])],
    ['an answer over the limit', 'over-limit', ack(A, E, [], 1024)],
    ['an answer with TTL 0', 'over-limit', ack(A, E, [], 0)],
    [
      'an answer with too long a route',
      'over-limit',
      ack(
        A,
        E,
        Array.from({ length: 1024 }, () => A),
      ),
    ],
  ])('S175, S176: %s is a violation (%s) and dropped', (_, code, message) => {
    const { machine, receive } = alone(D, [A, B, C, E]);
    expect(receive(B, message)).toEqual([expect.objectContaining({ type: 'violation', peer: B, code })]);
    expect(machine.counters).toMatchObject({ received: 1, refused: 1 });
  });
});

describe('what the caller does wrong', () => {
  it('what is no own direct message to another peer is a bug', () => {
    const { machine } = alone(A, [B]);
    const route = (envelope: ReturnType<typeof envelopeOf>) => () => machine.handle({ type: 'route', envelope }, 0, []);
    expect(route(envelopeOf(A, A))).toThrow(AssertionError);
    expect(route(envelopeOf(B, A))).toThrow(AssertionError);
    expect(route(envelopeOf(A, B, 1, 'other'))).toThrow(AssertionError);
    expect(route({ ...envelopeOf(A, B), kind: 'broadcast' })).toThrow(AssertionError);
    expect(route(envelopeOf(A, B))).not.toThrow();
    expect(route(envelopeOf(A, B))).toThrow(AssertionError);
  });

  it.each([0, 1024, 1.5])('a hop limit of %d is a RangeError', (maxHops) => {
    expect(() => new Routing({ peerId: A, network: NETWORK, rng: anyRng, maxHops })).toThrow(RangeError);
  });
});
