import { describe, expect, test } from 'vitest';
import type { Role } from '../src/index.js';
import { Surplus } from '../src/surplus.js';
import { Keeping, id } from './keeping.js';
import { TopologyNetwork } from './network.js';

/** A peer with these links; all at the other end are random. */
function holding(maxPeers: number, peers: string): { own: Keeping; surplus: Surplus } {
  const own = new Keeping(id('5'), { maxPeers });
  for (const digit of peers) own.link(id(digit)).theirRole = 'random';
  own.assign();
  return { own, surplus: new Surplus(own.context) };
}

const went = (links: readonly { readonly peer: string }[]): string => links.map(({ peer }) => peer[0]).join('');

describe('surplus', () => {
  test('at or below maxPeers nobody goes (S106); suspects and extra links do not count', () => {
    const { own, surplus } = holding(3, '46cd');
    const link = own.context.neighbourhood.links.get(id('d'));
    own.link(id('e'), 3, 'extra');
    expect(surplus.review(4, true, true, own.now)).toEqual([]);
    if (link !== undefined) link.suspect = true;
    own.assign();
    expect(surplus.review(3, true, true, own.now + 60_000)).toEqual([]);
  });

  test('S102: what has no role goes at once, but not while the other end calls it ring', () => {
    const { own, surplus } = holding(3, '46cd');
    const spare = own.context.neighbourhood.ordinary.find(({ role }) => role === 'none');
    if (spare === undefined) throw new Error('one of four links has no role at maxPeers 3');
    spare.theirRole = 'ring';
    expect(surplus.review(3, true, true, own.now)).toEqual([]);
    spare.theirRole = 'none';
    expect(surplus.review(3, true, true, own.now)).toEqual([spare]);
  });

  test('while the ring is open and the server away, a link that may be a bridge waits for a detour', () => {
    const { own, surplus } = holding(3, '46cd');
    expect(surplus.review(3, false, false, own.now)).toEqual([]);
    const [spare] = own.context.neighbourhood.ordinary.filter(({ role }) => role === 'none');
    const other = own.context.neighbourhood.links.get(id('4'));
    if (spare !== undefined && other !== undefined) other.view = [spare.peer];
    expect(surplus.review(3, false, false, own.now)).toEqual([spare]);
  });

  test('S56: maxPeers lowered: the least valuable go at once, ring links last', () => {
    const { own, surplus } = holding(8, '46cde9f0');
    const order: readonly Role[] = ['none', 'near', 'random', 'finger', 'leaf', 'ring'];
    surplus.trim();
    const gone = surplus.review(3, true, true, own.now);
    expect(gone.length).toBe(5);
    const ranks = gone.map(({ role }) => order.indexOf(role));
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    expect(went(gone)).not.toMatch(/[46]/);
  });
});

test('links and those being made never exceed maxPeers by more than one', () => {
  for (const maxPeers of [2, 3, 4, 8]) {
    const network = new TopologyNetwork(maxPeers, { maxPeers });
    for (let i = 0; i < 40; i++) network.join();
    for (let i = 0; i < 200; i++) {
      network.run(50);
      for (const { neighbourhood } of network.peers.values())
        expect(neighbourhood.load).toBeLessThanOrEqual(maxPeers + 1);
    }
  }
});
