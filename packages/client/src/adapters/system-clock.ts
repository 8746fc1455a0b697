import type { Clock } from '@peerpigeon/mesh';

/** setTimeout's largest delay, in ms: a signed 32-bit number; above it fires at once (HTML, timers). */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The clock port over `performance.now`, `Date.now` and `setTimeout`. */
export function systemClock(): Clock {
  const now = (): number => performance.now();
  return {
    now,
    wall: () => Date.now(),
    after(delayMs, callback) {
      const due = now() + delayMs;
      let timer: ReturnType<typeof setTimeout>;
      const wait = (): void => {
        timer = setTimeout(fire, Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(due - now()))));
      };
      const fire = (): void => {
        // Node's timers may fire up to a millisecond early by this clock.
        if (now() < due) wait();
        else callback();
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
}
