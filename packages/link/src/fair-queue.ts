import type { Millis } from '@peerpigeon/core';

/** Sources that are remembered at most; idle ones are forgotten first. Ours, far above the protocols of a mesh. */
const MAX_SOURCES = 64;

/** Something that waits to be sent. */
export interface Waiting<Item> {
  readonly item: Item;
  readonly bytes: number;
  /** When it came. */
  readonly since: Millis;
  /** What it is, if it need not wait twice. */
  readonly key?: string;
}

/** What waits of one source, first in, first out. */
interface Source<Item> {
  items: Waiting<Item>[];
  /** The index of the first one that still waits. */
  head: number;
  bytes: number;
  readonly keys: Set<string>;
  /** Its turn: the source with the lowest one is next, and each byte sent raises it by one. */
  turn: number;
}

/**
 * What waits of several sources. Each keeps its order; what leaves is shared among those that wait equally by bytes,
 * whatever the sizes of their items and how many of them there are (start-time fair queueing: Goyal, Vin and Cheng, 1996).
 */
export class FairQueue<Item> {
  private readonly sources = new Map<string, Source<Item>>();
  /** The turn of what left last: whoever begins to wait begins here. */
  private turn = 0;
  private total = 0;

  /** Bytes that wait. */
  get bytes(): number {
    return this.total;
  }

  /** Bytes that wait of one source. */
  bytesOf(source: string): number {
    return this.sources.get(source)?.bytes ?? 0;
  }

  /** Lets something wait, unless what it is waits already. */
  push(source: string, waiting: Waiting<Item>): void {
    let entry = this.sources.get(source);
    if (entry === undefined) {
      if (this.sources.size >= MAX_SOURCES) this.forgetIdle();
      entry = { items: [], head: 0, bytes: 0, keys: new Set(), turn: this.turn };
      this.sources.set(source, entry);
    }
    if (waiting.key !== undefined) {
      if (entry.keys.has(waiting.key)) return;
      entry.keys.add(waiting.key);
    }
    if (entry.bytes === 0) entry.turn = Math.max(entry.turn, this.turn);
    entry.items.push(waiting);
    entry.bytes += waiting.bytes;
    this.total += waiting.bytes;
  }

  /** What is to leave next; undefined when nothing waits. It stays until {@link pop}. */
  peek(): Waiting<Item> | undefined {
    const source = this.next();
    return source?.items[source.head];
  }

  /** Takes what {@link peek} showed. */
  pop(): Waiting<Item> | undefined {
    const source = this.next();
    if (source === undefined) return undefined;
    this.turn = source.turn;
    const first = this.take(source);
    source.turn += first.bytes;
    return first;
  }

  /** Takes the oldest of a source out of the queue, without its turn; undefined when it is the only one. */
  dropOldest(source: string): Waiting<Item> | undefined {
    const entry = this.sources.get(source);
    return entry === undefined || entry.items.length - entry.head < 2 ? undefined : this.take(entry);
  }

  private next(): Source<Item> | undefined {
    let next: Source<Item> | undefined;
    for (const source of this.sources.values()) {
      if (source.head < source.items.length && (next === undefined || source.turn < next.turn)) next = source;
    }
    return next;
  }

  private take(source: Source<Item>): Waiting<Item> {
    const first = source.items[source.head++] as Waiting<Item>;
    if (first.key !== undefined) source.keys.delete(first.key);
    source.bytes -= first.bytes;
    this.total -= first.bytes;
    // So that nothing is held that has left, and taking stays O(1) on the average.
    if (2 * source.head >= source.items.length) {
      source.items = source.items.slice(source.head);
      source.head = 0;
    }
    return first;
  }

  private forgetIdle(): void {
    for (const [name, { items }] of this.sources) if (items.length === 0) this.sources.delete(name);
  }
}
