import type { Millis, PeerId } from '@peerpigeon/core';
import { runOf } from './author.js';
import type { Config } from './config.js';
import type { MessageEvent } from './event.js';
import { contains } from './ranges.js';
import type { RangeList } from './ranges.js';

/** Messages that wait in one run of an author. */
interface Line {
  readonly peer: PeerId;
  readonly epoch: number;
  /** The sequence number to be shown next; undefined until it is known where this peer came in. */
  next: number | undefined;
  readonly waiting: Map<number, { readonly event: MessageEvent; readonly at: Millis }>;
}

/** What is to be shown, and what is not waited for any longer. */
export interface Turn {
  readonly shown: MessageEvent[];
  readonly skipped: {
    readonly peer: PeerId;
    readonly epoch: number;
    readonly fromSeq: number;
    readonly toSeq: number;
  }[];
}

/**
 * First in, first out, for each author: a message waits for the earlier ones of its author, bounded in number, bytes and time;
 * over what does not come it goes on. What comes after that is not shown: it would be out of order.
 */
export class Order {
  private readonly lines = new Map<string, Line>();
  private readonly config: Config;
  private count = 0;
  private bytes = 0;

  constructor(config: Config) {
    this.config = config;
  }

  /** How many messages wait. */
  get size(): number {
    return this.count;
  }

  /** A message came. */
  put(event: MessageEvent, now: Millis): Turn {
    const turn: Turn = { shown: [], skipped: [] };
    const { from, epoch, seq } = event.envelope;
    const line = this.line(from, epoch, seq, turn);
    if (line.next !== undefined && seq < line.next) return turn;
    line.waiting.set(seq, { event, at: now });
    this.count++;
    this.bytes += event.envelope.content.length;
    this.drain(line, turn);
    while (this.isFull() && line.waiting.size > 0) this.leap(line, turn);
    return turn;
  }

  /** When `event`, if it still waits, is to be shown at the latest. */
  dueAt({ envelope: { from, epoch, seq } }: MessageEvent): Millis | undefined {
    const line = this.lines.get(runOf(from, epoch));
    const held = line?.waiting.get(seq);
    return line === undefined || held === undefined ? undefined : held.at + this.patienceMs(line);
  }

  /** Messages that do not come after all. */
  giveUp(peer: PeerId, epoch: number, ranges: RangeList): Turn {
    const turn: Turn = { shown: [], skipped: [] };
    const line = this.lines.get(runOf(peer, epoch));
    if (line === undefined) return turn;
    if (line.next === undefined) {
      const lowest = lowestOf(line);
      if (lowest !== undefined && contains(ranges, lowest - 1)) line.next = lowest;
      this.drain(line, turn);
    }
    for (const [from, to] of ranges) {
      if (line.next === undefined || from > line.next || to < line.next) continue;
      line.next = to + 1;
      this.drain(line, turn);
    }
    return turn;
  }

  /** Goes on where the wait is over. */
  expire(now: Millis): Turn {
    const turn: Turn = { shown: [], skipped: [] };
    for (const line of this.lines.values()) {
      for (;;) {
        const lowest = lowestOf(line);
        const held = lowest === undefined ? undefined : line.waiting.get(lowest);
        if (held === undefined || held.at + this.patienceMs(line) > now) break;
        this.leap(line, turn);
      }
    }
    return turn;
  }

  private patienceMs(line: Line): Millis {
    return line.next === undefined ? this.config.orderFirstMs : this.config.orderMaxMs;
  }

  private isFull(): boolean {
    return this.count > this.config.orderMaxMessages || this.bytes > this.config.orderMaxBytes;
  }

  /** Over the gap before the lowest that waits. */
  private leap(line: Line, turn: Turn): void {
    const lowest = lowestOf(line) as number;
    const { peer, epoch, next } = line;
    if (next !== undefined) turn.skipped.push({ peer, epoch, fromSeq: next, toSeq: lowest - 1 });
    line.next = lowest;
    this.drain(line, turn);
  }

  private drain(line: Line, turn: Turn): void {
    while (line.next !== undefined) {
      const held = line.waiting.get(line.next);
      if (held === undefined) return;
      line.waiting.delete(line.next++);
      this.count--;
      this.bytes -= held.event.envelope.content.length;
      turn.shown.push(held.event);
    }
  }

  private line(peer: PeerId, epoch: number, seq: number, turn: Turn): Line {
    const run = runOf(peer, epoch);
    let line = this.lines.get(run);
    if (line === undefined) {
      const [oldest] = this.lines;
      if (oldest !== undefined && this.lines.size >= this.config.historyMaxAuthors) {
        while (oldest[1].waiting.size > 0) this.leap(oldest[1], turn);
        this.lines.delete(oldest[0]);
      }
      line = { peer, epoch, next: seq === 1 ? 1 : undefined, waiting: new Map() };
    }
    this.lines.delete(run);
    this.lines.set(run, line);
    if (line.next === undefined && seq === 1) line.next = 1;
    return line;
  }
}

function lowestOf({ waiting }: Line): number | undefined {
  let lowest: number | undefined;
  for (const seq of waiting.keys()) if (lowest === undefined || seq < lowest) lowest = seq;
  return lowest;
}
