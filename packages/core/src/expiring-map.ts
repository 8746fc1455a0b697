import type { Millis } from './machine.js';

/** Bounds of an {@link ExpiringMap}. */
export interface ExpiringMapOptions {
  /** How many entries it holds at most; one more drops the oldest. */
  readonly maxEntries: number;
  /** How long an entry lives after it was last set, in ms; Infinity for ever. */
  readonly maxAgeMs: Millis;
}

interface Held<V> {
  value: V;
  expiresAt: Millis;
}

/**
 * A map bounded in number and age. Entries stand in the order in which they were last set, so that both bounds drop
 * from the front: every operation is O(1) amortised, and no timer is needed: callers pass the time.
 */
export class ExpiringMap<K, V> {
  private readonly entries = new Map<K, Held<V>>();
  private readonly options: ExpiringMapOptions;

  constructor(options: ExpiringMapOptions) {
    this.options = options;
  }

  /** Entries held, those included that are too old and not yet dropped. */
  get size(): number {
    return this.entries.size;
  }

  /** The value of `key`, or undefined when it is absent or too old. */
  get(key: K, now: Millis): V | undefined {
    const held = this.entries.get(key);
    return held !== undefined && held.expiresAt > now ? held.value : undefined;
  }

  /** Whether `key` is present and not too old. */
  has(key: K, now: Millis): boolean {
    const held = this.entries.get(key);
    return held !== undefined && held.expiresAt > now;
  }

  /** Sets `key`, which becomes the youngest entry, and drops what exceeds the bounds. */
  set(key: K, value: V, now: Millis): void {
    this.entries.delete(key);
    this.entries.set(key, { value, expiresAt: now + this.options.maxAgeMs });
    this.prune(now);
  }

  /** Removes `key`; tells whether it was there. */
  delete(key: K): boolean {
    return this.entries.delete(key);
  }

  /** Drops what is too old or too much. */
  prune(now: Millis): void {
    for (const [key, held] of this.entries) {
      if (held.expiresAt > now && this.entries.size <= this.options.maxEntries) return;
      this.entries.delete(key);
    }
  }

  /** Keys that are not too old, oldest first. */
  *keys(now: Millis): Iterable<K> {
    for (const [key, held] of this.entries) if (held.expiresAt > now) yield key;
  }

  /** Entries that are not too old, oldest first. */
  *live(now: Millis): Iterable<[K, V]> {
    for (const [key, held] of this.entries) if (held.expiresAt > now) yield [key, held.value];
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.clear();
  }
}
