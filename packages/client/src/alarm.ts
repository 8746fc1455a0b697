import { TimeHeap, type Millis } from '@peerpigeon/core';
import type { Clock } from '@peerpigeon/mesh';

/** A machine's timers on one timer of the clock: that of the one due first. */
export class Alarm<Timer> {
  private readonly clock: Clock;
  private readonly onDue: (timers: Timer[]) => void;
  private readonly timers = new TimeHeap<Timer>();
  private current: { readonly at: Millis; readonly cancel: () => void } | undefined;

  /** @param onDue gets what is due, in order; it calls {@link set} when it is done */
  constructor(clock: Clock, onDue: (timers: Timer[]) => void) {
    this.clock = clock;
    this.onDue = onDue;
  }

  /** Adds a timer; it rings after the next {@link set}. */
  push(at: Millis, timer: Timer): void {
    this.timers.push(at, timer);
  }

  /** Waits for whatever is due first now. */
  set(): void {
    const at = this.timers.nextAt;
    if (at === (this.current?.at ?? Infinity)) return;
    this.current?.cancel();
    this.current = undefined;
    if (at === Infinity) return;
    this.current = { at, cancel: this.clock.after(Math.max(0, at - this.clock.now()), () => this.ring()) };
  }

  /** Forgets every timer. */
  clear(): void {
    this.timers.clear();
    this.set();
  }

  private ring(): void {
    this.current = undefined;
    const now = this.clock.now();
    const due: Timer[] = [];
    while (this.timers.nextAt <= now) due.push(this.timers.pop() as Timer);
    this.onDue(due);
  }
}
