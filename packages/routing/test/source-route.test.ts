import { AssertionError } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { describe, expect, it } from 'vitest';
import type { Data } from '../src/index.js';
import { DEFAULTS } from '../src/index.js';
import { envelopeOf, id, Network } from './network.js';

const hops = (network: Network): [PeerId, PeerId][] =>
  network.sent.flatMap(({ from, to, message }) => (message.type === 'data' ? [[from, to]] : []));
const types = (network: Network, peer: PeerId): string[] => network.take(peer).map((event) => event.type);

/** 1 reaches 5 over 90, 80 and 70, away from it on the ring; no 2-hop table tells. 1 has another link, with 2. */
function detour(): Network {
  const network = new Network();
  network.add(...[1, 2, 5, 70, 80, 90].map(id));
  const links = [
    [1, 90],
    [90, 80],
    [80, 70],
    [70, 5],
    [1, 2],
  ] as const;
  for (const [a, b] of links) network.link(id(a), id(b));
  return network;
}
const ROUTE = [id(90), id(80), id(70)];

describe('a source route', () => {
  it.each(['direct', 'signal'] as const)('carries a %s message where greedy routing knows no way', (kind) => {
    const network = detour();
    const envelope = network.route(id(1), id(5), ROUTE, kind);
    network.run();
    expect(network.take(id(5))).toMatchObject([{ type: 'message', envelope, hops: 4, path: [id(1), ...ROUTE] }]);
    expect(types(network, id(1))).toEqual(['delivered']);
    const answersAndCopies = network.sent.filter(({ message }) => message.type !== 'receipt');
    expect(answersAndCopies).toHaveLength(8);
    expect(network.violations).toEqual([]);
  });

  it('is cut short by each relay that has a link farther ahead, or with the target', () => {
    const network = detour();
    network.link(id(90), id(70));
    network.route(id(1), id(5), ROUTE);
    network.run();
    expect(types(network, id(1))).toEqual(['delivered']);
    expect(hops(network).slice(0, 3)).toEqual([
      [id(1), id(90)],
      [id(90), id(70)],
      [id(70), id(5)],
    ]);
    network.sent.length = 0;
    network.link(id(1), id(5));
    network.route(id(1), id(5), ROUTE);
    expect(hops(network)).toEqual([[id(1), id(5)]]);
  });

  it('that is broken is left, and the way found greedily in ring mode from there', () => {
    const network = detour();
    network.add(id(40));
    network.link(id(80), id(40));
    network.link(id(40), id(5));
    network.unlink(id(80), id(70));
    network.route(id(1), id(5), ROUTE);
    network.run();
    expect(network.take(id(5))).toMatchObject([{ path: [id(1), id(90), id(80), id(40)] }]);
    const onward = network.sent.find(({ from }) => from === id(80))?.message as Data;
    expect(onward).toMatchObject({ route: [], goal: null, mode: 1 });
  });

  it('that is a dead end is answered with a nack, and the next copy goes greedily over another first hop', () => {
    const network = detour();
    network.unlink(id(80), id(70));
    network.link(id(2), id(5));
    network.route(id(1), id(5), ROUTE);
    network.run();
    expect(types(network, id(1))).toEqual(['delivered']);
    expect(hops(network).filter(([from]) => from === id(1))).toEqual([
      [id(1), id(90)],
      [id(1), id(2)],
    ]);
  });

  it('that begins with no neighbour is not used', () => {
    const network = detour();
    network.link(id(2), id(5));
    network.route(id(1), id(5), [id(33), id(34)]);
    network.run();
    expect(network.take(id(5))).toMatchObject([{ path: [id(1), id(2)] }]);
  });

  it('of more than 40 peers is not used, loops in it are left out', () => {
    const network = detour();
    network.route(id(1), id(5), [id(90), ...Array.from({ length: 40 }, (_, n) => id(100 + n))]);
    network.route(id(1), id(5), [id(2), id(1), id(90), id(80), id(90), id(80), id(70), id(5), id(2)]);
    const [long, looped] = network.sent.map(({ message }) => 'route' in message && message.route);
    expect(long).toEqual([]);
    expect(looped).toEqual([id(80), id(70)]);
    network.run();
    expect(network.violations).toEqual([]);
  });

  const many = Array.from({ length: 41 }, (_, n) => id(100 + n));
  it.each<[string, string, readonly PeerId[]]>([
    ['a route over 40', 'over-limit', many],
    ['a route with duplicates', 'malformed', [id(7), id(8), id(7)]],
    ['a route over its receiver', 'malformed', [id(7), id(90)]],
  ])('S175, S176: %s from a neighbour is a violation (%s), dropped and survived', (_, code, route) => {
    const network = detour();
    const data: Data = {
      type: 'data',
      envelope: envelopeOf(id(1), id(5)),
      ttl: 9,
      hops: 1,
      path: [id(1)],
      route,
      goal: null,
      mode: 0,
      attempt: 0,
    };
    network.feed(id(90), { type: 'received', from: id(1), message: data });
    expect(network.violations).toEqual([expect.stringContaining(code)]);
    expect(network.sent).toEqual([]);
    network.route(id(1), id(5), ROUTE);
    network.run();
    expect(types(network, id(5))).toEqual(['message']);
  });
});

