import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest, predecessor, SortedRing, successor } from '../src/index.js';
import { anyId, clockwise, sortedBy, spread, toId } from './oracle.js';

describe('SortedRing', () => {
  test('behaves as a sorted set under any adding and deleting', () => {
    const change = fc.record({ add: fc.boolean(), id: fc.oneof(anyId, fc.integer({ min: 0, max: 9 }).map(spread)) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const ring = new SortedRing();
        const model = new Set<string>();
        for (const { add, id } of changes) {
          const had = model.has(id);
          expect(add ? ring.add(id) : ring.delete(id)).toBe(add ? !had : had);
          if (add) model.add(id);
          else model.delete(id);
          expect(ring.has(id)).toBe(add);
        }
        expect(ring.ids).toEqual([...model].sort());
        expect(ring.size).toBe(model.size);
        expect(new SortedRing(model).ids).toEqual(ring.ids);
      }),
    );
  });

  test('neighbours agree with the linear functions, whether or not the id is in the set', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyId, { maxLength: 60 }),
        anyId,
        fc.integer({ min: 0, max: 70 }),
        (ids, stranger, k) => {
          const ring = new SortedRing(ids);
          for (const id of [stranger, ...ids.slice(0, 5)]) {
            const upwards = sortedBy(ids, (other) => clockwise(id, other)).filter((other) => other !== id);
            expect(ring.successor(id)).toBe(successor(id, ids));
            expect(ring.predecessor(id)).toBe(predecessor(id, ids));
            expect(ring.successors(id, k)).toEqual(upwards.slice(0, k));
            expect(ring.predecessors(id, k)).toEqual([...upwards].reverse().slice(0, k));
          }
        },
      ),
    );
  });

  test('XOR-nearest is the same as by scanning, in even and in crowded sets', () => {
    const even = Array.from({ length: 2000 }, (_, i) => spread(i));
    const crowded = even.map((id, i) => (i % 2 === 0 ? id : `00c0ffee00c0ffee${id.slice(16)}`));
    for (const ids of [even, crowded, crowded.slice(0, 40), []]) {
      const ring = new SortedRing(ids);
      const targets = [...ids.slice(0, 20), `00c0ffee${spread(7).slice(8)}`, toId(0n), toId(-1n), spread(99_999)];
      for (const target of targets) {
        for (const k of [0, 1, 8, 50, 5000]) expect(ring.nearest(target, k)).toEqual(nearest(target, ids, k));
      }
    }
  });

  test('ids that differ only in their last digits', () => {
    const ids = Array.from({ length: 256 }, (_, i) => toId(BigInt(i)));
    expect(new SortedRing(ids).nearest(toId(0x77n), 9)).toEqual(nearest(toId(0x77n), ids, 9));
  });

  test('holds ids only', () => {
    expect(() => new SortedRing(['abc'])).toThrow(RangeError);
    expect(() => new SortedRing([5 as unknown as string])).toThrow(TypeError);
    const ring = new SortedRing();
    expect(() => ring.add('ABC')).toThrow(RangeError);
    expect(ring.size).toBe(0);
    expect(ring.successor(toId(1n))).toBeUndefined();
    expect(ring.predecessor(toId(1n))).toBeUndefined();
    expect(ring.delete('abc')).toBe(false);
  });
});
