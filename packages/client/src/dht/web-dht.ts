import type { DhtCounter } from './counter.js';
import type { DhtNode, DhtStats } from './dht-node.js';
import type { DhtMergedOptions } from './handle.js';
import type { DhtDeleteOptions, DhtGetOptions, DhtOptions, DhtPutOptions } from './options.js';
import type { DhtSet } from './set.js';
import type { DhtEntry, DhtStored } from './values.js';
import type { WatchedValue } from './watch.js';

/**
 * The distributed hash table of a mesh: `mesh.dht`. Each value is held by the peers nearest to its key, wherever they are, and
 * handed on when these come and go. Keys are strings of 1 to 256 bytes of UTF-8; values plain data up to 1 MiB encoded, or as
 * many raw bytes. Whoever knows a key can read and write it.
 *
 * Every method throws or rejects with a {TypeError} or {RangeError} for wrong arguments, and with a {PeerPigeonError}:
 * `NOT_AVAILABLE` with `enableWebDHT: false`; `NOT_INITIALIZED`, `NOT_CONNECTED`; those that wait `TIMEOUT`, `ABORTED`,
 * `DISCONNECTED`, `UNREACHABLE` (too few holders answered), `BUSY`.
 * @example
 * const { version } = await mesh.dht.put('score', 1);
 * await mesh.dht.put('score', 2, { expectedVersion: version });
 * for await (const { value } of mesh.dht.watch('score')) show(value);
 */
export class WebDHT {
  private readonly node: (joined: boolean) => DhtNode;

  /** Of `mesh.dht`. */
  constructor(node: (joined: boolean) => DhtNode) {
    this.node = node;
  }

  /**
   * Stores a value, as a newer version than any that this peer knows of; resolves once enough holders have confirmed it.
   * @throws {PeerPigeonError} `CONFLICT` where `expectedVersion` is not the version there is (`details`: `{key, expectedVersion,
   *   version, value}`); `STORE_FULL` where the holders have no room
   */
  async put(key: string, value: unknown, options: DhtPutOptions = {}): Promise<DhtStored> {
    return this.node(true).put(key, value, options);
  }

  /** The same as {@link put}: subscribers are told of either. */
  async update(key: string, value: unknown, options: DhtPutOptions = {}): Promise<DhtStored> {
    return this.put(key, value, options);
  }

  /**
   * The newest value; null when there is none. `Value` is what you expect: content of others needs a check before use.
   * @throws {PeerPigeonError} `INCOMPLETE` where a part of a large value is gone; `MALFORMED` for what is no value
   */
  async get<Value = unknown>(key: string, options: DhtGetOptions = {}): Promise<Value | null> {
    return (await this.entry<Value>(key, options))?.value ?? null;
  }

  /** As {@link get}, and besides its version, who wrote it, and when it ends; null when there is none. */
  async entry<Value = unknown>(key: string, options: DhtGetOptions = {}): Promise<DhtEntry<Value> | null> {
    return (await this.node(true).entry(key, options)) as DhtEntry<Value> | null;
  }

  /** Removes a value for all; resolves as {@link put} does, also where there is none. @throws as {@link put} */
  async delete(key: string, options: DhtDeleteOptions = {}): Promise<DhtStored> {
    return this.node(true).delete(key, options);
  }

  /**
   * Has `dhtValueChanged` tell each change of the value from now on, one's own too, until {@link unsubscribe}, over
   * `disconnect()` as well; resolves to the present value, null when there is none. @throws as {@link get}
   */
  async subscribe<Value = unknown>(key: string, options: DhtOptions = {}): Promise<Value | null> {
    return (await this.node(true).subscribe(key, options)) as Value | null;
  }

  /** Ends that, at once; harmless when there is none. */
  async unsubscribe(key: string): Promise<void> {
    this.node(true).unsubscribe(key);
  }

  /**
   * The present value, if there is any, then each change, through a buffer of 64: when it is full the oldest is dropped. Ends when
   * it is left, and with `disconnect()`; rejects if the first answer fails.
   */
  watch<Value = unknown>(key: string): AsyncIterableIterator<WatchedValue<Value>> {
    return this.node(true).watch(key) as AsyncIterableIterator<WatchedValue<Value>>;
  }

  /** A number at which all peers count, at the same time. Its keys are its own, of 1 to 248 bytes. */
  counter(key: string, options: DhtMergedOptions = {}): DhtCounter {
    return this.node(true).counter(key, options, () => this.node(true).merged);
  }

  /** A set that all peers change, at the same time. Its keys are its own, of 1 to 252 bytes. */
  set<Element = unknown>(key: string, options: DhtMergedOptions = {}): DhtSet<Element> {
    return this.node(true).set(key, options, () => this.node(true).merged);
  }

  /** What this peer holds and has under way. */
  stats(): DhtStats {
    return this.node(false).stats();
  }
}
