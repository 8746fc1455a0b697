import { below, pick, SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULTS, Routing } from '../src/index.js';
import type { Data, Event, Message, Output } from '../src/index.js';
import { anyRng, envelopeOf, id, Network, NETWORK, ringWithChords } from './network.js';

const [A, B, C, D, E] = [id(1), id(2), id(3), id(4), id(5)] as const;

const arrivals = (events: readonly Event[]) => events.flatMap((event) => (event.type === 'message' ? [event] : []));
const sentBy = (network: Network, peer: PeerId, type: Message['type']) =>
  network.sent.filter(({ from, message }) => from === peer && message.type === type);

/** A – B – { C, D } – E. */
function fork(): Network {
  const network = new Network();
  network.add(A, B, C, D, E);
  for (const [a, b] of [
    [A, B],
    [B, C],
    [B, D],
    [C, E],
    [D, E],
  ] as const) {
    network.link(a, b);
  }
  network.shareViews();
  return network;
}

/** Peers that take everything and say nothing, as a crashed one does until it is called dead. */
function silence(network: Network, ...peers: readonly PeerId[]): void {
  network.lose = (from, to) => peers.includes(from) || peers.includes(to);
}

describe('custody of a copy', () => {
  it('a relay whose next hop is dead sends the copy another way, within a second; the author notices nothing', () => {
    const network = fork();
    silence(network, C);
    network.route(A, E);
    network.run(1_000);
    expect(arrivals(network.take(E))).toMatchObject([{ path: [A, B, D] }]);
    expect(network.take(A)).toMatchObject([{ type: 'delivered', late: false }]);
    expect(sentBy(network, A, 'data')).toHaveLength(1);
    expect(network.machines.get(B)?.counters.detours).toBe(1);
  });

  it('the second message does not try the dead one again, until something is heard of it', () => {
    const network = fork();
    silence(network, C);
    network.route(A, E);
    network.run(5_000);
    network.sent.length = 0;
    network.route(A, E);
    network.run();
    expect(sentBy(network, B, 'data').map(({ to }) => to)).toEqual([D]);
    network.lose = () => false;
    network.feed(B, { type: 'received', from: C, message: { type: 'receipt', messageIds: [] } });
    network.sent.length = 0;
    network.route(A, E);
    network.run();
    expect(sentBy(network, B, 'data').map(({ to }) => to)).toEqual([C]);
  });

  it('a copy whose link goes down before its receipt goes another way at once', () => {
    const network = fork();
    silence(network, C);
    network.route(A, E);
    network.run(150);
    network.unlink(B, C);
    expect(sentBy(network, B, 'data').map(({ to }) => to)).toEqual([C, D]);
    network.run(700);
    expect(network.take(A)).toMatchObject([{ type: 'delivered' }]);
  });

  it('so does one that was given to a peer which is suspect now', () => {
    const network = fork();
    silence(network, C);
    network.route(A, E);
    network.run(150);
    network.feed(B, { type: 'suspect', peer: C });
    expect(sentBy(network, B, 'data').map(({ to }) => to)).toEqual([C, D]);
  });

  it('without another way the author learns at once, and nobody claims that it did not arrive', () => {
    const network = new Network();
    network.add(A, B, C);
    network.link(A, B);
    network.link(B, C);
    silence(network, C);
    network.route(A, C);
    network.run(1_000);
    expect(sentBy(network, B, 'nack')).toMatchObject([{ message: { reason: 'unanswered' } }]);
    network.run();
    expect(network.take(A)).toMatchObject([{ type: 'failed', reason: 'timeout' }]);
  });

  it('the author tries each of its links, the silent ones after all others', () => {
    const network = new Network();
    network.add(A, B, C, D, E);
    for (const relay of [B, C, D]) {
      network.link(A, relay);
      network.link(relay, E);
    }
    network.shareViews();
    silence(network, B, C);
    network.route(A, E);
    network.run(1_500);
    expect(new Set(sentBy(network, A, 'data').map(({ to }) => to))).toEqual(new Set([B, C, D]));
    expect(network.take(A)).toMatchObject([{ type: 'delivered' }]);
  });

  it('an author whose links are all silent does not spend its copies on them', () => {
    const network = new Network();
    network.add(A, B, C);
    network.link(A, B);
    silence(network, B);
    network.route(A, C);
    network.run(9_000);
    expect(sentBy(network, A, 'data').length).toBeLessThan(DEFAULTS.maxAttempts);
    network.lose = () => false;
    network.link(A, C);
    network.run();
    expect(network.take(A)).toMatchObject([{ type: 'delivered' }]);
  });

  it('waits as long as the link takes: a slow one is not taken for dead twice', () => {
    const { machine, receive } = alone(B, [A, E]);
    const dueAfter = (seq: number, now: number): number => {
      const envelope = envelopeOf(A, E, seq);
      const timers = receive(A, copy(envelope), now).flatMap((output) => (output.type === 'timer' ? [output] : []));
      const custody = timers.find(({ timer }) => timer.type === 'custody');
      // The receipt comes after 450 ms.
      receive(E, { type: 'receipt', messageIds: [envelope.id] }, now + 450);
      machine.handle({ type: 'timer', timer: { type: 'custody' } }, now + 500, []);
      return (custody?.at ?? NaN) - now;
    };
    expect(dueAfter(1, 0)).toBe(500);
    expect(dueAfter(2, 2_000)).toBe(1_200);
    for (let n = 3; n < 20; n++) dueAfter(n, 2_000 * n);
    expect(dueAfter(20, 60_000)).toBeCloseTo(900, -1);
    expect(machine.counters.detours).toBe(0);
  });

  it('takes a new link to be like the others', () => {
    const { machine, receive } = alone(B, [A, E]);
    receive(A, copy(envelopeOf(A, E, 1)), 0);
    receive(E, { type: 'receipt', messageIds: [envelopeOf(A, E, 1).id] }, 100);
    machine.handle({ type: 'timer', timer: { type: 'custody' } }, 500, []);
    machine.handle({ type: 'peerUp', peer: D }, 600, []);
    const timer = { type: 'timer', at: 1_300, timer: { type: 'custody' } };
    expect(receive(A, copy(envelopeOf(A, D, 2)), 1_000)).toContainEqual(timer);
  });

  it('learns from a receipt that it did not wait for', () => {
    const { machine, receive } = alone(B, [A, E]);
    receive(A, copy(envelopeOf(A, E, 1)), 0);
    machine.handle({ type: 'timer', timer: { type: 'custody' } }, 500, []);
    expect(machine.counters.detours).toBe(1);
    receive(E, { type: 'receipt', messageIds: [envelopeOf(A, E, 1).id] }, 700);
    expect(receive(A, copy(envelopeOf(A, E, 2)), 1_000)).toContainEqual({
      type: 'timer',
      at: 2_200,
      timer: { type: 'custody' },
    });
  });

  it('is bounded in copies and bytes; what exceeds them is sent on all the same', () => {
    const custody = { ...DEFAULTS.custody, maxCopies: 3 };
    const { machine, receive } = alone(B, [A, E], { custody });
    for (let seq = 1; seq <= 10; seq++) receive(A, copy(envelopeOf(A, E, seq)), seq);
    expect(machine.counters.relayed).toBe(10);
    expect(machine.mapSizes['routingCustody']).toEqual({ size: 3, cap: 3 });
    const { bytes } = envelopeOf(A, E, 1);
    const small = alone(B, [A, E], { custody: { ...DEFAULTS.custody, maxBytes: 2 * bytes.length } });
    for (let seq = 1; seq <= 10; seq++) small.receive(A, copy(envelopeOf(A, E, seq)), seq);
    expect(small.machine.mapSizes['routingCustody']?.size).toBe(2);
  });

  it('a copy that a detour brings to the way of the first is dropped; the next attempt of its author is not', () => {
    const { machine, receive } = alone(C, [A, B, E]);
    const envelope = envelopeOf(A, E);
    expect(datas(receive(A, copy(envelope), 0))).toHaveLength(1);
    expect(datas(receive(B, copy(envelope, [A, B]), 1))).toEqual([]);
    expect(machine.counters.duplicates).toBe(1);
    expect(datas(receive(B, { ...copy(envelope, [A, B]), attempt: 1 }, 2))).toHaveLength(1);
    // One that has been here, and was led back since its goal was wrong, goes on.
    expect(datas(receive(B, { ...copy(envelope, [A, C, B]), mode: 1 }, 3))).toHaveLength(1);
  });

  it('of signals there is none', () => {
    const { receive } = alone(B, [A, E]);
    const out = receive(A, copy(envelopeOf(A, E, 1, NETWORK, 'signal')), 0);
    expect(out).toMatchObject([{ type: 'send', to: E }]);
  });
});

