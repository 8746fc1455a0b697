import { assert } from '@peerpigeon/core';
import type { Clock } from '../ports.js';
import { equal, quiet, until, type Conformance, type Turn } from './conformance.js';

/** A clock to judge, and what makes time pass. */
export interface ClockFixture {
  readonly clock: Clock;
  readonly turn: Turn;
}

/** What every {@link Clock} keeps. */
export function clockConformance(make: () => ClockFixture): Conformance[] {
  return [
    {
      name: 'now() never runs backwards, and goes on',
      run: async () => {
        const { clock, turn } = make();
        const start = clock.now();
        let last = start;
        await until(
          turn,
          () => {
            assert(clock.now() >= last, 'now() ran backwards');
            last = clock.now();
            return last > start;
          },
          'time to pass',
        );
      },
    },
    {
      name: 'wall() is milliseconds since 1970',
      run: async () => {
        const wall = make().clock.wall();
        assert(Number.isFinite(wall) && wall > 1e12, `expected milliseconds since 1970, got ${wall}`);
      },
    },
    {
      name: 'after() calls back once, not from within, and not early',
      run: async () => {
        const { clock, turn } = make();
        const due = clock.now() + 20;
        const fired: number[] = [];
        clock.after(20, () => fired.push(clock.now()));
        equal(fired.length, 0, 'calls from within after()');
        await until(turn, () => fired.length > 0, 'the callback');
        assert((fired[0] as number) >= due, `called ${due - (fired[0] as number)} ms early`);
        await quiet(turn);
        equal(fired.length, 1, 'calls');
      },
    },
    {
      name: 'after(0) calls back, not from within',
      run: async () => {
        const { clock, turn } = make();
        let fired = false;
        clock.after(0, () => (fired = true));
        assert(!fired, 'called from within after()');
        await until(turn, () => fired, 'the callback');
      },
    },
    {
      name: 'a cancelled one is not called; to cancel again, or too late, is harmless',
      run: async () => {
        const { clock, turn } = make();
        const fired: string[] = [];
        const cancel = clock.after(5, () => fired.push('cancelled'));
        cancel();
        cancel();
        const tooLate = clock.after(20, () => fired.push('kept'));
        await until(turn, () => fired.length > 0, 'the callback');
        tooLate();
        await quiet(turn);
        equal(fired, ['kept'], 'callbacks');
      },
    },
    {
      name: 'of two the earlier one comes first',
      run: async () => {
        const { clock, turn } = make();
        const fired: number[] = [];
        clock.after(40, () => fired.push(40));
        clock.after(5, () => fired.push(5));
        await until(turn, () => fired.length === 2, 'both callbacks');
        equal(fired, [5, 40], 'order');
      },
    },
  ];
}
