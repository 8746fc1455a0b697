import { PeerPigeonError } from '@peerpigeon/core';
import type { Store } from '@peerpigeon/mesh';
import { CommitQueue, type Write } from './commit-queue.js';

/** What a database does beneath a {@link DurableStore}: it owns what it is given, and gives away what it returns. */
export interface Database {
  read(key: string): Promise<Uint8Array | undefined>;
  /** All of it or none. */
  commit(writes: readonly Write[]): Promise<void>;
  entries(): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  close(): Promise<void> | void;
  /** Why a call failed, by what it threw. */
  reason(error: unknown): StorageFailure;
}

/**
 * Why a storage could not do it: no room left, open in another process, deleted or closed from outside, or anything else
 * (`cause` tells).
 */
export type StorageFailure = 'full' | 'inUse' | 'lost' | 'failed';

/** What both databases share of the port: order, copies, `close`, typed errors. */
export class DurableStore implements Store {
  readonly durable = true;
  private readonly database: Database;
  private readonly writes: CommitQueue;
  private closing: Promise<void> | undefined;

  constructor(database: Database) {
    this.database = database;
    this.writes = new CommitQueue((writes) => this.attempt(() => database.commit(writes)));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.checkOpen();
    await this.writes.settled();
    return this.attempt(() => this.database.read(key));
  }

  async set(key: string, value: Uint8Array): Promise<void> {
    this.checkOpen();
    // Not slice(): that of a Buffer shares its memory. And a view alone is copied, not the frame beneath it.
    await this.writes.add([key, new Uint8Array(value)]);
  }

  async delete(key: string): Promise<void> {
    this.checkOpen();
    await this.writes.add([key, undefined]);
  }

  async *entries(): AsyncGenerator<readonly [key: string, value: Uint8Array]> {
    this.checkOpen();
    await this.writes.settled();
    try {
      for await (const entry of this.database.entries()) {
        this.checkOpen();
        yield entry;
      }
    } catch (error) {
      this.checkOpen();
      throw storageError(this.database.reason(error), error);
    }
  }

  close(): Promise<void> {
    this.closing ??= this.writes.settled().then(() => this.attempt(async () => this.database.close()));
    return this.closing;
  }

  private checkOpen(): void {
    if (this.closing !== undefined) throw new PeerPigeonError('CLOSED', 'the store was closed');
  }

  private async attempt<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      throw storageError(this.database.reason(error), error);
    }
  }
}

const WHAT: Record<StorageFailure, string> = {
  full: 'there is no room left for it',
  inUse: 'it is open in another process',
  lost: 'it was deleted or closed from outside',
  failed: 'see the cause',
};

export function storageError(reason: StorageFailure, cause: unknown): PeerPigeonError {
  return new PeerPigeonError('STORAGE_FAILED', `the storage failed: ${WHAT[reason]}`, { cause, details: { reason } });
}
