import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heartbeat } from '../src/heartbeat.js';

const config = { intervalMs: 25_000, patienceMs: 8_000 };

test('S135: pinged after the interval, dead after the patience, whoever answers is neither', () => {
  const heartbeat = new Heartbeat(config);
  expect(heartbeat.nextAt).toBe(Infinity);
  for (const connection of [1, 2, 3]) heartbeat.heard(connection, connection);
  expect(heartbeat.nextAt).toBe(25_001);
  expect(heartbeat.duePings(25_000)).toEqual([]);
  expect(heartbeat.duePings(25_002)).toEqual([1, 2]);
  expect(heartbeat.nextAt).toBe(25_003);
  expect(heartbeat.heard(1, 25_050)).toBe(48);
  expect(heartbeat.heard(3, 25_050)).toBeUndefined();
  heartbeat.remove(3);
  expect(heartbeat.nextAt).toBe(33_002);
  expect(heartbeat.takeDead(33_001)).toEqual([]);
  expect(heartbeat.takeDead(33_002)).toEqual([2]);
  expect(heartbeat.size).toBe(1);
});

test('whatever happens: dead is who was silent for interval and patience, and nobody else', () => {
  const event = fc.record({ ms: fc.integer({ min: 0, max: 20_000 }), connection: fc.nat(4), answers: fc.boolean() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const heartbeat = new Heartbeat(config);
      const heardAt = new Map<number, number>();
      let now = 0;
      for (const { ms, connection, answers } of events) {
        // What is due in between is done at its time.
        const end = now + ms;
        while (heartbeat.nextAt <= end) {
          now = heartbeat.nextAt;
          for (const dead of heartbeat.takeDead(now)) {
            expect(now - (heardAt.get(dead) as number)).toBe(33_000);
            heardAt.delete(dead);
          }
          heartbeat.duePings(now);
        }
        now = end;
        if (!answers) continue;
        heartbeat.heard(connection, now);
        heardAt.set(connection, now);
      }
      expect(heartbeat.size).toBe(heardAt.size);
    }),
  );
});
