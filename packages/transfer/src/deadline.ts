import type { Millis } from '@peerpigeon/core';
import type { Handle, Output } from './output.js';

/** The one timer of a transfer that is not stale. It is asked for again when it fires, so that deadlines may move freely. */
export class Deadline {
  private readonly transfer: Handle;
  private at: Millis = Infinity;

  constructor(transfer: Handle) {
    this.transfer = transfer;
  }

  /** Sees to it that the timer fires at `at` or before. */
  by(at: Millis, out: Output[]): void {
    if (at >= this.at) return;
    this.at = at;
    out.push({ type: 'timer', at, timer: { type: 'due', transfer: this.transfer } });
  }

  /** A timer has fired: whether it is the one waited for. */
  fired(now: Millis): boolean {
    if (now < this.at) return false;
    this.at = Infinity;
    return true;
  }
}
