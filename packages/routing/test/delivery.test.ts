import { below, pick, SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Data, Event } from '../src/index.js';
import { envelopeOf, id, Network, NETWORK, randomIds, ringDistance, ringWithChords } from './network.js';

const outcomes = (events: readonly Event[]): Event[] => events.filter((event) => event.type !== 'message');
const arrivals = (events: readonly Event[]) => events.flatMap((event) => (event.type === 'message' ? [event] : []));
const dataSent = (network: Network): Data[] =>
  network.sent.flatMap(({ message }) => (message.type === 'data' ? [message] : []));
const nacks = (network: Network): number =>
  [...network.machines.values()].reduce((sum, machine) => sum + machine.counters.nacked, 0);

/** Routes between `most` random pairs; tells how many were two peers. */
function routePairs(network: Network, ids: readonly PeerId[], rng: SeededRng, most: number): number {
  let routed = 0;
  for (let n = 0; n < most; n++) {
    const from = ids.at(below(rng, ids.length)) as PeerId;
    const to = ids.at(below(rng, ids.length)) as PeerId;
    if (from === to) continue;
    network.route(from, to);
    routed++;
  }
  return routed;
}

function expectAllDelivered(network: Network, routed: number): void {
  const events = [...network.events.values()].flat();
  expect(arrivals(events)).toHaveLength(routed);
  expect(outcomes(events).map((event) => event.type)).toEqual(Array.from({ length: routed }, () => 'delivered'));
  expect(network.violations).toEqual([]);
}

describe('a signal that has another path besides', () => {
  it.each([
    [4, 'delivered', 4],
    [3, 'failed', 3],
  ])('with mostHops %i of 4 is %s: one copy, over %i links', (mostHops, outcome, crossed) => {
    const network = new Network();
    for (let n = 1; n <= 5; n++) network.add(id(n));
    for (let n = 1; n < 5; n++) network.link(id(n), id(n + 1));
    network.feed(id(1), { type: 'route', envelope: envelopeOf(id(1), id(5), 1, NETWORK, 'signal'), mostHops });
    network.run();
    expect(dataSent(network).map(({ hops }) => hops)).toEqual(Array.from({ length: crossed }, (_, n) => n + 1));
    expect(outcomes(network.take(id(1))).map(({ type }) => type)).toEqual([outcome]);
  });

  it('that comes back has failed at once', () => {
    const network = new Network();
    for (let n = 1; n <= 3; n++) network.add(id(n));
    network.link(id(1), id(2));
    network.feed(id(1), { type: 'route', envelope: envelopeOf(id(1), id(3), 1, NETWORK, 'signal'), mostHops: 9 });
    network.run(1_000);
    expect(network.take(id(1))).toMatchObject([{ type: 'failed', reason: 'unreachable' }]);
    expect(dataSent(network)).toHaveLength(1);
  });
});

describe('one direct message', () => {
  it('S14, S15, S16, S18, S19: crosses several links, is shown at its receiver alone, and is reported delivered', () => {
    const network = new Network();
    for (let n = 1; n <= 5; n++) network.add(id(n));
    for (let n = 1; n < 5; n++) network.link(id(n), id(n + 1));
    const envelope = network.route(id(1), id(5));
    network.run();
    const path = [id(1), id(2), id(3), id(4)];
    expect(network.take(id(5))).toEqual([{ type: 'message', envelope, hops: 4, ttl: 1019, path }]);
    expect(network.take(id(1))).toEqual([
      {
        type: 'delivered',
        messageId: envelope.id,
        to: id(5),
        hops: 4,
        roundTripMs: expect.any(Number) as number,
        late: false,
      },
    ]);
    for (const relay of path.slice(1)) expect(network.take(relay)).toEqual([]);
  });

  it('the round trip counts from the command to the acknowledgement', () => {
    const network = new Network();
    network.add(id(1), id(2));
    network.link(id(1), id(2));
    network.run(5_000);
    network.route(id(1), id(2));
    network.run(5_200);
    const [event] = network.take(id(1));
    expect(event).toMatchObject({ type: 'delivered', hops: 1 });
    if (event?.type === 'delivered') {
      expect(event.roundTripMs).toBeGreaterThanOrEqual(20);
      expect(event.roundTripMs).toBeLessThanOrEqual(200);
    }
  });

  it('a neighbour of a neighbour is found through the 2-hop table although it leads away', () => {
    // On the ring 50 is nearer to 100 than 10 is; only 10 is linked with 100.
    const network = new Network();
    network.add(id(40), id(50), id(10), id(100));
    network.link(id(40), id(50));
    network.link(id(40), id(10));
    network.link(id(10), id(100));
    network.shareViews();
    network.route(id(40), id(100));
    network.run();
    expect(arrivals(network.take(id(100)))).toMatchObject([{ hops: 2, path: [id(40), id(10)] }]);
    expect(nacks(network)).toBe(0);
  });

  it('of two ways to one peer the shorter wins', () => {
    const network = new Network();
    network.add(id(1), id(2), id(3));
    network.link(id(1), id(2));
    network.link(id(2), id(3));
    network.link(id(1), id(3));
    network.shareViews();
    network.route(id(1), id(3));
    network.run();
    expect(arrivals(network.take(id(3)))).toMatchObject([{ hops: 1 }]);
  });
});

