import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Event } from './event.js';
import type { Leases } from './leases.js';
import type { Output } from './output.js';
import type { Key } from './record.js';
import type { Region } from './region.js';
import type { Shelf, Store } from './store.js';

/** What the parts of a node share: the time and the outputs of the input in hand, what it knows, and what it holds. */
export interface Context {
  readonly config: Config;
  readonly self: PeerId;
  readonly region: Region;
  readonly store: Store;
  readonly leases: Leases;
  /** Links with these are ready. */
  readonly links: ReadonlySet<PeerId>;
  readonly now: Millis;
  /** Our own wall clock, ms since 1970. */
  readonly wall: Millis;
  put(output: Output): void;
  emit(event: Event): void;
  /** Asks to be called at this time, or before. */
  wake(at: Millis): void;
  /** A key is held no more, here and in storage. */
  forget(shelf: Shelf): void;
  /** Storage is to keep what is held of a key and author; calls back once it does, or cannot. At once where it need not last. */
  persist(key: Key, author: PeerId, done: (ok: boolean) => void): void;
}
