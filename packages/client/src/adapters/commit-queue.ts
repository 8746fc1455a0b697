/** One write: a value for a key, or undefined to delete it. */
export type Write = readonly [key: string, value: Uint8Array | undefined];

/**
 * Group commit: while writes are being committed further ones gather, and go together next. So they keep their order over a
 * database that carries out its calls in any, and what one commit costs (a flush, a transaction) is shared.
 */
export class CommitQueue {
  private readonly commit: (writes: readonly Write[]) => Promise<void>;
  private gathering: { readonly writes: Write[]; readonly committed: Promise<void> } | undefined;
  private last: Promise<void> = Promise.resolve();

  /** @param commit carries writes out, all or none; never called before the one before has ended */
  constructor(commit: (writes: readonly Write[]) => Promise<void>) {
    this.commit = commit;
  }

  /** Resolves, or rejects, with the commit of which the write is part. */
  add(write: Write): Promise<void> {
    this.gathering ??= this.gather();
    this.gathering.writes.push(write);
    return this.gathering.committed;
  }

  /** Resolves when all writes so far have been committed or refused. */
  settled(): Promise<void> {
    return this.last;
  }

  private gather(): { readonly writes: Write[]; readonly committed: Promise<void> } {
    const writes: Write[] = [];
    const committed = this.last.then(() => {
      this.gathering = undefined;
      return this.commit(writes);
    });
    this.last = committed.catch(() => {
      // Whoever made the writes is told.
    });
    return { writes, committed };
  }
}
