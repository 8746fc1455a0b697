import type { Duplex } from 'node:stream';

/** What is written to a stream within one turn of the event loop leaves together, by one system call instead of one each. */
export class WriteBatch {
  private readonly held = new Set<Duplex>();

  /** Lets what is written to `stream` from here on wait for the end of this turn. */
  hold(stream: Duplex): void {
    if (this.held.has(stream)) return;
    stream.cork();
    this.held.add(stream);
    if (this.held.size === 1) process.nextTick(() => this.releaseAll());
  }

  /** Lets what waits leave at once, as far as the reader takes it. */
  release(stream: Duplex): void {
    if (this.held.delete(stream)) stream.uncork();
  }

  private releaseAll(): void {
    for (const stream of this.held) stream.uncork();
    this.held.clear();
  }
}
