import type { Clock } from '@peerpigeon/mesh';

interface Waiting {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still but for {@link advance}. */
export class VirtualClock implements Clock {
  private time = 0;
  private readonly waiting = new Set<Waiting>();

  now(): number {
    return this.time;
  }

  wall(): number {
    return 1_800_000_000_000 + this.time;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.time + delayMs, callback };
    this.waiting.add(timer);
    return () => this.waiting.delete(timer);
  }

  /** Lets time pass: timers ring in order, and what follows from each happens before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settled();
    for (let next = this.first(end); next !== undefined; next = this.first(end)) {
      this.waiting.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
      await settled();
    }
    this.time = end;
  }

  private first(end: number): Waiting | undefined {
    const due = [...this.waiting].filter(({ at }) => at <= end);
    return due.sort((a, b) => a.at - b.at)[0];
  }
}

/** A message there and back, each of which takes a turn of the event loop; and whatever that leads to. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
}
