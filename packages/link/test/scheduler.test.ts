import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MIN_FRAME_BYTES } from '../src/index.js';
import type { Priority } from '../src/index.js';
import { Pipe } from './pipe.js';
import type { Parcel } from './pipe.js';

const KIB = 1_024;
/** 1 Mb/s. */
const SLOW = 125;
const PRIORITIES: readonly Priority[] = ['control', 'small', 'bulk'];

const parcels = fc.array(
  fc.record({
    priority: fc.constantFrom(...PRIORITIES),
    source: fc.constantFrom('gossip', 'routing', 'transfer'),
    bytes: fc.oneof(fc.integer({ min: 1, max: 4 * KIB }), fc.integer({ min: 1, max: 64 * KIB })),
    waitMs: fc.constantFrom(0, 0, 0, 1, 20, 200),
  }),
  { maxLength: 80 },
);

/** Keeps a source busy as transfer does: it asks, sends so much, and waits for the next word. */
function keepPace(pipe: Pipe, source: string, chunkBytes: number, ms: number, control?: (sent: Parcel) => void): void {
  let told = -1;
  for (const end = pipe.now + ms; pipe.now < end; pipe.step()) {
    if (pipe.writables !== told) {
      told = pipe.writables;
      for (let room = pipe.scheduler.writable(source); room >= 4 * KIB; room = pipe.scheduler.writable(source)) {
        pipe.send('bulk', source, Math.min(room, chunkBytes));
      }
    }
    if (control !== undefined && pipe.now % 100 === 0) control(pipe.send('control', 'link', 100));
  }
}

function percentile(values: number[], share: number): number {
  return values.sort((a, b) => a - b)[Math.ceil(values.length * share) - 1] as number;
}

const delays = (sent: readonly Parcel[]): number[] => sent.map(({ sentAt, leftAt = Infinity }) => leftAt - sentAt);

