import type { Clock } from '@peerpigeon/mesh';
import { systemClock } from '../src/adapters/system-clock.js';

/** The system's clock, which counts the timers that wait. */
export class CountingClock implements Clock {
  waiting = 0;
  private readonly clock = systemClock();

  now(): number {
    return this.clock.now();
  }

  wall(): number {
    return this.clock.wall();
  }

  after(delayMs: number, callback: () => void): () => void {
    this.waiting++;
    let isWaiting = true;
    const end = (): void => {
      if (isWaiting) this.waiting--;
      isWaiting = false;
    };
    const cancel = this.clock.after(delayMs, () => {
      end();
      callback();
    });
    return () => {
      end();
      cancel();
    };
  }
}