describe('receipts', () => {
  it('the first goes at once, those that follow within 20 ms together', () => {
    const { machine, receive } = alone(B, [A, E]);
    const ids = [1, 2, 3, 4].map((seq) => envelopeOf(A, E, seq).id);
    const receiptsAt = (seq: number, now: number) => receipts(receive(A, copy(envelopeOf(A, E, seq)), now));
    expect(receiptsAt(1, 0)).toEqual([ids.slice(0, 1)]);
    expect(receiptsAt(2, 5)).toEqual([]);
    expect(receiptsAt(3, 9)).toEqual([]);
    const out: Output[] = [];
    machine.handle({ type: 'timer', timer: { type: 'receipts' } }, 20, out);
    expect(receipts(out)).toEqual([ids.slice(1, 3)]);
    expect(receiptsAt(4, 50)).toEqual([ids.slice(3)]);
  });

  it('go with the next message where timers are late, and are 64 at most', () => {
    const { receive } = alone(B, [A, E]);
    const sizes: number[] = [];
    for (let seq = 0; seq < 200; seq++) {
      sizes.push(...receipts(receive(A, copy(envelopeOf(A, E, seq)), 5)).map((each) => each.length));
    }
    sizes.push(...receipts(receive(A, copy(envelopeOf(A, E, 200)), 30)).map((each) => each.length));
    expect(sizes).toEqual([1, 64, 64, 64, 8]);
  });

  it('an answer over the same link is one', () => {
    const { machine, receive } = alone(B, [A, E]);
    receive(A, copy(envelopeOf(A, E)), 0);
    expect(machine.mapSizes['routingCustody']?.size).toBe(1);
    const { id: messageId } = envelopeOf(A, E);
    receive(E, { type: 'ack', messageId, from: E, to: A, route: [], ttl: 9, hops: 2 }, 80);
    expect(machine.mapSizes['routingCustody']?.size).toBe(0);
    const target = alone(E, [B]);
    expect(receipts(target.receive(B, copy(envelopeOf(A, E), [A, B]), 0))).toEqual([]);
  });
});

