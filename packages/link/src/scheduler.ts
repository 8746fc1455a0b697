import type { Machine, Millis } from '@peerpigeon/core';
import type { Config } from './config.js';
import { DrainRate } from './drain-rate.js';
import { FairQueue } from './fair-queue.js';
import type { TransportEvent } from './transport.js';

/**
 * What goes first. `control`: what keeps links, the ring and trees alive, and acknowledgements; never held back. `small`:
 * content of some packets at most. `bulk`: the rest.
 */
export type Priority = 'control' | 'small' | 'bulk';

/** What can happen to a scheduler. */
export type SchedulerInput<Item> =
  /** Something is to be sent. Within a priority each `source` keeps its order, and sources share what there is. */
  | {
      readonly type: 'send';
      readonly priority: Priority;
      readonly source: string;
      /** About how long it is: what the transport says in the end counts. */
      readonly bytes: number;
      readonly item: Item;
      /** What it is: while such a one of its source waits, another is not added. */
      readonly key?: string | undefined;
      /** Bytes of its source that may wait; default `maxSmallBytes` or `maxBulkBytes`. Control has a limit of its own. */
      readonly maxBytes?: number;
    }
  /** The answer to `drain`, as the transport gives it. */
  | Extract<TransportEvent, { readonly type: 'drained' }>;

/** What a scheduler asks for. Carried out in order. */
export type SchedulerOutput<Item> =
  /** Hand it to the transport. */
  | { readonly type: 'write'; readonly item: Item }
  /** Tell `drained`, once, when at most `below` bytes are in the transport; at once if that is so. At most one is open. */
  | { readonly type: 'drain'; readonly below: number }
  /** Sources that were held back may send again: ask {@link SendScheduler.writable} how much. */
  | { readonly type: 'writable' }
  /** Its source had more than may wait; it was the oldest. */
  | { readonly type: 'dropped'; readonly item: Item }
  /** Control messages cannot leave: the link is of no use. Said once. */
  | { readonly type: 'stuck' };

/**
 * Who may send what over a link, and when (ARCHITECTURE.md, Sending): a pure queue before the transport's own, since what is
 * in there is out of reach. So much is handed over that the transport stays busy, and no more: a **high mark** of
 * `drainAheadMs` of what it drains, measured. Control messages go first and are handed over at once, so that one waits for at
 * most a high mark of others (half a mark and one frame, if that frame is longer).
 *
 * Bulk has a channel of its own, and the channels of a transport take turns message by message (SCTP without interleaving:
 * dcsctp, RFC 8260 §3), so that each message on the control channel may wait for one of bulk. Bulk that comes after is
 * therefore held back while more of them are in the transport than half a mark of such frames.
 *
 * How full the transport is it learns only when it asks (`drain`), once in half a high mark: an idle link costs nothing.
 */
export class SendScheduler<Item> implements Machine<SchedulerInput<Item>, SchedulerOutput<Item>> {
  private readonly config: Config;
  private readonly rate: DrainRate;
  /** Made when something has to wait: most links never need them. */
  private queues: Record<Priority, FairQueue<Item>> | undefined;
  /** Bytes in the transport at most: those of the last report, and those handed over since. */
  private outstanding = 0;
  /** Messages among them that went to the control channel, at most. */
  private onControl = 0;
  /** The question that is open: when it was asked, and what was handed over since. */
  private asked: { readonly at: Millis; written: number } | undefined;
  private heldBack = false;
  private isStuck = false;

  constructor(config: Config) {
    this.config = config;
    this.rate = new DrainRate(config.initialMarkBytes / config.drainAheadMs);
  }

  /** Bytes that the transport may hold, control messages apart. */
  get highMarkBytes(): number {
    const { drainAheadMs, minMarkBytes, maxMarkBytes } = this.config;
    return Math.min(maxMarkBytes, Math.max(minMarkBytes, Math.floor(this.rate.bytesPerMs * drainAheadMs)));
  }

  /** Bytes that wait here. */
  get waitingBytes(): number {
    const { queues } = this;
    return queues === undefined ? 0 : queues.control.bytes + queues.small.bytes + queues.bulk.bytes;
  }

  /**
   * How many bytes a source may send now so that they leave soon: what is left up to the high mark; and where others wait,
   * half a mark less what waits of itself, so that it gets its share. More is kept, up to a limit; a `writable` follows.
   */
  writable(source: string): number {
    const mark = this.highMarkBytes;
    const own = this.queues?.bulk.bytesOf(source) ?? 0;
    return Math.max(0, mark - this.outstanding - this.waitingBytes, mark / 2 - own);
  }

  handle(input: SchedulerInput<Item>, now: Millis, out: SchedulerOutput<Item>[]): void {
    if (input.type === 'send') this.send(input, now, out);
    else this.drained(input, now, out);
  }

