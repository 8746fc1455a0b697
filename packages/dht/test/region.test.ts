import { SeededRng } from '@peerpigeon/core';
import { SortedRing, compareDistance, sortByDistance } from '@peerpigeon/xor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minXorWithin, neighbourOf } from '../src/arc.js';
import { Region } from '../src/region.js';

const LEAF_SET = 8;
const rngId = (rng: SeededRng): string =>
  Array.from({ length: 5 }, () => rng.uint32().toString(16).padStart(8, '0')).join('');
const hexId = fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: 40, maxLength: 40 });

describe('arcs', () => {
  it('neighbourOf steps to the next id, round the ring', () => {
    expect(neighbourOf('0'.repeat(40), -1)).toBe('f'.repeat(40));
    expect(neighbourOf('f'.repeat(40), 1)).toBe('0'.repeat(40));
    expect(neighbourOf(`${'0'.repeat(38)}ff`, 1)).toBe(`${'0'.repeat(37)}100`);
    expect(neighbourOf(`${'0'.repeat(37)}100`, -1)).toBe(`${'0'.repeat(38)}ff`);
  });

  it('minXorWithin is on the arc, and no id of the arc is nearer', () => {
    fc.assert(
      fc.property(hexId, hexId, hexId, fc.array(hexId, { maxLength: 20 }), (target, from, to, others) => {
        const within = (id: string) => (from <= to ? id >= from && id <= to : id >= from || id <= to);
        const best = minXorWithin(target, from, to);
        expect(within(best)).toBe(true);
        for (const id of [from, to, target, ...others].filter(within)) {
          expect(compareDistance(target, best, id)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

describe('region', () => {
  it.each([2, 12, 17, 18, 30, 200, 2_000])(
    'among %i members it is sure of the k nearest, or says whom to ask',
    (count) => {
      const rng = new SeededRng(count);
      const ids = Array.from({ length: count }, () => rngId(rng));
      const ring = new SortedRing(ids);
      const leavesOf = (id: string) => ({
        before: ring.predecessors(id, LEAF_SET),
        after: ring.successors(id, LEAF_SET),
        whole: count <= 2 * LEAF_SET + 1,
      });
      let asked = 0;
      for (let round = 0; round < 200; round++) {
        const target = rngId(rng);
        const [nearest] = sortByDistance(target, ids);
        const region = new Region({ peerId: nearest as string, rangeMs: 10_000, absentMs: 10_000 });
        region.setLeaves(leavesOf(nearest as string), true, 0);
        const now = 60_000;
        let found = region.nearest(target, 8, now);
        for (; found.ask !== undefined; asked++) {
          region.learn(found.ask, leavesOf(found.ask), now);
          found = region.nearest(target, 8, now);
        }
        expect(found.peers).toEqual(sortByDistance(target, ids).slice(0, 8));
      }
      // Some two in ten keys need the word of one more peer.
      expect(asked).toBeLessThan(count <= 17 ? 1 : 100);
    },
  );

  it('a young one trusts its two neighbours alone, and asks them', () => {
    const rng = new SeededRng(5);
    const ids = Array.from({ length: 100 }, () => rngId(rng));
    const ring = new SortedRing(ids);
    const self = ids[0] as string;
    const region = new Region({ peerId: self, rangeMs: 10_000, absentMs: 10_000 });
    const [before] = ring.predecessors(self, 1);
    const [after] = ring.successors(self, 1);
    // It knows its neighbours, and some others, with holes between them.
    const leaves = { before: [before as string, ids[7] as string], after: [after as string, ids[9] as string] };
    region.setLeaves({ ...leaves, whole: true }, true, 1_000);
    expect(region.own(2_000)).toEqual({ before: [before], after: [after], whole: false });
    let found = region.nearest(self, 8, 2_000);
    for (let i = 0; i < 6 && found.ask !== undefined; i++) {
      const { ask } = found;
      region.learn(ask, { before: ring.predecessors(ask, 8), after: ring.successors(ask, 8), whole: false }, 2_000);
      found = region.nearest(self, 8, 2_000);
    }
    expect(found.peers).toEqual(sortByDistance(self, ids).slice(0, 8));
  });

  it('who does not answer does not count, until it is heard of', () => {
    const rng = new SeededRng(6);
    const ids = Array.from({ length: 10 }, () => rngId(rng));
    const ring = new SortedRing(ids);
    const self = ids[0] as string;
    const region = new Region({ peerId: self, rangeMs: 10_000, absentMs: 10_000 });
    region.setLeaves({ before: ring.predecessors(self, 8), after: ring.successors(self, 8), whole: true }, true, 0);
    const now = 60_000;
    const gone = ids[3] as string;
    expect(region.nearest(gone, 3, now).peers[0]).toBe(gone);
    region.lose(gone, now);
    expect(region.nearest(gone, 10, now).peers).not.toContain(gone);
    expect(region.knows(gone, now)).toBe(false);
    region.find(gone, now);
    expect(region.nearest(gone, 3, now).peers[0]).toBe(gone);
  });
});
