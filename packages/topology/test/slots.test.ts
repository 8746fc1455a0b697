import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { slotsFor } from '../src/slots.js';
import { assignRoles } from '../src/role.js';
import { randomPolicy, xorPolicy } from '../src/policy.js';

const hexId = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: 40, maxLength: 40 });

describe('slots', () => {
  test('follow the table', () => {
    expect(slotsFor(1, 10)).toEqual({ ring: 0, random: 0, finger: 0, near: 0 });
    expect(slotsFor(2, 10)).toEqual({ ring: 2, random: 0, finger: 0, near: 0 });
    expect(slotsFor(3, 10)).toEqual({ ring: 2, random: 0, finger: 1, near: 0 });
    expect(slotsFor(4, 10)).toEqual({ ring: 2, random: 1, finger: 1, near: 0 });
    expect(slotsFor(6, 10)).toEqual({ ring: 2, random: 1, finger: 3, near: 0 });
    expect(slotsFor(8, 10)).toEqual({ ring: 2, random: 2, finger: 4, near: 0 });
    expect(slotsFor(20, 1_000)).toEqual({ ring: 2, random: 2, finger: 10, near: 6 });
  });

  test('add up to maxPeers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 1, max: 1e6 }), (maxPeers, size) => {
        const { ring, random, finger, near } = slotsFor(maxPeers, size);
        expect(ring + random + finger + near).toBe(maxPeers);
        expect(Math.min(ring, random, finger, near)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('roles', () => {
  const candidates = fc.uniqueArray(hexId, { minLength: 1, maxLength: 12 }).chain((ids) =>
    fc.tuple(
      fc.constant(ids),
      fc.array(fc.record({ onRing: fc.boolean(), far: fc.boolean() }), {
        minLength: ids.length,
        maxLength: ids.length,
      }),
    ),
  );

  test.each([xorPolicy, randomPolicy])('$name: no role is given more often than it has slots', (policy) => {
    fc.assert(
      fc.property(hexId, candidates, fc.integer({ min: 2, max: 12 }), (self, [ids, kinds], maxPeers) => {
        const slots = slotsFor(maxPeers, 100);
        const links = ids
          .filter((peer) => peer !== self)
          .map((peer, i) => ({ peer, ...(kinds[i] as { onRing: boolean; far: boolean }) }));
        const roles = assignRoles(self, links, slots, policy);
        const count = (role: string): number => [...roles.values()].filter((one) => one === role).length;
        expect(roles.size).toBe(links.length);
        expect(count('ring')).toBeLessThanOrEqual(2);
        expect(count('random') + count('finger') + count('near') + count('leaf')).toBeLessThanOrEqual(maxPeers - 2);
      }),
    );
  });

  test('the nearest on each side is ring, whatever its age', () => {
    const id = (digit: string): string => digit.repeat(40);
    const links = ['9', '2', 'c', '6', '4'].map((digit) => ({ peer: id(digit), onRing: true, far: true }));
    const roles = assignRoles(id('5'), links, slotsFor(3, 100), xorPolicy);
    expect(roles.get(id('4'))).toBe('ring');
    expect(roles.get(id('6'))).toBe('ring');
    expect(roles.get(id('9'))).toBe('finger');
    expect(roles.get(id('2'))).toBe('none');
  });
});