  private send(
    input: Extract<SchedulerInput<Item>, { type: 'send' }>,
    now: Millis,
    out: SchedulerOutput<Item>[],
  ): void {
    const { priority, bytes, item } = input;
    if (!this.mustWait(priority) && this.hasRoom(priority, bytes)) this.write(priority, item, bytes, out);
    else this.enqueue(input, now, out);
    if (priority !== 'control' && this.outstanding + this.waitingBytes > this.highMarkBytes / 2) this.heldBack = true;
    this.ask(now, out);
  }

  /** Whether something waits that goes before a newcomer. */
  private mustWait(priority: Priority): boolean {
    const { queues } = this;
    if (queues === undefined) return false;
    if (queues.control.bytes > 0) return true;
    return priority !== 'control' && (queues.small.bytes > 0 || (priority === 'bulk' && queues.bulk.bytes > 0));
  }

  private hasRoom(priority: Priority, bytes: number): boolean {
    const mark = this.highMarkBytes;
    if (priority === 'control') return this.outstanding + bytes <= mark + this.config.maxControlAheadBytes;
    if (priority === 'bulk' && this.onControl * bytes > mark / 2) return false;
    // Whatever its length, once half of the mark is free, or else one that is longer than it would never leave.
    return this.outstanding + bytes <= mark || this.outstanding <= mark / 2;
  }

  private write(priority: Priority, item: Item, bytes: number, out: SchedulerOutput<Item>[]): void {
    this.outstanding += bytes;
    if (priority !== 'bulk') this.onControl++;
    if (this.asked !== undefined) this.asked.written += bytes;
    out.push({ type: 'write', item });
  }

  private enqueue(
    { priority, source, bytes, item, key, maxBytes }: Extract<SchedulerInput<Item>, { type: 'send' }>,
    now: Millis,
    out: SchedulerOutput<Item>[],
  ): void {
    this.queues ??= { control: new FairQueue(), small: new FairQueue(), bulk: new FairQueue() };
    const queue = this.queues[priority];
    queue.push(source, { item, bytes, since: now, ...(key !== undefined && { key }) });
    const { maxSmallBytes, maxBulkBytes } = this.config;
    if (priority === 'control') return this.checkControl(queue, now, out);
    const most = maxBytes ?? (priority === 'small' ? maxSmallBytes : maxBulkBytes);
    while (queue.bytesOf(source) > most) {
      const oldest = queue.dropOldest(source);
      if (oldest === undefined) return;
      out.push({ type: 'dropped', item: oldest.item });
    }
  }

  private checkControl(queue: FairQueue<Item>, now: Millis, out: SchedulerOutput<Item>[]): void {
    const { maxControlBytes, maxControlWaitMs } = this.config;
    const waitedMs = now - (queue.peek()?.since ?? now);
    if (this.isStuck || (queue.bytes <= maxControlBytes && waitedMs <= maxControlWaitMs)) return;
    this.isStuck = true;
    out.push({ type: 'stuck' });
  }

  private drained(
    { bytes, control, from }: Extract<SchedulerInput<Item>, { type: 'drained' }>,
    now: Millis,
    out: SchedulerOutput<Item>[],
  ): void {
    const { asked } = this;
    if (asked === undefined) return;
    this.asked = undefined;
    // While it was over the half of a mark it was busy all the time.
    this.rate.sample(Math.max(0, from + asked.written - bytes), now - asked.at, bytes === 0);
    this.outstanding = bytes;
    if (control === 0) this.onControl = 0;
    this.pump(out);
    this.ask(now, out);
    if (!this.heldBack) return;
    this.heldBack = this.outstanding + this.waitingBytes > this.highMarkBytes / 2;
    out.push({ type: 'writable' });
  }

  private pump(out: SchedulerOutput<Item>[]): void {
    const { queues } = this;
    if (queues === undefined) return;
    for (const priority of ['control', 'small', 'bulk'] as const) {
      const queue = queues[priority];
      for (let next = queue.peek(); next !== undefined; next = queue.peek()) {
        if (!this.hasRoom(priority, next.bytes)) return;
        queue.pop();
        this.write(priority, next.item, next.bytes, out);
      }
    }
    this.queues = undefined;
  }

  private ask(now: Millis, out: SchedulerOutput<Item>[]): void {
    const half = Math.floor(this.highMarkBytes / 2);
    if (this.asked !== undefined || (this.outstanding <= half && this.queues === undefined)) return;
    this.asked = { at: now, written: 0 };
    // Where bulk is held back for the control channel, half of what there is may be in the way still.
    out.push({ type: 'drain', below: Math.min(half, Math.floor(this.outstanding / 2)) });
  }
}
