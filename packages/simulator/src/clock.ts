import { TimeHeap } from '@peerpigeon/core';
import type { Millis } from '@peerpigeon/core';

/**
 * The virtual clock: what is going to happen, in the order (time, seq). It stands still while something happens and
 * then jumps to the next. What happens is data; `happen` carries it out.
 */
export class VirtualClock<Happening> {
  private readonly heap = new TimeHeap<Happening>();
  private readonly happen: (happening: Happening) => void;
  private time: Millis = 0;

  constructor(happen: (happening: Happening) => void) {
    this.happen = happen;
  }

  /** Virtual milliseconds since the start. */
  get now(): Millis {
    return this.time;
  }

  /** How much waits to happen. */
  get waiting(): number {
    return this.heap.size;
  }

  /** Lets `happening` come about at `at`; what is due in the past comes now, after what is already due now. */
  at(at: Millis, happening: Happening): void {
    if (at === Infinity) return;
    this.heap.push(at > this.time ? at : this.time, happening);
  }

  /** Lets everything happen that is due until `until`, inclusive; the clock then shows `until`. */
  runUntil(until: Millis): void {
    const { heap } = this;
    for (let at = heap.nextAt; at <= until && heap.size > 0; at = heap.nextAt) {
      this.time = at;
      this.happen(heap.pop() as Happening);
    }
    if (until > this.time) this.time = until;
  }
}
