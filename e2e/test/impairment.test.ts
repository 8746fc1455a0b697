import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Impairment, type Faults } from '../fixtures/impairment.js';

const MANY = 10_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Packets, numbered, one each `everyMs`; gives those that arrived, in order, and when. */
function send(faults: Faults, { count = MANY, everyMs = 1, seed = 1 } = {}): { packet: number; ms: number }[] {
  const path = new Impairment(faults, seed);
  const arrived: { packet: number; ms: number }[] = [];
  const began = performance.now();
  for (let packet = 0; packet < count; packet++) {
    path.take(() => arrived.push({ packet, ms: performance.now() - began - packet * everyMs }));
    vi.advanceTimersByTime(everyMs);
  }
  vi.runAllTimers();
  return arrived;
}

describe('a bad network path', () => {
  it('without faults passes everything on at once', () => {
    expect(send({}, { count: 100 })).toEqual(Array.from({ length: 100 }, (_, packet) => ({ packet, ms: 0 })));
  });

  it('loses the share that it is told, the same packets for the same seed', () => {
    const packets = (seed: number): number[] => send({ loss: 0.1 }, { seed }).map(({ packet }) => packet);
    const arrived = packets(7);
    expect(arrived.length / MANY).toBeGreaterThan(0.88);
    expect(arrived.length / MANY).toBeLessThan(0.92);
    expect(packets(7)).toEqual(arrived);
    expect(packets(8)).not.toEqual(arrived);
  });

  it('delays every packet alike, and keeps their order', () => {
    const arrived = send({ delayMs: 50 }, { count: 100 });
    expect(arrived).toEqual(Array.from({ length: 100 }, (_, packet) => ({ packet, ms: 50 })));
  });

  it('lets the share that it is told be overtaken', () => {
    const arrived = send({ delayMs: 50, reorder: 0.2, reorderMs: 10 });
    const late = arrived.filter(({ ms }) => ms > 50);
    expect(late.length / MANY).toBeGreaterThan(0.18);
    expect(late.length / MANY).toBeLessThan(0.22);
    expect(late.every(({ ms }) => ms === 60)).toBe(true);
    expect(arrived).toHaveLength(MANY);
    expect(arrived.every(({ packet }, at) => packet === at)).toBe(false);
  });

  it('in a blackhole loses everything until it ends, but not what is on its way', () => {
    const path = new Impairment({ delayMs: 50 }, 1);
    const arrived: string[] = [];
    path.take(() => arrived.push('before'));
    path.blackhole(1_000);
    path.take(() => arrived.push('at once'));
    vi.advanceTimersByTime(999);
    path.take(() => arrived.push('at the end'));
    vi.advanceTimersByTime(1);
    path.take(() => arrived.push('after'));
    vi.runAllTimers();
    expect(arrived).toEqual(['before', 'after']);
    expect(path.fates).toEqual({ passed: 2, lost: 2, overtaken: 0 });
  });

  it('takes other faults, and closed lets nothing arrive', () => {
    const path = new Impairment({ loss: 1 }, 1);
    const arrived: number[] = [];
    path.take(() => arrived.push(1));
    path.change({ delayMs: 10 });
    path.take(() => arrived.push(2));
    vi.runAllTimers();
    path.take(() => arrived.push(3));
    path.close();
    vi.runAllTimers();
    expect(arrived).toEqual([2]);
  });
});