describe('exactly once', () => {
  it('S14: under crashes, duplicates and reordering each message is shown once at most, and has one outcome', () => {
    const meshes = fc.record({
      count: fc.integer({ min: 3, max: 30 }),
      chords: fc.integer({ min: 0, max: 3 }),
      dead: fc.integer({ min: 0, max: 8 }),
      losses: fc.integer({ min: 0, max: 30 }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(meshes, ({ count, chords, dead, losses, seed }) => {
        const network = new Network(seed);
        const rng = new SeededRng(seed);
        const ids = ringWithChords(network, count, chords, seed);
        network.shareViews();
        const silent = Array.from({ length: dead }, () => pick(rng, ids) as PeerId);
        let n = 0;
        network.lose = (from, to, message) => {
          if (silent.includes(from) || silent.includes(to)) return true;
          // Each frame may come again, later.
          if (n % 7 === 0) network.deliverLater(from, to, message, (n * 37) % 900);
          return ++n % 100 < losses;
        };
        const pairs: [PeerId, PeerId, string][] = [];
        for (let sent = 0; sent < 10; sent++) {
          const [from, to] = [pick(rng, ids) as PeerId, pick(rng, ids) as PeerId];
          if (from !== to) pairs.push([from, to, network.route(from, to).id]);
        }
        network.run();
        const events = new Map(ids.map((peer) => [peer, network.take(peer)]));
        for (const [from, to, messageId] of pairs) {
          const shown = arrivals(events.get(to) ?? []).filter(({ envelope }) => envelope.id === messageId);
          expect(shown.length).toBeLessThanOrEqual(1);
          const told = (events.get(from) ?? []).filter(
            (event) => 'messageId' in event && event.messageId === messageId,
          );
          const [first, ...rest] = told;
          expect(first).toBeDefined();
          for (const late of rest) expect(late).toMatchObject({ type: 'delivered', late: true });
          expect(rest.length).toBeLessThanOrEqual(first?.type === 'failed' ? 1 : 0);
          if (told.some(({ type }) => type === 'delivered')) expect(shown).toHaveLength(1);
          if (first?.type === 'failed' && first.reason === 'unreachable') expect(shown).toHaveLength(0);
        }
        for (const machine of network.machines.values()) {
          expect(machine.mapSizes['routingCustody']?.size).toBe(0);
          expect(machine.pendingSize).toBe(0);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('S14: a third of a mesh dies at once: what is sent at that instant to survivors that are reached arrives in seconds', () => {
    const network = new Network(4);
    const ids = ringWithChords(network, 120, 6, 4);
    network.shareViews();
    const rng = new SeededRng(8);
    const dead = new Set(ids.filter(() => below(rng, 3) === 0));
    silence(network, ...dead);
    const alive = ids.filter((peer) => !dead.has(peer));
    const messageIds = new Set<string>();
    for (let n = 0; n < 100; n++) {
      const [from, to] = [pick(rng, alive) as PeerId, pick(rng, alive) as PeerId];
      if (from !== to) messageIds.add(network.route(from, to).id);
    }
    network.run(6_000);
    const shown = alive.flatMap((peer) => arrivals(network.take(peer))).map(({ envelope }) => envelope.id);
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown.length / messageIds.size).toBeGreaterThan(0.9);
  });
});

function alone(self: PeerId, peers: readonly PeerId[], options: object = {}) {
  const machine = new Routing({ peerId: self, network: NETWORK, rng: anyRng, ...options });
  for (const peer of peers) machine.handle({ type: 'peerUp', peer }, 0, []);
  const receive = (from: PeerId, message: Message, now: number): Output[] => {
    const out: Output[] = [];
    machine.handle({ type: 'received', from, message }, now, out);
    return out;
  };
  return { machine, receive };
}

function copy(envelope: Data['envelope'], path: readonly PeerId[] = [envelope.from]): Data {
  const heading = { route: [], goal: null, mode: 0 } as const;
  return { type: 'data', envelope, ttl: 99, hops: path.length, path, ...heading, attempt: 0 };
}

const datas = (out: readonly Output[]): Data[] =>
  out.flatMap((output) => (output.type === 'send' && output.message.type === 'data' ? [output.message] : []));
const receipts = (out: readonly Output[]): (readonly string[])[] =>
  out.flatMap((output) =>
    output.type === 'send' && output.message.type === 'receipt' ? [output.message.messageIds] : [],
  );