describe('with a right ring', () => {
  const meshes = fc.record({
    count: fc.integer({ min: 2, max: 50 }),
    chords: fc.integer({ min: 0, max: 3 }),
    seed: fc.integer(),
  });

  it('every message arrives with its first copy, whatever else is linked', () => {
    fc.assert(
      fc.property(meshes, ({ count, chords, seed }) => {
        const network = new Network(seed);
        const ids = ringWithChords(network, count, chords, seed);
        network.shareViews();
        const routed = routePairs(network, ids, new SeededRng(seed), 20);
        network.run();
        expectAllDelivered(network, routed);
        expect(nacks(network)).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('also with a 2-hop table that is wrong', () => {
    fc.assert(
      fc.property(meshes, ({ count, chords, seed }) => {
        const network = new Network(seed);
        const rng = new SeededRng(seed);
        const ids = ringWithChords(network, count, chords, seed);
        // Neighbours that never were, some of them no peers at all.
        const invented = [...ids, ...randomIds(20, rng)];
        for (const peer of ids) {
          for (const other of ids) {
            if (!network.linked(peer, other)) continue;
            const neighbours = Array.from({ length: 8 }, () => pick(rng, invented) as PeerId);
            network.feed(peer, { type: 'view', peer: other, neighbours });
          }
        }
        const routed = routePairs(network, ids, rng, 20);
        network.run();
        expectAllDelivered(network, routed);
        expect(nacks(network)).toBe(0);
        for (const data of dataSent(network)) expect(data.hops).toBeLessThanOrEqual(2 * count);
      }),
      { numRuns: 150 },
    );
  });

  it('over links alone each hop is strictly nearer', () => {
    const network = new Network(3);
    const ids = ringWithChords(network, 60, 1, 3);
    const routed = routePairs(network, ids, new SeededRng(5), 200);
    network.run();
    expectAllDelivered(network, routed);
    for (const event of [...network.events.values()].flat().filter((each) => each.type === 'message')) {
      const to = event.envelope.to as PeerId;
      const distances = [...event.path, to].map((peer) => ringDistance(peer, to));
      for (let n = 1; n < distances.length; n++) {
        expect((distances.at(n) as bigint) < (distances.at(n - 1) as bigint)).toBe(true);
      }
    }
  });

  it.each([
    { links: 3, chords: 1, meanHops: 32, p99Hops: 80 },
    { links: 8, chords: 6, meanHops: 8, p99Hops: 20 },
  ])('S14: at 1,000 peers with $links links each all of 1,000 messages arrive', ({ chords, meanHops, p99Hops }) => {
    const network = new Network(1);
    const ids = ringWithChords(network, 1_000, chords, 7);
    network.shareViews();
    const routed = routePairs(network, ids, new SeededRng(3), 1_000);
    network.run();
    expectAllDelivered(network, routed);
    const hops = arrivals([...network.events.values()].flat()).map((event) => event.hops);
    hops.sort((a, b) => a - b);
    expect(hops.reduce((sum, each) => sum + each, 0) / hops.length).toBeLessThan(meanHops);
    expect(hops.at(Math.floor(hops.length * 0.99))).toBeLessThan(p99Hops);
  });
});

describe('with a broken ring', () => {
  it('S14: broken in one place, it still brings every message to its target with the first copy', () => {
    fc.assert(
      fc.property(
        fc.record({
          count: fc.integer({ min: 3, max: 40 }),
          chords: fc.integer({ min: 0, max: 3 }),
          seed: fc.integer(),
        }),
        ({ count, chords, seed }) => {
          const network = new Network(seed);
          const ids = ringWithChords(network, count, chords, seed);
          const at = below(new SeededRng(seed), count);
          network.unlink(ids.at(at) as PeerId, ids.at((at + 1) % count) as PeerId);
          network.shareViews();
          const routed = routePairs(network, ids, new SeededRng(seed), 20);
          network.run();
          expectAllDelivered(network, routed);
          expect(nacks(network)).toBe(0);
          for (const data of dataSent(network)) expect(data.hops).toBeLessThanOrEqual(2 * count);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('every message ends in exactly one outcome, and no copy goes on for long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.tuple(fc.nat(39), fc.nat(39)), { maxLength: 60 }),
        fc.boolean(),
        fc.integer(),
        (count, links, views, seed) => {
          const network = new Network(seed);
          const rng = new SeededRng(seed);
          const ids = randomIds(count, rng);
          network.add(...ids);
          for (const [a, b] of links) network.link(ids.at(a % count) as PeerId, ids.at(b % count) as PeerId);
          if (views) network.shareViews();
          const routed = routePairs(network, ids, rng, 10);
          network.run();
          const events = [...network.events.values()].flat();
          expect(outcomes(events)).toHaveLength(routed);
          const messageIds = outcomes(events).map((event) => ('messageId' in event ? event.messageId : ''));
          expect(new Set(messageIds).size).toBe(routed);
          // Nothing is reported as not arrived that was.
          const arrived = new Set(arrivals(events).map((event) => event.envelope.id));
          for (const event of events) {
            if (event.type === 'failed' && event.reason === 'unreachable') {
              expect(arrived.has(event.messageId)).toBe(false);
            }
            if (event.type === 'delivered') expect(arrived.has(event.messageId)).toBe(true);
          }
          for (const data of dataSent(network)) expect(data.hops).toBeLessThanOrEqual(3 * count);
          expect(network.violations).toEqual([]);
          for (const machine of network.machines.values()) expect(machine.pendingSize).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('S14: a peer that is not there is reported unreachable when the time is up', () => {
    const network = new Network(1);
    const ids = ringWithChords(network, 30, 1, 1);
    network.shareViews();
    const envelope = network.route(ids.at(0) as PeerId, 'ab'.repeat(20));
    network.run();
    expect(network.now).toBeGreaterThanOrEqual(10_000);
    expect(network.take(ids.at(0) as PeerId)).toEqual([
      { type: 'failed', messageId: envelope.id, to: 'ab'.repeat(20), reason: 'unreachable' },
    ]);
  });
});
