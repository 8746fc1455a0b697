import { AssertionError, below, encode, MAX_HOPS, SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address, Event, Parcel } from '../src/index.js';
import { Routing } from '../src/index.js';
import { anyRng, id, Network, NETWORK, randomIds, ringDistance, ringWithChords } from './network.js';

const parcels = (events: readonly Event[]) => events.flatMap((event) => (event.type === 'parcel' ? [event] : []));
const bounces = (events: readonly Event[]) => events.flatMap((event) => (event.type === 'bounced' ? [event] : []));
const events = (network: Network): Event[] => [...network.events.values()].flat();
const copies = (network: Network): Parcel[] =>
  network.sent.flatMap(({ message }) => (message.type === 'parcel' ? [message] : []));

/** Links of a line of peers 1, 2, 3, …; so the way is known, whatever the ids. */
function line(count: number): Network {
  const network = new Network();
  for (let n = 1; n <= count; n++) network.add(id(n));
  for (let n = 1; n < count; n++) network.link(id(n), id(n + 1));
  return network;
}

const send = (network: Network, from: PeerId, address: Address): void =>
  network.feed(from, { type: 'parcel', address, body: ['hello', 7] });

describe('a parcel to a peer', () => {
  it('arrives greedily, once, with the path it took', () => {
    const network = line(4);
    send(network, id(1), { type: 'peer', peer: id(4) });
    network.run();
    const path = [id(1), id(2), id(3)];
    expect(network.take(id(4))).toEqual([{ type: 'parcel', from: id(1), body: ['hello', 7], path, ttl: MAX_HOPS - 2 }]);
    expect(network.sent).toHaveLength(3);
    expect(network.violations).toEqual([]);
  });

  it('takes a given route where greedy routing knows no way', () => {
    // 1 is linked with 9 alone, and 9 with 5: away from 2, where no 2-hop table leads.
    const network = new Network();
    network.add(id(1), id(9), id(5), id(2));
    network.link(id(1), id(9));
    network.link(id(9), id(5));
    network.link(id(5), id(2));
    send(network, id(1), { type: 'peer', peer: id(2), route: [id(9), id(5)] });
    network.run();
    expect(parcels(network.take(id(2)))).toMatchObject([{ path: [id(1), id(9), id(5)] }]);
  });

  it('takes a given route even to a neighbour: so a detour is tried, there and back', () => {
    const network = line(3);
    network.link(id(1), id(3));
    send(network, id(1), { type: 'peer', peer: id(3), route: [id(2)] });
    network.run();
    expect(parcels(network.take(id(3)))).toMatchObject([{ path: [id(1), id(2)] }]);
    network.feed(id(1), { type: 'suspect', peer: id(2) });
    send(network, id(1), { type: 'peer', peer: id(3), route: [id(2)] });
    network.run();
    expect(parcels(network.take(id(3)))).toMatchObject([{ path: [id(1)] }]);
  });

  it('S176: is dropped unsent when it is over 20 KiB', () => {
    const network = line(2);
    for (const bytes of [20_481, 20_480]) {
      const body = new Uint8Array(bytes);
      network.feed(id(1), { type: 'parcel', address: { type: 'peer', peer: id(2) }, body });
    }
    network.run();
    expect(parcels(network.take(id(2)))).toHaveLength(1);
    expect(network.machines.get(id(1))?.counters).toMatchObject({ refused: 1 });
    expect(network.violations).toEqual([]);
  });

  it('bounces where it can go no further, back over its path', () => {
    const network = line(4);
    send(network, id(1), { type: 'peer', peer: id(9) });
    network.run();
    expect(network.take(id(1))).toEqual([{ type: 'bounced', to: id(9) }]);
    expect(network.sent.filter(({ message }) => message.type === 'bounce')).toHaveLength(3);
  });

  it('bounces at once without a link, and when it is to oneself', () => {
    const network = line(2);
    network.add(id(7));
    send(network, id(7), { type: 'peer', peer: id(1) });
    send(network, id(1), { type: 'peer', peer: id(1) });
    expect(network.take(id(7))).toEqual([{ type: 'bounced', to: id(1) }]);
    expect(network.take(id(1))).toEqual([{ type: 'bounced', to: id(1) }]);
    expect(network.sent).toEqual([]);
  });

  it('bounces at the hop limit', () => {
    const network = new Network(1, { maxHops: 2 });
    network.add(id(1), id(2), id(3), id(4));
    for (let n = 1; n < 4; n++) network.link(id(n), id(n + 1));
    send(network, id(1), { type: 'peer', peer: id(4) });
    network.run();
    expect(events(network)).toEqual([{ type: 'bounced', to: id(4) }]);
  });

  it('arrives once or bounces once, in any graph, with any route', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }),
        fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 50 }),
        fc.array(fc.array(fc.nat(29), { maxLength: 50 }), { minLength: 1, maxLength: 10 }),
        fc.integer(),
        (count, links, routes, seed) => {
          const network = new Network(seed);
          const rng = new SeededRng(seed);
          const ids = randomIds(count, rng);
          const peer = (n: number) => ids.at(n % count) as PeerId;
          network.add(...ids);
          for (const [a, b] of links) network.link(peer(a), peer(b));
          if (seed % 2 === 0) network.shareViews();
          for (const route of routes) {
            network.sent.length = 0;
            const [from, to] = [peer(below(rng, count)), peer(below(rng, count))];
            send(network, from, { type: 'peer', peer: to, route: route.map(peer) });
            network.run();
            const happened = [...parcels(events(network)), ...bounces(events(network))];
            expect(happened).toHaveLength(1);
            expect(copies(network).length).toBeLessThanOrEqual(41 + 6 * count);
            for (const each of ids) network.take(each);
          }
          expect(network.violations).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a parcel to a key', () => {
  const meshes = fc.record({
    count: fc.integer({ min: 3, max: 60 }),
    chords: fc.integer({ min: 0, max: 3 }),
    seed: fc.integer(),
  });

  it('with a right ring ends at the peer nearest to the key, the sender left out', () => {
    fc.assert(
      fc.property(meshes, ({ count, chords, seed }) => {
        const network = new Network(seed);
        const ids = ringWithChords(network, count, chords, seed);
        if (seed % 2 === 0) network.shareViews();
        const rng = new SeededRng(seed);
        for (let n = 0; n < 10; n++) {
          const from = ids.at(below(rng, count)) as PeerId;
          // Every second time a peer's own id.
          const [drawn] = n % 2 === 0 ? randomIds(1, rng) : [ids.at(below(rng, count))];
          const key = drawn as PeerId;
          send(network, from, { type: 'key', key });
          network.run();
          const arrived = ids.filter((peer) => parcels(network.take(peer)).length > 0);
          expect(arrived).toHaveLength(1);
          const distance = (peer: PeerId) => ringDistance(peer, key);
          const [end] = arrived as [PeerId];
          if (ids.includes(key) && key !== from) expect(end).toBe(key);
          // Its ring neighbour, where that is the sender, may be a local minimum.
          const place = ids.indexOf(end);
          for (const beside of [ids.at(place - 1), ids.at((place + 1) % count)] as PeerId[]) {
            if (beside !== from) expect(distance(end) <= distance(beside)).toBe(true);
          }
        }
        expect(network.violations).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('a probe for the next id over a long link finds another ring', () => {
    // Two rings of four, joined by one link.
    const network = new Network();
    const [one, two] = [
      [1, 20, 40, 60],
      [2, 21, 41, 61],
    ] as const;
    for (const ring of [one, two]) {
      network.add(...ring.map(id));
      ring.forEach((n, at) => network.link(id(n), id(ring.at(at - 1) as number)));
    }
    network.link(id(1), id(41));
    send(network, id(1), { type: 'key', key: id(2), over: id(41) });
    send(network, id(1), { type: 'key', key: id(1), over: id(41) });
    network.run();
    expect(parcels(network.take(id(2)))).toMatchObject([{ from: id(1) }, { from: id(1) }]);
  });

  it('goes over the forced first hop or not at all, and past suspects', () => {
    const network = line(3);
    send(network, id(2), { type: 'key', key: id(9), over: id(1) });
    send(network, id(2), { type: 'key', key: id(9), over: id(7) });
    network.run();
    expect(parcels(network.take(id(1)))).toHaveLength(1);
    expect(copies(network)).toHaveLength(1);
    network.feed(id(2), { type: 'suspect', peer: id(3) });
    send(network, id(1), { type: 'key', key: id(9) });
    network.run();
    expect(parcels(network.take(id(2)))).toHaveLength(1);
  });

  it('follows a tunnel over its sender no second time, and ends', () => {
    const network = line(3);
    network.tunnel(id(1), [id(2)], id(3));
    send(network, id(2), { type: 'key', key: id(3), over: id(1) });
    network.run();
    // 1 reaches 3 over 2 alone, which is the sender: so 1 is the nearest that there is.
    expect(parcels(network.take(id(1)))).toHaveLength(1);
  });
});

describe('a walk', () => {
  it('ends after the given steps, and is not turned back unless there is no other way', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 3, max: 40 }),
        fc.integer(),
        (steps, count, seed) => {
          const network = new Network(seed);
          const ids = ringWithChords(network, count, 1, seed);
          send(network, ids.at(0) as PeerId, { type: 'walk', steps });
          network.run();
          expect(copies(network)).toHaveLength(steps);
          const last = copies(network).at(-1) as Parcel;
          const way = [...last.path, network.sent.at(-1)?.to];
          for (let n = 2; n < way.length; n++) expect(way.at(n)).not.toBe(way.at(n - 2));
          const shown = parcels(events(network));
          // Back at its sender it tells nothing.
          expect(shown).toHaveLength(way.at(-1) === ids.at(0) ? 0 : 1);
          if (shown.length > 0) expect(shown).toMatchObject([{ from: ids.at(0), path: last.path }]);
          expect(network.violations).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('turns back at a dead end, and avoids suspects', () => {
    const network = line(3);
    send(network, id(2), { type: 'walk', steps: 3 });
    network.run();
    expect(parcels(events(network))).toHaveLength(1);
    network.feed(id(2), { type: 'suspect', peer: id(3) });
    for (let n = 0; n < 8; n++) send(network, id(2), { type: 'walk', steps: 1 });
    network.sent.splice(0).forEach(({ at, to }) => at === network.now && expect(to).toBe(id(1)));
  });

  it('nobody without a link sends one, and no caller a longer one', () => {
    const network = line(1);
    send(network, id(1), { type: 'walk', steps: 5 });
    expect(network.sent).toEqual([]);
    expect(() => send(network, id(1), { type: 'walk', steps: 65 })).toThrow(AssertionError);
    expect(() => send(network, id(1), { type: 'walk', steps: 0 })).toThrow(AssertionError);
  });

  it('draws links evenly, as its source of randomness does', () => {
    const machine = new Routing({ peerId: id(1), network: NETWORK, rng: anyRng });
    for (const n of [2, 3, 4]) machine.handle({ type: 'peerUp', peer: id(n) }, 0, []);
    const drawn = new Map<PeerId, number>();
    for (let n = 0; n < 900; n++) {
      const out: Parameters<Routing['handle']>[2] = [];
      machine.handle({ type: 'parcel', address: { type: 'walk', steps: 1 }, body: 0 }, 0, out);
      for (const each of out) if (each.type === 'send') drawn.set(each.to, (drawn.get(each.to) ?? 0) + 1);
    }
    for (const n of [2, 3, 4]) expect(Math.abs((drawn.get(id(n)) ?? 0) - 300)).toBeLessThan(90);
  });
});

describe('what others do wrong with parcels', () => {
  const body = encode(null);
  const right: Parcel = {
    type: 'parcel',
    address: 'peer',
    to: id(9),
    ttl: 5,
    path: [id(1), id(2)],
    body,
    route: [],
    goal: null,
    mode: 0,
  };
  const route = (count: number) => Array.from({ length: count }, (_, n) => id(100 + n));
  it.each<[string, string, Partial<Parcel>]>([
    ['an empty path', 'malformed', { path: [] }],
    ['a parcel to its sender', 'malformed', { path: [id(9), id(2)] }],
    ['a path that ends with another', 'forged', { path: [id(2), id(1)] }],
    ['a TTL over the limit', 'over-limit', { ttl: 1_023 }],
    ['a walk of more than 64 steps', 'over-limit', { address: 'walk', to: null, ttl: 64 }],
    ['a body over 20 KiB', 'over-limit', { body: new Uint8Array(20_481) }],
    ['a route over 40', 'over-limit', { route: route(41) }],
    ['a route with duplicates', 'malformed', { route: [id(7), id(8), id(7)] }],
    ['a route over its receiver', 'malformed', { route: [id(7), id(3)] }],
  ])('S175, S176: %s is a violation (%s) and dropped', (_, code, wrong) => {
    const machine = new Routing({ peerId: id(3), network: NETWORK, rng: anyRng });
    for (const n of [2, 4]) machine.handle({ type: 'peerUp', peer: id(n) }, 0, []);
    const out: Parameters<Routing['handle']>[2] = [];
    machine.handle({ type: 'received', from: id(2), message: { ...right, ...wrong } }, 0, out);
    expect(out).toEqual([expect.objectContaining({ type: 'violation', peer: id(2), code })]);
    machine.handle({ type: 'received', from: id(2), message: right }, 0, out);
    expect(out).toMatchObject([{}, { type: 'send', to: id(4) }]);
  });

  it('a parcel that claims to be ours is not shown to us', () => {
    const network = line(3);
    const forged = { ...right, address: 'key' as const, to: id(3), path: [id(3), id(2)] };
    network.feed(id(3), { type: 'received', from: id(2), message: forged });
    expect(events(network)).toEqual([]);
    expect(network.machines.get(id(3))?.counters).toMatchObject({ stray: 1 });
  });

  it('a bounce of a parcel to its own sender is malformed', () => {
    const network = line(2);
    const bounce = { type: 'bounce' as const, peer: id(1), to: id(1), route: [], ttl: 4 };
    network.feed(id(1), { type: 'received', from: id(2), message: bounce });
    expect(network.violations).toHaveLength(1);
  });
});
