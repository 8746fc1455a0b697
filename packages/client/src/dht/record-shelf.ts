import { DecodeError, type Millis } from '@peerpigeon/core';
import { keptFromBytes, type Input, type Kept, type Output } from '@peerpigeon/dht';
import type { Storage, Store } from '@peerpigeon/mesh';

/** What a {@link RecordShelf} needs of its mesh. */
export interface ShelfHost {
  feed(input: Input): void;
  /** Milliseconds since 1970. */
  wall(): Millis;
  /** Each record that storage had. */
  restored(kept: Kept): void;
  /** Storage failed; the mesh goes on. */
  onError(message: string, error: unknown): void;
}

/** Records that are restored at a time. */
const BATCH = 256;

/** Keeps the records of this peer in a durable store: between `init()` or `connect()` and `disconnect()`. */
export class RecordShelf {
  /** Records that the store had: those that are valid yet, and those that could not be read. */
  readonly counts = { restored: 0, unreadable: 0 };
  private readonly storage: Storage;
  private readonly namespace: string;
  private readonly host: ShelfHost;
  private store: Store | undefined;
  private opening: Promise<void> | undefined;
  private closing: Promise<void> = Promise.resolve();
  private isRestored = false;

  constructor(storage: Storage, namespace: string, host: ShelfHost) {
    this.storage = storage;
    this.namespace = namespace;
    this.host = host;
  }

  /** Whether what is kept here outlives the process. */
  get durable(): boolean {
    return this.store?.durable ?? false;
  }

  /** Opens the store unless it is open. A store that fails is told of, and then nothing is kept. */
  async open(): Promise<void> {
    this.opening ??= this.openAnew();
    await this.opening;
  }

  /** Feeds what the store has, once. */
  async restore(): Promise<void> {
    const { store } = this;
    if (store === undefined || this.isRestored) return;
    this.isRestored = true;
    try {
      let batch: Kept[] = [];
      for await (const [name, bytes] of store.entries()) {
        const kept = this.read(bytes);
        if (kept === undefined) {
          void this.write(store, name, null);
          continue;
        }
        if (batch.push(kept) < BATCH) continue;
        this.feed(batch);
        batch = [];
      }
      this.feed(batch);
    } catch (error) {
      this.host.onError('the storage of the dht cannot be read', error);
    }
  }

  /** Carries out what the machine wants kept; says so when it is. */
  persist({ job, name, bytes }: Extract<Output, { readonly type: 'persist' }>): void {
    const { store } = this;
    if (store === undefined) return this.host.feed({ type: 'persisted', job, ok: false });
    void this.write(store, name, bytes).then((ok) => this.host.feed({ type: 'persisted', job, ok }));
  }

  /** Writes what waits, and lets the store go. Harmless when it is closed. */
  async close(): Promise<void> {
    const { opening } = this;
    this.opening = undefined;
    if (opening !== undefined) this.closing = opening.then(() => this.closeStore());
    await this.closing;
  }

  private async openAnew(): Promise<void> {
    await this.closing;
    try {
      const store = await this.storage.open(this.namespace);
      // What does not outlive the process the machine has in memory itself.
      if (store.durable) this.store = store;
      else await store.close();
    } catch (error) {
      this.host.onError('the storage of the dht cannot be opened', error);
    }
  }

  private async closeStore(): Promise<void> {
    const { store } = this;
    this.store = undefined;
    try {
      await store?.close();
    } catch (error) {
      this.host.onError('the storage of the dht cannot be closed', error);
    }
  }

  private feed(kept: readonly Kept[]): void {
    for (const each of kept) this.host.restored(each);
    this.counts.restored += kept.length;
    this.host.feed({ type: 'restore', kept });
  }

  /** Undefined for what is of no use any more. */
  private read(bytes: Uint8Array): Kept | undefined {
    try {
      const kept = keptFromBytes(bytes, this.host.wall());
      return kept.copy.leftMs > 0 ? kept : undefined;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.counts.unreadable++;
      return undefined;
    }
  }

  private async write(store: Store, name: string, bytes: Uint8Array | null): Promise<boolean> {
    try {
      await (bytes === null ? store.delete(name) : store.set(name, bytes));
      return true;
    } catch (error) {
      this.host.onError('the storage of the dht cannot be written', error);
      return false;
    }
  }
}
