import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PeerId } from '@peerpigeon/core';
import type { Policy } from '../src/index.js';

export const hexId = fc.string({
  unit: fc.constantFrom(...Array.from('0123456789abcdef')),
  minLength: 40,
  maxLength: 40,
});

/** Some distinct ids. */
export function ids(minLength: number, maxLength = minLength): fc.Arbitrary<PeerId[]> {
  return fc.uniqueArray(hexId, { minLength, maxLength });
}

/** What the topology relies on in a policy, whichever it is. */
export function runPolicySuite(policy: Policy): void {
  it('gives all slots of maxPeers, at any size, and none below zero', () =>
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 1, max: 1e6 }), (maxPeers, size) => {
        const { ring, random, finger, near } = policy.slots(maxPeers, size);
        expect(ring + random + finger + near).toBe(maxPeers);
        expect(Math.min(ring, random, finger, near)).toBeGreaterThanOrEqual(0);
        expect([0, 2]).toContain(ring);
      }),
    ));

  it('orders any two peers strictly, the same whoever computes it', () =>
    fc.assert(
      fc.property(ids(3), ([self, a, b]) => {
        const order = policy.compareNear(self as PeerId, a as PeerId, b as PeerId);
        expect(order).not.toBe(0);
        expect(Math.sign(policy.compareNear(self as PeerId, b as PeerId, a as PeerId))).toBe(-Math.sign(order));
        expect(policy.compareNear(self as PeerId, a as PeerId, a as PeerId)).toBe(0);
      }),
    ));

  it('orders transitively: sorting gives one order, whatever the order before', () =>
    fc.assert(
      fc.property(ids(3, 12), fc.integer(), ([self, ...peers], seed) => {
        const compare = (a: PeerId, b: PeerId): number => policy.compareNear(self as PeerId, a, b);
        const shift = Math.abs(seed) % peers.length;
        const rotated = [...peers.slice(shift), ...peers.slice(0, shift)].reverse();
        expect(rotated.sort(compare)).toEqual([...peers].sort(compare));
      }),
    ));

  it('has no cycle of preferences, which would let replacement go on for ever', () =>
    fc.assert(
      fc.property(ids(3), ([a, b, c]) => {
        const prefers = (self: PeerId, one: PeerId, other: PeerId): boolean => policy.compareNear(self, one, other) < 0;
        const [x, y, z] = [a, b, c] as [PeerId, PeerId, PeerId];
        expect(prefers(x, y, z) && prefers(y, z, x) && prefers(z, x, y)).toBe(false);
        expect(prefers(x, z, y) && prefers(z, y, x) && prefers(y, x, z)).toBe(false);
      }),
    ));
}
