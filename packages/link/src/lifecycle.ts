import { assert } from '@peerpigeon/core';
import type { CloseReason, Event } from './event.js';
import type { Output } from './output.js';
import { TRANSITIONS } from './state.js';
import type { State } from './state.js';

/** Where a link stands, and its one end. */
export class Lifecycle {
  private now: State = { name: 'new' };

  get state(): State {
    return this.now;
  }

  /** Whether messages flow. */
  get isReady(): boolean {
    return this.now.name === 'ready' || this.isSilent;
  }

  /** Whether nothing has been heard for a while. */
  get isSilent(): boolean {
    return this.now.name === 'degraded' || this.now.name === 'reconnecting';
  }

  /** Whether the channels are open. */
  get isOpen(): boolean {
    return this.isReady || this.now.name === 'hello' || this.now.name === 'proof';
  }

  /** Passes to `next`. @throws {AssertionError} when the table has no such transition */
  enter(next: State): void {
    assert(TRANSITIONS[this.now.name].includes(next.name), `no transition from ${this.now.name} to ${next.name}`);
    this.now = next;
  }

  /** Ends with a `closed` event. */
  close(reason: CloseReason | (string & {}), initiator: 'local' | 'remote' | 'network', out: Output[]): void {
    this.finish({ type: 'closed', reason, wasReady: this.isReady, initiator }, out);
  }

  /** Ends with `last`. */
  finish(last: Event, out: Output[]): void {
    this.enter({ name: 'closed' });
    out.push({ type: 'event', event: last });
  }
}
