import type { PeerId } from '@peerpigeon/core';
import { BoundedIterator } from '../bounded-iterator.js';

/** What a watch gives: the present value first, if there is any, then each change. */
export interface WatchedValue<Value = unknown> {
  /** Null: it was deleted, or has expired. */
  readonly value: Value | null;
  readonly version: number;
  /** Who wrote it. */
  readonly from: PeerId;
}

/** Values that wait to be read; then the oldest is dropped. A guess: a burst, of 64 MiB at worst. */
const BUFFER_SIZE = 64;

/** An iteration over the values of a key, which may fail. */
export class Watch<Item = WatchedValue> implements AsyncIterableIterator<Item> {
  private readonly values: BoundedIterator<Item>;
  private ended = false;
  private failure: { readonly error: unknown } | undefined;

  /**
   * @param onEnd called once it takes no more
   * @param bufferSize how many wait to be read
   */
  constructor(onEnd: () => void, bufferSize = BUFFER_SIZE) {
    this.values = new BoundedIterator<Item>(
      bufferSize,
      () => {},
      () => {
        this.ended = true;
        onEnd();
      },
    );
  }

  /** Harmless once it has ended: large values may be a while on their way. */
  push(value: Item): void {
    if (!this.ended) this.values.push(value);
  }

  /** Ends; what waits can still be read. */
  end(): void {
    this.values.end();
  }

  /** Ends; the reader has this thrown, once. Harmless once it has ended. */
  fail(error: unknown): void {
    if (!this.ended) this.failure = { error };
    this.values.end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    const result = await this.values.next();
    const { failure } = this;
    if (result.done !== true || failure === undefined) return result;
    this.failure = undefined;
    throw failure.error;
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.failure = undefined;
    return this.values.return();
  }
}
