import { below, SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../src/index.js';
import type { Data, Event, Options } from '../src/index.js';
import { id, Network, randomIds, ringDistance, ringWithChords } from './network.js';

const dataSent = (network: Network): { from: PeerId; to: PeerId; message: Data }[] =>
  network.sent.flatMap(({ from, to, message }) => (message.type === 'data' ? [{ from, to, message }] : []));
const eventsOf = (network: Network): Event[] => [...network.events.values()].flat();
const shown = (network: Network) => eventsOf(network).flatMap((event) => (event.type === 'message' ? [event] : []));

/** The shortest way between two peers of the network over others, both excluded. */
function between(network: Network, ids: readonly PeerId[], a: PeerId, b: PeerId): PeerId[] | undefined {
  const cameFrom = new Map<PeerId, PeerId>([[a, a]]);
  for (const peer of cameFrom.keys()) {
    for (const next of ids) if (network.linked(peer, next) && !cameFrom.has(next)) cameFrom.set(next, peer);
  }
  if (!cameFrom.has(b)) return undefined;
  const way: PeerId[] = [];
  for (let peer = cameFrom.get(b) as PeerId; peer !== a; peer = cameFrom.get(peer) as PeerId) way.unshift(peer);
  return way;
}

/** 1 and 3 have no link, only a common neighbour far away on the ring, whose other neighbours nobody was told. */
function bridged(): Network {
  const network = new Network();
  network.add(id(1), id(3), id(4), id(0x9000));
  network.link(id(1), id(0x9000));
  network.link(id(0x9000), id(3));
  network.link(id(3), id(4));
  network.tunnel(id(1), [id(0x9000)], id(3));
  return network;
}

describe('a tunnel', () => {
  it('counts as a link in the choice of hops; path and hops name every link crossed', () => {
    const network = bridged();
    network.route(id(1), id(4));
    network.run();
    expect(shown(network)).toMatchObject([{ hops: 3, path: [id(1), id(0x9000), id(3)] }]);
    expect(network.violations).toEqual([]);
    expect(network.sent.map(({ message }) => message.type).sort()).toEqual([
      'ack',
      'ack',
      'ack',
      'data',
      'data',
      'data',
      'receipt',
      'receipt',
    ]);
  });

  it('leads to its end, whose id is the target or the key', () => {
    const network = bridged();
    network.route(id(3), id(1));
    network.feed(id(3), { type: 'parcel', address: { type: 'key', key: id(1) }, body: 1 });
    network.run();
    expect(
      network
        .take(id(1))
        .map((event) => event.type)
        .sort(),
    ).toEqual(['message', 'parcel']);
  });

  it('is gone without a route, with its first link, and when all is left', () => {
    const end: ((network: Network) => void)[] = [
      (network) => network.feed(id(1), { type: 'tunnel', peer: id(3), route: undefined }),
      (network) => network.feed(id(1), { type: 'leave' }),
      (network) => {
        network.unlink(id(1), id(0x9000));
        network.link(id(1), id(0x9000));
      },
    ];
    for (const each of end) {
      const network = bridged();
      each(network);
      network.feed(id(0x9000), { type: 'tunnel', peer: id(9), route: [id(3)] });
      network.feed(id(1), { type: 'parcel', address: { type: 'key', key: id(3) }, body: 1 });
      expect(
        network.sent.filter(({ message }) => 'goal' in message && (message.route.length > 0 || message.goal !== null)),
      ).toEqual([]);
    }
  });

  it('begins with a link, is no loop, and no longer than 40; the oldest makes room', () => {
    const network = new Network(1, { maxTunnels: 2 });
    network.add(id(1), id(2));
    network.link(id(1), id(2));
    const far = (n: number) => id(0x1000 + n);
    const set = (n: number, route: readonly PeerId[]) => network.feed(id(1), { type: 'tunnel', peer: far(n), route });
    set(1, [id(2)]);
    set(2, [id(9), id(2)]);
    set(3, [id(2), ...Array.from({ length: 40 }, (_, n) => id(200 + n))]);
    set(4, []);
    network.feed(id(1), { type: 'tunnel', peer: id(1), route: [id(2)] });
    const routeTo = (n: number): readonly PeerId[] => {
      network.sent.length = 0;
      network.feed(id(1), { type: 'parcel', address: { type: 'peer', peer: far(n + 0x80_0000) }, body: 1 });
      const [sent] = network.sent;
      return sent?.message.type === 'parcel' ? [...sent.message.route] : [];
    };
    // The nearest that is known to be reached: 1.
    expect(routeTo(3)).toEqual([far(1)]);
    set(5, [id(2), id(7), id(1), id(2), id(8), id(8), far(5), id(6)]);
    expect(routeTo(3)).toEqual([id(8), far(5)]);
    set(6, [id(2), ...Array.from({ length: 39 }, (_, n) => id(200 + n))]);
    expect(routeTo(3)).toHaveLength(40);
    network.feed(id(1), { type: 'tunnel', peer: far(6), route: undefined });
    network.feed(id(1), { type: 'tunnel', peer: far(5), route: undefined });
    expect(routeTo(3)).toEqual([]);
  });
});

describe('greedy with tunnels', () => {
  it('S14: a ring of 200 with 15 % of its links replaced by tunnels reaches every pair with the first copy', () => {
    const network = new Network(5);
    const rng = new SeededRng(5);
    const ids = randomIds(200, rng);
    network.add(...ids);
    const gaps: [PeerId, PeerId][] = [];
    ids.forEach((peer, n) => {
      const next = ids.at((n + 1) % 200) as PeerId;
      if (below(rng, 100) < 15) gaps.push([peer, next]);
      else network.link(peer, next);
    });
    for (let chord = 0; chord < 2; chord++) {
      for (const peer of ids) {
        const other = ids.at(below(rng, 200)) as PeerId;
        if (!gaps.some(([a, b]) => (a === peer && b === other) || (b === peer && a === other)))
          network.link(peer, other);
      }
    }
    network.shareViews();
    for (const [a, b] of gaps) network.tunnel(a, between(network, ids, a, b) as PeerId[], b);
    expect(gaps.length).toBeGreaterThan(20);
    for (const from of ids) {
      for (const peer of ids) {
        if (from !== peer) network.feed(from, { type: 'parcel', address: { type: 'peer', peer }, body: null });
      }
      network.route(from, ids.at((ids.indexOf(from) + 1 + below(rng, 199)) % 200) as PeerId);
      network.run();
    }
    const all = eventsOf(network);
    const count = (type: Event['type']) => all.filter((event) => event.type === type).length;
    expect(count('parcel')).toBe(200 * 199);
    expect([count('message'), count('delivered')]).toEqual([200, 200]);
    expect(network.violations).toEqual([]);
    for (const machine of network.machines.values()) expect(machine.counters.nacked).toBe(0);
  }, 60_000);

  const meshes = fc.record({
    count: fc.integer({ min: 4, max: 30 }),
    chords: fc.integer({ min: 0, max: 2 }),
    cuts: fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 12 }),
    views: fc.boolean(),
    seed: fc.integer(),
  });

  /** A ring with tunnels of which some have broken since: their routes were right before the cuts. */
  function worn(
    { count, chords, cuts, views, seed }: typeof meshes extends fc.Arbitrary<infer T> ? T : never,
    options: Partial<Options> = {},
  ) {
    const network = new Network(seed, options);
    const rng = new SeededRng(seed);
    const ids = ringWithChords(network, count, chords, seed);
    const peer = (n: number) => ids.at(n % count) as PeerId;
    const tunnels: [PeerId, PeerId[], PeerId][] = [];
    for (let n = 0; n < count; n++) {
      const [a, b] = [peer(below(rng, count)), peer(below(rng, count))];
      const way = between(network, ids, a, b);
      if (a !== b && way !== undefined && way.length > 0) tunnels.push([a, way, b]);
    }
    if (views) network.shareViews();
    for (const [a, b] of cuts) network.unlink(peer(a), peer(b));
    for (const [a, way, b] of tunnels) network.tunnel(a, way, b);
    return { network, ids, rng };
  }

  it('no copy circles, and each message ends in exactly one outcome, with tunnels and views that are wrong', () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        const { network, ids, rng } = worn(mesh);
        for (let n = 0; n < 6; n++) {
          const [from, to] = [ids.at(below(rng, mesh.count)) as PeerId, ids.at(below(rng, mesh.count)) as PeerId];
          if (from === to) continue;
          const route =
            n % 2 === 0
              ? undefined
              : Array.from({ length: below(rng, 6) }, () => ids.at(below(rng, mesh.count)) as PeerId);
          const envelope = network.route(from, to, route);
          network.run();
          const outcomes = network.take(from).filter((event) => event.type === 'delivered' || event.type === 'failed');
          expect(outcomes).toMatchObject([{ messageId: envelope.id }]);
          const arrived = network.take(to).filter((event) => event.type === 'message');
          expect(arrived.length).toBeLessThanOrEqual(1);
          if (outcomes[0]?.type === 'delivered') expect(arrived).toHaveLength(1);
        }
        expect(network.violations).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('with every choice the mode rises or the distance falls', () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        const custody = { ...DEFAULTS.custody, initialMs: 9_000, minMs: 9_000, maxMs: 9_000 };
        const { network, ids, rng } = worn(mesh, { custody });
        for (let n = 0; n < 6; n++) {
          const [from, to] = [ids.at(below(rng, mesh.count)) as PeerId, ids.at(below(rng, mesh.count)) as PeerId];
          if (from === to) continue;
          network.sent.length = 0;
          // Answers are lost, and receipts waited for long, so that one copy is under way.
          network.lose = (_, __, message) => message.type !== 'data';
          const { id: messageId } = network.route(from, to);
          network.run(network.now + 2_400);
          expectProgress(
            dataSent(network).filter(({ message }) => message.envelope.id === messageId),
            to,
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  /** By ring distance, or going round: down to the target, or up to it. */
  function distanceBy(mode: number, peer: PeerId, target: PeerId): bigint {
    if (mode <= 2) return ringDistance(peer, target);
    const [from, to] = mode % 2 === 1 ? [target, peer] : [peer, target];
    return BigInt.asUintN(160, BigInt('0x' + to) - BigInt('0x' + from));
  }

  /** Follows a copy along its hops. */
  function expectProgress(sent: readonly { from: PeerId; to: PeerId; message: Data }[], target: PeerId): void {
    // What was promised with the last choice: the first may lead away.
    let promised: { mode: number; distance: bigint } | undefined;
    for (const { from, to, message } of sent) {
      const { mode, goal, hops } = message;
      const distanceOf = (peer: PeerId): bigint => distanceBy(mode, peer, target);
      const distance = distanceOf(goal ?? to);
      if (hops === 1) {
        promised = { mode, distance };
        continue;
      }
      const last = promised as NonNullable<typeof promised>;
      expect(mode).toBeGreaterThanOrEqual(last.mode);
      if (mode === last.mode) {
        // On the way to a goal, or to the end of a tunnel, the promise stays what it was.
        expect(distance <= last.distance).toBe(true);
        if (distanceOf(from) === last.distance) expect(distance < last.distance).toBe(true);
      }
      promised = { mode, distance };
    }
  }
});
