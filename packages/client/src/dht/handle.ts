import { PeerPigeonError } from '@peerpigeon/core';
import { MAX_KEY_BYTES, MAX_REPLICAS, MAX_TTL_MS } from '@peerpigeon/dht';
import { ArgumentRangeError, ArgumentTypeError, checkInteger, checkType } from '../argument.js';
import type { DataType, Merged, Parts, Views } from './merged.js';
import type { MergedKeys } from './merged-keys.js';
import { checkKey } from './options.js';
import type { PartOptions } from './parts.js';
import type { Watch } from './watch.js';

/** Options of `mesh.dht.counter` and `mesh.dht.set`. */
export interface DhtMergedOptions extends PartOptions {
  /**
   * How long what this peer has said stays once it has left the mesh, in ms: 1 to 172,800,000 (48 h), default an hour. Until then
   * it is renewed.
   */
  readonly ttlMs?: number;
  /** How many peers shall hold it: 1 to 16, default 8. */
  readonly replicas?: number;
}

/** What counters and sets share. */
export abstract class Handle<Part, Value> {
  /** As it was given. */
  readonly key: string;
  private readonly name: string;
  private readonly type: DataType<Part>;
  private readonly keys: () => MergedKeys;
  private readonly options: DhtMergedOptions;
  private readonly watches = new Set<Watch<Value>>();
  private closed = false;

  /**
   * @param keys those of the mesh, as long as it is connected; else throws
   * @throws {TypeError} or {RangeError} for wrong arguments
   */
  constructor(key: string, type: DataType<Part>, keys: () => MergedKeys, options: DhtMergedOptions) {
    this.key = key;
    this.name = nameOf(type.kind, key);
    this.type = type;
    this.keys = keys;
    this.options = checkOptions(options);
  }

  /**
   * The present value, then each that differs. Who reads slowly gets the last one. Ends when it is left, with {@link close} and with
   * `disconnect()`; rejects if the first answer fails.
   */
  watch(): AsyncIterableIterator<Value> {
    const watch: Watch<Value> = this.merged.watch(this.views, () => this.watches.delete(watch));
    this.watches.add(watch);
    return watch;
  }

  /** Ends its watches; its methods throw `CLOSED` from now on. What it has stored stays. */
  close(): void {
    this.closed = true;
    for (const watch of this.watches) watch.end();
  }

  protected abstract readonly views: Views<Part, Value>;

  /** @throws {PeerPigeonError} as a get fails */
  protected async read(): Promise<Parts<Part>> {
    return this.merged.read();
  }

  /** As `Merged.edit`. */
  protected async edit(change: (parts: Parts<Part>, own: Part) => Part, looks: boolean): Promise<boolean> {
    return this.merged.edit({ change, looks, options: this.options });
  }

  /** Looked up each time: it may have given way to others. */
  private get merged(): Merged<Part> {
    if (this.closed) {
      const message = `this ${this.type.kind} was closed; get another one`;
      throw new PeerPigeonError('CLOSED', `dht: ${JSON.stringify(this.key)}: ${message}`, {
        details: { key: this.key },
      });
    }
    return this.keys().get(this.name, this.type);
  }
}

/** The name of its parts: a counter and a set of the same key have nothing in common. */
function nameOf(kind: string, key: string): string {
  const name = `${kind}/${checkKey(key)}`;
  const bytes = new TextEncoder().encode(name).length;
  if (bytes <= MAX_KEY_BYTES) return name;
  const extra = kind.length + 1;
  const most = MAX_KEY_BYTES - extra;
  throw new ArgumentRangeError(`key: expected 1 to ${most} bytes of UTF-8 for a ${kind}, got ${bytes - extra}`);
}

function checkOptions(options: DhtMergedOptions): DhtMergedOptions {
  checkType('options', options, 'object');
  for (const name of Object.keys(options)) {
    if (name !== 'ttlMs' && name !== 'replicas') throw new ArgumentTypeError(`options.${name}: no such option`);
  }
  const { ttlMs, replicas } = options;
  if (ttlMs !== undefined) checkInteger('ttlMs', ttlMs, 1, MAX_TTL_MS);
  if (replicas !== undefined) checkInteger('replicas', replicas, 1, MAX_REPLICAS);
  return { ...options };
}
