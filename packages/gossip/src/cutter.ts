import type { Millis } from '@peerpigeon/core';
import type { ShortId } from './recent.js';

/** So many messages tell how many there are a second. */
const SAMPLES = 16;

/**
 * Which messages may cut links off a tree. Two at once, on their way from different authors, would cut a circle at two places
 * and leave the tree in pieces. So after a quiet time the first one may, alone for some time; and of many messages some may,
 * about one in that time. Their ids tell which, so that peers agree.
 */
export class Cutter {
  private readonly times: Millis[] = [];
  private readonly turnMs: Millis;
  private first: { readonly id: ShortId; readonly at: Millis } | undefined;

  constructor(turnMs: Millis) {
    this.turnMs = turnMs;
  }

  /** The first copy of a message came. */
  note(id: ShortId, now: Millis): void {
    const { times, turnMs } = this;
    const last = times[times.length - 1];
    if (last === undefined || last + turnMs <= now) this.first = { id, at: now };
    times.push(now);
    if (times.length > SAMPLES) times.shift();
  }

  /** Whether message `id` may. */
  mayCut(id: ShortId, now: Millis): boolean {
    const { times, first, turnMs } = this;
    if (first !== undefined && first.at + turnMs > now) return first.id === id;
    const meanMs = (now - (times[0] ?? now)) / Math.max(1, times.length - 1);
    return parseInt(id.slice(0, 8), 16) / 0x1_0000_0000 < meanMs / turnMs;
  }
}