describe('signals', () => {
  it('are sent again after 1, 2 and 4 s, shown once, and given up after 8 s', () => {
    const network = new Network();
    network.add(id(1), id(2));
    network.link(id(1), id(2));
    network.lose = (_, __, message) => message.type === 'ack';
    const envelope = network.route(id(1), id(2), undefined, 'signal');
    network.run();
    expect(network.sent.filter(({ from }) => from === id(1)).map(({ at }) => at)).toEqual([0, 1_000, 2_000, 4_000]);
    expect(types(network, id(2))).toEqual(['message']);
    expect(network.take(id(1))).toEqual([{ type: 'failed', messageId: envelope.id, to: id(2), reason: 'timeout' }]);
    expect(network.now).toBe(8_000);
  });

  it("and direct messages do not take each other's place among what is pending", () => {
    const signal = { ...DEFAULTS.signal, maxPending: 1 };
    const network = new Network(1, { signal, direct: { ...DEFAULTS.direct, maxPending: 2 } });
    network.add(id(1));
    for (const kind of ['direct', 'direct', 'signal'] as const) network.route(id(1), id(2), undefined, kind);
    expect(network.take(id(1))).toEqual([]);
    const refused = [network.route(id(1), id(2), undefined, 'signal'), network.route(id(1), id(2))];
    expect(network.take(id(1))).toMatchObject(refused.map(({ id: messageId }) => ({ type: 'failed', messageId })));
    network.run();
    network.route(id(1), id(2), undefined, 'signal');
    expect(network.machines.get(id(1))?.pendingSize).toBe(1);
  });

  it('to oneself are a bug', () => {
    const network = new Network();
    network.add(id(1));
    expect(() => network.route(id(1), id(1), undefined, 'signal')).toThrow(AssertionError);
  });
});

describe('a suspect neighbour', () => {
  /** 1 reaches 9 over 5, 6 and 7; 5 is listed first. */
  function fan(): Network {
    const network = new Network();
    network.add(id(1), id(5), id(6), id(7), id(9));
    for (const relay of [5, 6, 7]) {
      network.link(id(1), id(relay));
      network.link(id(relay), id(9));
    }
    network.shareViews();
    return network;
  }
  const firstHops = (network: Network): PeerId[] => hops(network).flatMap(([from, to]) => (from === id(1) ? [to] : []));

  it('is passed by, until it is recovered', () => {
    const network = fan();
    network.route(id(1), id(9));
    const [usual] = firstHops(network) as [PeerId];
    network.feed(id(1), { type: 'suspect', peer: usual });
    network.sent.length = 0;
    network.route(id(1), id(9));
    expect(firstHops(network)).not.toContain(usual);
    network.feed(id(1), { type: 'recovered', peer: usual });
    network.route(id(1), id(9));
    expect(firstHops(network).at(-1)).toBe(usual);
  });

  it('loses what was just given to it to another, at once', () => {
    const network = fan();
    network.lose = (from, _, message) => from === id(1) && message.type === 'data' && network.sent.length === 1;
    network.route(id(1), id(9));
    const [lost] = firstHops(network) as [PeerId];
    network.feed(id(1), { type: 'suspect', peer: lost });
    expect(firstHops(network)).toHaveLength(2);
    network.run(500);
    expect(types(network, id(1))).toEqual(['delivered']);
  });

  it('is chosen when nothing else is possible, and not sent the same again at once', () => {
    const network = new Network();
    network.add(id(1), id(2));
    network.link(id(1), id(2));
    network.route(id(1), id(2));
    network.feed(id(1), { type: 'suspect', peer: id(2) });
    expect(firstHops(network)).toHaveLength(1);
    network.route(id(1), id(2));
    network.run(500);
    expect(types(network, id(1))).toEqual(['delivered', 'delivered']);
  });

  it('is a last resort of relays too, and after each other first hop of the author', () => {
    const network = fan();
    network.feed(id(5), { type: 'suspect', peer: id(9) });
    for (const relay of [6, 7]) network.unlink(id(relay), id(9));
    network.feed(id(1), { type: 'suspect', peer: id(5) });
    network.route(id(1), id(9));
    network.run(4_000);
    expect(types(network, id(9))).toEqual(['message']);
    const copies = network.sent.filter(({ message }) => message.type === 'data' && message.hops === 1);
    expect(copies.map(({ to }) => to).at(-1)).toBe(id(5));
    expect(copies).toHaveLength(3);
  });

  it('does not relay answers either, if another can', () => {
    const network = fan();
    network.link(id(5), id(6));
    network.feed(id(6), { type: 'suspect', peer: id(1) });
    network.run();
    const ack = {
      type: 'ack',
      messageId: '00'.repeat(16),
      from: id(9),
      to: id(1),
      route: [id(5)],
      ttl: 9,
      hops: 2,
    } as const;
    network.feed(id(6), { type: 'received', from: id(9), message: ack });
    expect(network.sent.at(-1)).toMatchObject({ from: id(6), to: id(5), message: { route: [] } });
  });

  it('that is no neighbour is nobody', () => {
    const network = fan();
    network.feed(id(1), { type: 'suspect', peer: id(9) });
    network.link(id(1), id(9));
    network.route(id(1), id(9));
    expect(firstHops(network)).toEqual([id(9)]);
  });
});
