import type { Millis } from '@peerpigeon/core';

/** Callbacks at times of the monotonic clock, all of which can be dropped at once. */
export class Timers {
  private readonly handles = new Set<NodeJS.Timeout>();

  /** Calls back at `at` or later. */
  at(at: Millis, callback: () => void): void {
    const handle = setTimeout(
      () => {
        this.handles.delete(handle);
        // The platform's timers may be early by a fraction of a millisecond; ours never are.
        if (performance.now() < at) this.at(at, callback);
        // After a stall of the process signs of life may wait to be read: first they, then the timer that finds none.
        else setImmediate(callback);
      },
      Math.max(0, Math.ceil(at - performance.now())),
    );
    this.handles.add(handle);
  }

  clear(): void {
    for (const handle of this.handles) clearTimeout(handle);
    this.handles.clear();
  }
}
