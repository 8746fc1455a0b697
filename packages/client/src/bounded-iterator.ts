/**
 * Async iteration over what is pushed, through a bounded buffer: when it is full the oldest goes, as whoever reads too slowly
 * wants what is new.
 */
export class BoundedIterator<T> implements AsyncIterableIterator<T> {
  private readonly capacity: number;
  private readonly onDropped: () => void;
  private readonly onEnd: (self: BoundedIterator<T>) => void;
  private readonly items: T[] = [];
  private readonly readers: ((result: IteratorResult<T, undefined>) => void)[] = [];
  private ended = false;

  /**
   * @param capacity how many items wait at most
   * @param onDropped called for each that gives way
   * @param onEnd called once it takes no more
   */
  constructor(capacity: number, onDropped: () => void, onEnd: (self: BoundedIterator<T>) => void) {
    this.capacity = capacity;
    this.onDropped = onDropped;
    this.onEnd = onEnd;
  }

  push(value: T): void {
    const reader = this.readers.shift();
    if (reader !== undefined) return reader({ value, done: false });
    if (this.items.length === this.capacity) {
      this.items.shift();
      this.onDropped();
    }
    this.items.push(value);
  }

  /** Takes no more; what waits can still be read. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const reader of this.readers.splice(0)) reader({ value: undefined, done: true });
    this.onEnd(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.items.length > 0) return Promise.resolve({ value: this.items.shift() as T, done: false });
    if (this.ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.readers.push(resolve));
  }

  /** A `for await` that is left calls it: ends, and forgets what waits. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.items.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }
}
