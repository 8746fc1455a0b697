import type { Millis } from './machine.js';

interface Entry<T> {
  readonly at: Millis;
  readonly seq: number;
  readonly value: T;
}

/** A binary min-heap ordered by (time, insertion): what is due first, and of equal times what was pushed first. */
export class TimeHeap<T> {
  private readonly entries: Entry<T>[] = [];
  private seq = 0;

  /** How many values wait. */
  get size(): number {
    return this.entries.length;
  }

  /** When the first value is due; Infinity when none waits. */
  get nextAt(): Millis {
    return this.entries.length === 0 ? Infinity : (this.entries[0] as Entry<T>).at;
  }

  /** Adds `value`, due at `at`. O(log n). */
  push(at: Millis, value: T): void {
    const entries = this.entries;
    const entry: Entry<T> = { at, seq: this.seq++, value };
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent] as Entry<T>;
      if (!before(entry, above)) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  /** Takes the value that is due first, or undefined when none waits. O(log n). */
  pop(): T | undefined {
    const entries = this.entries;
    const first = entries[0];
    if (first === undefined) return undefined;
    const last = entries.pop() as Entry<T>;
    const length = entries.length;
    if (length > 0) {
      let index = 0;
      for (;;) {
        const left = 2 * index + 1;
        if (left >= length) break;
        const right = left + 1;
        const child = right < length && before(entries[right] as Entry<T>, entries[left] as Entry<T>) ? right : left;
        const below = entries[child] as Entry<T>;
        if (!before(below, last)) break;
        entries[index] = below;
        index = child;
      }
      entries[index] = last;
    }
    return first.value;
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.length = 0;
  }
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq);
}
