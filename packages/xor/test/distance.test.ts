import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketIndex,
  calculateXorDistance,
  compareDistance,
  distanceBytes,
  formatId,
  sortByDistance,
} from '../src/index.js';
import { anyId, order, toId, toNumber, xor } from './oracle.js';

const zero = '0'.repeat(40);

describe('calculateXorDistance', () => {
  test('S109: 0x1234abcd ^ 0x1345cdef = 0x01716622', () => {
    expect(calculateXorDistance('1234abcd', '1345cdef')).toBe(0x01716622n);
  });

  test('S108: a bigint over all id bytes, a metric', () => {
    fc.assert(
      fc.property(anyId, anyId, anyId, (a, b, c) => {
        expect(calculateXorDistance(a, b)).toBe(xor(a, b));
        expect(calculateXorDistance(b, a)).toBe(xor(a, b));
        expect(calculateXorDistance(a, b) === 0n).toBe(a === b);
        expect(calculateXorDistance(a, c) <= calculateXorDistance(a, b) + calculateXorDistance(b, c)).toBe(true);
      }),
    );
  });

  test('takes any hex of equal length, in either case', () => {
    expect(calculateXorDistance('ABC', 'abd')).toBe(1n);
  });

  test('errors say what was expected and got', () => {
    expect(() => calculateXorDistance(5 as unknown as string, zero)).toThrow(
      new TypeError('expected hex digits, got number'),
    );
    expect(() => calculateXorDistance(zero, undefined as unknown as string)).toThrow(TypeError);
    expect(() => calculateXorDistance('12', '1')).toThrow(new RangeError('expected equal lengths, got 2 and 1'));
    for (const wrong of ['', '0x12', '-1', 'xyz', '1 2'])
      expect(() => calculateXorDistance(wrong, wrong)).toThrow(RangeError);
  });
});

describe('distance without BigInt', () => {
  test('distanceBytes is the same distance; in hex by formatId', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        expect(formatId(distanceBytes(a, b))).toBe(toId(xor(a, b)));
      }),
    );
    expect(() => distanceBytes('12', zero)).toThrow(RangeError);
    expect(() => distanceBytes(zero, 1 as unknown as string)).toThrow(TypeError);
  });

  test('compareDistance orders as the BigInt distances do', () => {
    fc.assert(
      fc.property(anyId, anyId, anyId, (target, a, b) => {
        expect(Math.sign(compareDistance(target, a, b))).toBe(order(xor(target, a), xor(target, b)));
      }),
      { numRuns: 2000 },
    );
  });

  test('bucketIndex is the common-prefix length: 159 − floor(log2 distance)', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        expect(bucketIndex(a, b)).toBe(160 - (a === b ? 0 : xor(a, b).toString(2).length));
        expect(bucketIndex(b, a)).toBe(bucketIndex(a, b));
      }),
    );
    for (let bit = 0; bit < 160; bit++) expect(bucketIndex(zero, toId(1n << BigInt(bit)))).toBe(159 - bit);
    expect(bucketIndex(zero, zero)).toBe(160);
  });
});

/** A peer of the diagram, which gives the first four digits. */
const peer = (digits: string): string => digits.padEnd(40, '0');

describe("S110: the README's topology example", () => {
  const a = peer('1234');
  const b = peer('1345');
  const c = peer('5678');
  const d = peer('9abc');
  const e = peer('9bcd');

  test('C would not evict B for D: B is nearer', () => {
    expect(calculateXorDistance('5678', '1345')).toBe(0x453dn);
    expect(calculateXorDistance('5678', '9abc')).toBe(0xccc4n);
    expect(compareDistance(c, b, d)).toBeLessThan(0);
    expect(sortByDistance(c, [d, b])).toEqual([b, d]);
  });

  test('A ranks B, C, D; D and E are very close', () => {
    expect(sortByDistance(a, [d, c, b])).toEqual([b, c, d]);
    expect(sortByDistance(d, [a, b, c, e])[0]).toBe(e);
    expect(sortByDistance(e, [a, b, c, d])[0]).toBe(d);
    expect(toNumber(toId(xor(d, e))) >> 144n).toBe(0x0171n);
  });
});
