import { TimeHeap } from '@peerpigeon/core';
import type { Millis } from '@peerpigeon/core';

/** Width of a slot of the far future, in ms: above most latencies, so that frames mostly go into the heap at once. Ours. */
const SLOT_MS = 128;

/** What is to happen in a later slot, in the order in which it was told. */
interface Later<Happening> {
  readonly at: Millis;
  readonly happening: Happening;
}

/**
 * The virtual clock: what is going to happen, in the order (time, seq). It stands still while something happens and
 * then jumps to the next. What happens is data; `happen` carries it out.
 *
 * Only what happens within the present slot of time is in a heap: it is small, whatever timers wait for later, by the million
 * in a large network. Those are put into the heap, in order, when their slot begins.
 */
export class VirtualClock<Happening> {
  private readonly heap = new TimeHeap<Happening>();
  private readonly slots = new Map<number, Later<Happening>[]>();
  /** The slots that hold anything, by number. */
  private readonly order = new TimeHeap<number>();
  private readonly happen: (happening: Happening) => void;
  private time: Millis = 0;
  /** The last slot whose happenings are in the heap. */
  private slot = 0;
  private later = 0;

  constructor(happen: (happening: Happening) => void) {
    this.happen = happen;
  }

  /** Virtual milliseconds since the start. */
  get now(): Millis {
    return this.time;
  }

  /** How much waits to happen. */
  get waiting(): number {
    return this.heap.size + this.later;
  }

  /** Lets `happening` come about at `at`; what is due in the past comes now, after what is already due now. */
  at(at: Millis, happening: Happening): void {
    if (at === Infinity) return;
    const due = at > this.time ? at : this.time;
    const slot = Math.floor(due / SLOT_MS);
    if (slot <= this.slot) {
      this.heap.push(due, happening);
      return;
    }
    this.later++;
    const slotted = this.slots.get(slot);
    if (slotted !== undefined) slotted.push({ at: due, happening });
    else {
      this.slots.set(slot, [{ at: due, happening }]);
      this.order.push(slot, slot);
    }
  }

  /** Lets everything happen that is due until `until`, inclusive; the clock then shows `until`. */
  runUntil(until: Millis): void {
    const { heap } = this;
    for (;;) {
      for (let at = heap.nextAt; at <= until && heap.size > 0; at = heap.nextAt) {
        this.time = at;
        this.happen(heap.pop() as Happening);
      }
      if (heap.size > 0 || this.order.nextAt * SLOT_MS > until || this.order.size === 0) break;
      this.enterNextSlot();
    }
    if (until > this.time) this.time = until;
  }

  private enterNextSlot(): void {
    this.slot = this.order.pop() as number;
    const slotted = this.slots.get(this.slot) as Later<Happening>[];
    this.slots.delete(this.slot);
    this.later -= slotted.length;
    for (const { at, happening } of slotted) this.heap.push(at, happening);
  }
}
