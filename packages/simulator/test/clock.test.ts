import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { VirtualClock } from '../src/clock.js';

test('things happen by time, and at one time in the order in which they were told', () => {
  const seen: string[] = [];
  const clock = new VirtualClock<string>((what) => {
    seen.push(`${what}@${clock.now}`);
    if (what === 'b') clock.at(clock.now, 'at once');
    if (what === 'late') clock.at(0, 'overdue');
  });
  clock.at(5, 'late');
  clock.at(2, 'b');
  clock.at(2, 'c');
  clock.at(1, 'a');
  clock.at(11, 'never');
  clock.at(Infinity, 'in no time');
  clock.runUntil(10);
  expect(seen).toEqual(['a@1', 'b@2', 'c@2', 'at once@2', 'late@5', 'overdue@5']);
  expect(clock.now).toBe(10);
  expect(clock.waiting).toBe(1);
});

test('whatever the times, near and far, the order is that of a sorted list', () => {
  const delay = fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 3, noNaN: true }),
    fc.integer({ min: 0, max: 40_000 }),
  );
  const plan = fc.record({ delay, children: fc.array(delay, { maxLength: 3 }) });
  fc.assert(
    fc.property(
      fc.array(plan, { maxLength: 30 }),
      fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1 }),
      (plans, runs) => {
        // The oracle: a list, searched for the first by (time, seq).
        const waiting: { at: number; seq: number; children: readonly number[] }[] = [];
        const expected: [number, number][] = [];
        const seen: [number, number][] = [];
        let told = 0;
        const clock = new VirtualClock<(typeof waiting)[number]>((what) => {
          seen.push([clock.now, what.seq]);
          for (const after of what.children) tell(clock.now + after, []);
        });
        const tell = (at: number, children: readonly number[]): void => {
          const what = { at, seq: told++, children };
          waiting.push(what);
          clock.at(at, what);
        };
        for (const each of plans) tell(each.delay, each.children);
        for (const ms of runs) clock.runUntil(clock.now + ms);
        for (const { at, seq } of waiting.sort((x, y) => x.at - y.at || x.seq - y.seq)) {
          if (at <= clock.now) expected.push([at, seq]);
        }
        expect(seen).toEqual(expected);
        expect(clock.waiting).toBe(waiting.length - expected.length);
      },
    ),
  );
});
