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
