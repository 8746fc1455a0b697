import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SeededRng } from '@peerpigeon/core';
import { Fingers } from '../src/fingers.js';
import { ROLES, assignRoles } from '../src/role.js';
import { xorPolicy } from '../src/index.js';
import { slotsFor } from '../src/slots.js';
import { Keeping, id } from './keeping.js';
import { ids } from './policy-suite.js';

const far = (peer: string): { peer: string; onRing: boolean; far: boolean } => ({ peer, onRing: true, far: true });

describe('roles', () => {
  test('keep their numbers on the wire: new ones come last', () => {
    expect(ROLES).toEqual(['ring', 'random', 'finger', 'near', 'leaf', 'none', 'extra']);
  });

  test('a suspect has no role and no slot, and its ring role goes to the next at once', () => {
    const own = new Keeping(id('5'), { maxPeers: 3 });
    const suspect = own.link(id('6'));
    own.link(id('7'));
    own.link(id('4'));
    expect([own.role(id('6')), own.role(id('4'))]).toEqual(['ring', 'ring']);
    suspect.suspect = true;
    own.assign();
    expect([own.role(id('6')), own.role(id('7'))]).toEqual(['none', 'ring']);
    expect(own.context.neighbourhood.load).toBe(2);
    expect(own.context.neighbourhood.improvesRing(id('8'))).toBe(false);
    suspect.suspect = false;
    own.assign();
    expect([own.role(id('6')), own.context.neighbourhood.load]).toEqual(['ring', 3]);
  });

  test('a side whose tunnelled peer is nearer than any link has no ring link: its slot is a finger’s', () => {
    const own = new Keeping(id('5'), { maxPeers: 3 });
    const slots = own.plan.slots.finger;
    for (const peer of ['7', '4']) own.link(id(peer));
    own.context.neighbourhood.tunnels.add(id('6'));
    own.assign();
    expect(own.role(id('7'))).not.toBe('ring');
    expect(own.role(id('4'))).toBe('ring');
    expect(own.plan.slots.finger).toBe(slots + 1);
    expect(own.context.neighbourhood.improvesRing(id('6'))).toBe(true);
  });

  test('an extra link takes no slot; it may be ring besides, as it is there', () => {
    const own = new Keeping(id('5'), { maxPeers: 2 });
    for (const peer of ['6', '4']) own.link(id(peer));
    own.link(id('c'), 3, 'extra');
    expect([own.role(id('c')), own.context.neighbourhood.load, own.context.neighbourhood.extras]).toEqual([
      'extra',
      2,
      1,
    ]);
    own.context.neighbourhood.links.delete(id('6'));
    own.assign();
    expect([own.role(id('c')), own.context.neighbourhood.load]).toEqual(['ring', 1]);
  });

  test('a link in a wanted bucket is finger before an older redundant one', () => {
    const links = ['4', '6', 'd', 'e', '1'].map((digit) => far(id(digit)));
    const roles = assignRoles(id('5'), links, slotsFor(4, 100), xorPolicy, { wanted: new Set([1]) });
    expect(roles.get(id('1'))).toBe('finger');
    expect([roles.get(id('d')), roles.get(id('e'))]).toEqual(['random', 'none']);
  });

  test('of two equal links the one that the other end needs stays', () => {
    const links = ['4', '6', 'c', 'd', 'e'].map((digit) => ({ ...far(id(digit)), claimed: digit === 'e' }));
    const roles = assignRoles(id('5'), links, slotsFor(4, 100), xorPolicy, { wanted: new Set([0]) });
    expect([roles.get(id('c')), roles.get(id('e')), roles.get(id('d'))]).toEqual(['finger', 'random', 'none']);
  });

  test('suspects, tunnels and extras in any number: never more roles than slots', () => {
    fc.assert(
      fc.property(
        ids(2, 14),
        fc.integer({ min: 2, max: 12 }),
        fc.array(fc.constantFrom('mesh', 'suspect', 'extra', 'tunnel'), { minLength: 14, maxLength: 14 }),
        ([self, ...peers], maxPeers, kinds) => {
          const own = new Keeping(self as string, { maxPeers });
          const { neighbourhood } = own.context;
          peers.forEach((peer, i) => {
            if (kinds[i] === 'tunnel') neighbourhood.tunnels.add(peer);
            else own.link(peer, 3, kinds[i] === 'extra' ? 'extra' : 'manual').suspect = kinds[i] === 'suspect';
          });
          own.assign();
          const { slots } = own.plan;
          const ordinary = neighbourhood.ordinary.map(({ role }) => role);
          const count = (...roles: string[]): number => ordinary.filter((role) => roles.includes(role)).length;
          expect(count('ring')).toBeLessThanOrEqual(2);
          expect(count('random', 'finger', 'near', 'leaf')).toBeLessThanOrEqual(
            slots.random + slots.finger + slots.near,
          );
          expect(count('extra')).toBe(0);
          for (const { suspect, extra, role } of neighbourhood.links.values()) {
            if (suspect) expect(role).toBe('none');
            else if (extra) expect(['ring', 'extra']).toContain(role);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('fingers', () => {
  const none: ReadonlySet<number> = new Set();

  test('one bucket per slot, drawn once and kept', () => {
    const fingers = new Fingers();
    const rng = new SeededRng(1);
    const drawn = [...fingers.draw(4, 7, none, 1_000, 0, rng)];
    expect(drawn.length).toBe(4);
    for (const bucket of drawn) expect(bucket).toBeLessThan(7);
    expect([...fingers.draw(4, 7, none, 1_000, 500, rng)]).toEqual(drawn);
    expect(fingers.draw(2, 7, none, 1_000, 600, rng).size).toBe(2);
    expect(fingers.draw(9, 3, none, 1_000, 700, rng).size).toBe(3);
  });

  test('all shallow buckets are drawn equally often: lengths are harmonic', () => {
    const counts = Array.from({ length: 8 }, () => 0);
    const rng = new SeededRng(2);
    for (let i = 0; i < 4_000; i++) for (const one of new Fingers().draw(1, 8, none, 1, 0, rng)) counts[one]!++;
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(100);
  });

  test('a bucket that stays without partner is given up for one that a link covers', () => {
    const fingers = new Fingers();
    const rng = new SeededRng(3);
    const [first] = [...fingers.draw(1, 4, none, 1_000, 0, rng)] as [number];
    const other = (first + 1) % 4;
    expect([...fingers.draw(1, 4, new Set([other]), 1_000, 999, rng)]).toEqual([first]);
    expect([...fingers.draw(1, 4, new Set([other]), 1_000, 1_000, rng)]).toEqual([other]);
  });
});
