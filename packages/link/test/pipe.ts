import type { Millis } from '@peerpigeon/core';
import { SendScheduler, linkConfig } from '../src/index.js';
import type { Config, Priority, SchedulerOutput } from '../src/index.js';

/** What a test sends. */
export interface Parcel {
  readonly number: number;
  readonly priority: Priority;
  readonly source: string;
  readonly bytes: number;
  readonly sentAt: Millis;
  /** Bytes of bulk that the transport has sent when it was handed over. */
  bulkBefore?: number;
  /** And from then until its own last byte had left. */
  ahead?: number;
  /** When its last byte had left. */
  leftAt?: Millis;
}

export interface PipeOptions {
  /** What the transport drains. */
  readonly bytesPerMs: number;
  /** How long a report is on its way. */
  readonly reportMs?: Millis;
  readonly config?: Partial<Config>;
}

/** What is left of a parcel in the transport. */
interface Rest {
  readonly parcel: Parcel;
  left: number;
}

/**
 * A scheduler before a transport with two channels, which take turns message by message, and drain at a rate, step by step of
 * a millisecond.
 */
export class Pipe {
  now: Millis = 0;
  bytesPerMs: number;
  readonly config: Config;
  readonly scheduler: SendScheduler<Parcel>;
  readonly sent: Parcel[] = [];
  readonly written: Parcel[] = [];
  readonly dropped: Parcel[] = [];
  stuck = 0;
  questions = 0;
  writables = 0;
  /** Milliseconds in which something waited and the transport had nothing to do. */
  idleMs: Millis = 0;
  private readonly reportMs: Millis;
  private readonly lanes: readonly [Rest[], Rest[]] = [[], []];
  private sending: Rest | undefined;
  private turn: 0 | 1 = 0;
  private bulkSent = 0;
  private asked: { readonly below: number; readonly from: number } | undefined;
  private report: { readonly at: Millis; readonly bytes: number; readonly from: number } | undefined;

  constructor({ bytesPerMs, reportMs = 2, config = {} }: PipeOptions) {
    this.bytesPerMs = bytesPerMs;
    this.reportMs = reportMs;
    this.config = linkConfig(config);
    this.scheduler = new SendScheduler(this.config);
  }

  get buffered(): number {
    return this.bufferedOn(0) + this.bufferedOn(1);
  }

  send(priority: Priority, source: string, bytes: number, more: { maxBytes?: number; key?: string } = {}): Parcel {
    const parcel: Parcel = { number: this.sent.length, priority, source, bytes, sentAt: this.now };
    this.sent.push(parcel);
    this.feed({ type: 'send', priority, source, bytes, item: parcel, ...more });
    return parcel;
  }

  feed(input: Parameters<SendScheduler<Parcel>['handle']>[0]): void {
    const out: SchedulerOutput<Parcel>[] = [];
    this.scheduler.handle(input, this.now, out);
    for (const output of out) this.carryOut(output);
  }

  /** Lets a millisecond pass. */
  step(): void {
    this.now++;
    if (this.buffered === 0 && this.scheduler.waitingBytes > 0) this.idleMs++;
    for (let budget = this.bytesPerMs; budget > 0;) {
      const head = this.next();
      if (head === undefined) break;
      const part = Math.min(budget, head.left);
      head.left -= part;
      budget -= part;
      if (head.parcel.priority === 'bulk') this.bulkSent += part;
      if (head.left > 0) break;
      head.parcel.leftAt = this.now;
      head.parcel.ahead = this.bulkSent - (head.parcel.bulkBefore ?? 0);
      this.sending = undefined;
    }
    this.look();
    const { report } = this;
    if (report === undefined || report.at > this.now) return;
    this.report = undefined;
    this.feed({ type: 'drained', bytes: this.buffered, control: this.bufferedOn(0), from: report.from });
  }

  run(ms: Millis): void {
    for (const end = this.now + ms; this.now < end;) this.step();
  }

  private bufferedOn(lane: 0 | 1): number {
    const isOn = (rest: Rest | undefined): boolean => rest !== undefined && laneOf(rest.parcel) === lane;
    const head = isOn(this.sending) ? (this.sending?.left ?? 0) : 0;
    return this.lanes[lane].reduce((sum, { left }) => sum + left, head);
  }

  private next(): Rest | undefined {
    if (this.sending === undefined) {
      const first = this.lanes[this.turn].length > 0 ? this.turn : ((1 - this.turn) as 0 | 1);
      this.sending = this.lanes[first].shift();
      this.turn = (1 - first) as 0 | 1;
    }
    return this.sending;
  }

  private look(): void {
    if (this.asked === undefined || this.buffered > this.asked.below) return;
    this.report = { at: this.now + this.reportMs, bytes: this.buffered, from: this.asked.from };
    this.asked = undefined;
  }

  private carryOut(output: SchedulerOutput<Parcel>): void {
    switch (output.type) {
      case 'write': {
        const { item } = output;
        item.bulkBefore = this.bulkSent;
        this.written.push(item);
        this.lanes[laneOf(item)].push({ parcel: item, left: item.bytes });
        return;
      }
      case 'drain':
        this.questions++;
        this.asked = { below: output.below, from: this.buffered };
        return;
      case 'dropped':
        this.dropped.push(output.item);
        return;
      case 'stuck':
        this.stuck++;
        return;
      case 'writable':
        this.writables++;
    }
  }
}

function laneOf({ priority }: Parcel): 0 | 1 {
  return priority === 'bulk' ? 1 : 0;
}