describe('a send scheduler', () => {
  test('everything leaves, each source in its order within a priority, whatever is sent when', () => {
    fc.assert(
      fc.property(
        parcels,
        fc.constantFrom(20, SLOW, 5_000),
        fc.constantFrom(0, 2, 30),
        (plan, bytesPerMs, reportMs) => {
          const pipe = new Pipe({ bytesPerMs, reportMs });
          for (const { priority, source, bytes, waitMs } of plan) {
            pipe.send(priority, source, bytes);
            pipe.run(waitMs);
          }
          const total = plan.reduce((sum, { bytes }) => sum + bytes, 0);
          pipe.run(2 * Math.ceil(total / bytesPerMs) + 40 * (plan.length + 1));
          expect(pipe.written).toHaveLength(plan.length);
          expect(pipe.scheduler.waitingBytes).toBe(0);
          expect(pipe.dropped).toEqual([]);
          for (const priority of PRIORITIES) {
            for (const source of ['gossip', 'routing', 'transfer']) {
              const numbers = pipe.written
                .filter((parcel) => parcel.priority === priority && parcel.source === source)
                .map(({ number }) => number);
              expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('control is never behind more than a high mark of bulk and half of one, or a longer frame', () => {
    fc.assert(
      fc.property(parcels, fc.constantFrom(20, SLOW, 5_000), (plan, bytesPerMs) => {
        const pipe = new Pipe({ bytesPerMs });
        let mark = 0;
        for (const { priority, source, bytes, waitMs } of plan) {
          pipe.send(priority, source, bytes);
          for (let i = 0; i < waitMs; i++) {
            pipe.step();
            // What was handed over under a higher mark may still be in there.
            mark = Math.max(mark, pipe.scheduler.highMarkBytes);
          }
        }
        for (let i = 0; i < 10_000 && pipe.buffered > 0; i++) pipe.step();
        mark = Math.max(mark, pipe.scheduler.highMarkBytes);
        for (const { priority, ahead = 0 } of pipe.written) {
          if (priority === 'control') expect(ahead).toBeLessThanOrEqual(Math.max(mark, mark / 2 + 64 * KIB) + mark / 2);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('control in plenty does not stand in a queue where each message waits for a frame of bulk', () => {
    const pipe = new Pipe({ bytesPerMs: SLOW });
    keepPace(pipe, 'transfer', 16 * KIB, 3_000);
    for (let i = 0; i < 100; i++) {
      for (let n = 0; n < 3; n++) pipe.send('control', 'gossip', 60);
      keepPace(pipe, 'transfer', 16 * KIB, 200);
    }
    const control = pipe.sent.filter(({ priority, sentAt }) => priority === 'control' && sentAt < pipe.now - 1_000);
    expect(percentile(delays(control), 0.99)).toBeLessThan(350);
    // While it leaves, bulk waits for the word that it has left.
    expect(pipe.idleMs).toBeLessThan(0.01 * 100 * 200);
  });

  test('what waits is bounded for each source, the oldest goes; others lose nothing by it', () => {
    fc.assert(
      fc.property(parcels, (plan) => {
        const pipe = new Pipe({ bytesPerMs: 0, config: { maxSmallBytes: 8 * KIB, maxBulkBytes: 100 * KIB } });
        for (const { priority, source, bytes } of plan) {
          if (priority !== 'control') pipe.send(priority, source, bytes);
        }
        expect(pipe.scheduler.waitingBytes).toBeLessThanOrEqual(3 * (8 * KIB + 100 * KIB + 2 * 64 * KIB));
        for (const { number, source, priority } of pipe.dropped) {
          const later = pipe.sent.filter((one) => one.source === source && one.priority === priority);
          expect(later.some((one) => one.number > number)).toBe(true);
        }
      }),
    );
  });

  test('drops the oldest of a source with a limit of its own', () => {
    const pipe = new Pipe({ bytesPerMs: 0 });
    pipe.send('bulk', 'gossip', 64 * KIB);
    const datagrams = Array.from({ length: 10 }, () => pipe.send('small', 'datagram', KIB, { maxBytes: 4 * KIB }));
    pipe.send('small', 'gossip', KIB);
    expect(pipe.dropped).toEqual(datagrams.slice(0, 6));
  });

  test('what waits does not wait twice: anti-entropy sends again what has not left yet', () => {
    const pipe = new Pipe({ bytesPerMs: SLOW });
    pipe.send('bulk', 'transfer', 64 * KIB);
    for (let i = 0; i < 3; i++) for (const key of ['a', 'b']) pipe.send('bulk', 'gossip', KIB, { key });
    pipe.run(2_000);
    expect(pipe.written.map(({ number }) => number)).toEqual([0, 1, 2]);
    pipe.send('bulk', 'gossip', KIB, { key: 'a' });
    expect(pipe.written).toHaveLength(4);
  });

  test('small goes before bulk, control before both', () => {
    const pipe = new Pipe({ bytesPerMs: SLOW });
    for (let i = 0; i < 6; i++) pipe.send('bulk', 'gossip', 32 * KIB);
    for (let i = 0; i < 3; i++) pipe.send('small', 'gossip', 4 * KIB);
    pipe.send('control', 'link', 20);
    pipe.run(4_000);
    expect(pipe.written.map(({ priority }) => priority).join(' ')).toBe(
      'bulk bulk control small small small bulk bulk bulk bulk',
    );
  });

  test('sources that wait share the link by bytes, whatever the length of their frames', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 100, max: 60_000 }), { minLength: 2, maxLength: 5 }),
        fc.constantFrom(SLOW, 2_000),
        (lengths, bytesPerMs) => {
          const pipe = new Pipe({ bytesPerMs });
          const eachBytes = 1_000_000;
          lengths.forEach((bytes, source) => {
            for (let sent = 0; sent < eachBytes; sent += bytes) pipe.send('bulk', String(source), bytes);
          });
          pipe.run((eachBytes / 2 / bytesPerMs) * lengths.length);
          const share = lengths.map((_, source) =>
            pipe.written.filter((one) => one.source === String(source)).reduce((sum, { bytes }) => sum + bytes, 0),
          );
          // The first one found the link idle and filled it.
          const first = 64 * KIB;
          expect(Math.max(...share) - Math.min(...share)).toBeLessThanOrEqual(2 * Math.max(...lengths) + first);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('a link of 1 Mb/s under full load: control is there after 300 ms, and the link is never idle', () => {
    const pipe = new Pipe({ bytesPerMs: SLOW, reportMs: 10 });
    keepPace(pipe, 'transfer', 16 * KIB, 3_000);
    const control: Parcel[] = [];
    const began = pipe.written.reduce((sum, { bytes }) => sum + bytes, 0) - pipe.buffered;
    keepPace(pipe, 'transfer', 16 * KIB, 30_000, (parcel) => control.push(parcel));
    const drained = pipe.written.reduce((sum, { bytes }) => sum + bytes, 0) - pipe.buffered - began;
    pipe.run(1_000);
    expect(pipe.scheduler.highMarkBytes).toBe(MIN_FRAME_BYTES);
    expect(percentile(delays(control), 0.95)).toBeLessThan(300);
    expect(drained).toBeGreaterThan(0.98 * 30_000 * SLOW);
  });

  test.each([
    [SLOW, 16_384],
    [1_250, 125_000],
    [12_500, 1_250_000],
    [40_000, 4_000_000],
    [100_000, 4_194_304],
  ])('finds the rate of %i bytes a ms, from whatever it was before', (bytesPerMs, mark) => {
    for (const before of [SLOW, 40_000]) {
      const pipe = new Pipe({ bytesPerMs: before });
      keepPace(pipe, 'transfer', 64 * KIB, 2_000);
      pipe.bytesPerMs = bytesPerMs;
      keepPace(pipe, 'transfer', 64 * KIB, 40_000);
      expect(pipe.scheduler.highMarkBytes).toBeGreaterThan(0.8 * mark);
      expect(pipe.scheduler.highMarkBytes).toBeLessThan(1.3 * mark);
    }
  });

  test('a source that keeps pace gets its share of a link that another one has filled', () => {
    const pipe = new Pipe({ bytesPerMs: 1_250 });
    for (let i = 0; i < 100; i++) pipe.send('bulk', 'gossip', 40 * KIB);
    keepPace(pipe, 'transfer', 16 * KIB, 2_000);
    const bytes = pipe.written.filter(({ source }) => source === 'transfer').reduce((sum, one) => sum + one.bytes, 0);
    expect(bytes).toBeGreaterThan(0.4 * 2_000 * 1_250);
  });

  test('a link that never has to wait is asked about once in 32 KiB, and one with little traffic not at all', () => {
    const pipe = new Pipe({ bytesPerMs: 1e9 });
    for (let i = 0; i < 30; i++) pipe.send('small', 'gossip', KIB);
    expect(pipe.questions).toBe(0);
    for (let i = 0; i < 1_000; i++) {
      pipe.send('small', 'gossip', KIB);
      pipe.run(3);
    }
    expect(pipe.questions).toBeLessThanOrEqual(33);
    expect(delays(pipe.sent.slice(30))).toEqual(Array.from({ length: 1_000 }, () => 1));
  });

  test('control that cannot leave: the link is given up, once, and no sooner', () => {
    const pipe = new Pipe({ bytesPerMs: 0 });
    const ping = (seconds: number): void => {
      for (let i = 0; i < seconds; i++) {
        pipe.now += 1_000;
        pipe.send('control', 'link', 100);
      }
    };
    for (let i = 0; i < 320; i++) pipe.send('control', 'topology', KIB);
    ping(9);
    expect(pipe.stuck).toBe(0);
    ping(9);
    expect(pipe.stuck).toBe(1);
  });

  test('too much control: the link is given up, whatever the time', () => {
    const pipe = new Pipe({ bytesPerMs: 0 });
    for (let i = 0; i < 1_300; i++) pipe.send('control', 'topology', KIB);
    expect(pipe.stuck).toBe(0);
    for (let i = 0; i < 100; i++) pipe.send('control', 'topology', KIB);
    expect(pipe.stuck).toBe(1);
  });

  test('full of content it is not given up: what waits leaves once the transport drains again', () => {
    const pipe = new Pipe({ bytesPerMs: 0 });
    for (let i = 0; i < 40; i++) pipe.send('bulk', 'gossip', 60 * KIB);
    for (let i = 0; i < 60; i++) {
      pipe.now += 1_000;
      pipe.send('control', 'link', 100);
    }
    expect(pipe.stuck).toBe(0);
    pipe.bytesPerMs = 1_000;
    pipe.run(4_000);
    expect(pipe.written).toHaveLength(100);
  });

  test('an answer that nobody asked for changes nothing', () => {
    const pipe = new Pipe({ bytesPerMs: 0 });
    pipe.feed({ type: 'drained', bytes: 0, control: 0, from: 0 });
    expect([pipe.written, pipe.writables]).toEqual([[], 0]);
  });
});
