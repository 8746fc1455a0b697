import { count, counted, decodeCounter, encodeCounter, NOTHING_COUNTED, type CounterPart } from '@peerpigeon/dht';
import { ArgumentRangeError, checkInteger } from '../argument.js';
import { Handle, type DhtMergedOptions } from './handle.js';
import type { DataType, Parts } from './merged.js';
import type { MergedKeys } from './merged-keys.js';

const COUNTER: DataType<CounterPart> = {
  kind: 'counter',
  empty: NOTHING_COUNTED,
  decode: decodeCounter,
  encode: encodeCounter,
  settle: (parts, self) => parts.get(self) ?? NOTHING_COUNTED,
  settles: () => false,
};

/**
 * A number that all peers count at, at the same time: `mesh.dht.counter(key)`. None of what they count is lost, as each has a share
 * of its own, and the value is the sum of all. A share lives for as long as its peer is in the mesh, and an hour (`ttlMs`) longer; one
 * that comes back with the same id goes on with it.
 * @example
 * const likes = mesh.dht.counter('likes');
 * await likes.add();
 * for await (const n of likes.watch()) show(n);
 */
export class DhtCounter extends Handle<CounterPart, number> {
  protected readonly views = { mark: (parts: Parts<CounterPart>): string => String(valueOf(parts)), make: valueOf };

  /** Of `mesh.dht`. */
  constructor(key: string, keys: () => MergedKeys, options: DhtMergedOptions) {
    super(key, COUNTER, keys, options);
  }

  /**
   * Adds an integer, default 1, below 0 as well; resolves once enough peers hold that. One that failed counts for nothing once
   * another one succeeds: try again. Several at once are stored together.
   * @throws {TypeError} or {RangeError} unless `n` is an integer in ±(2^53 − 1), or when all that this peer has added, or taken away,
   *   would be more; {PeerPigeonError} as `WebDHT.put`
   */
  async add(n = 1): Promise<void> {
    checkInteger('n', n, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    await this.edit((_, own) => {
      try {
        return count(own, n);
      } catch (error) {
        throw error instanceof RangeError ? new ArgumentRangeError(error.message) : error;
      }
    }, false);
  }

  /** What it stands at: exact in ±(2^53 − 1), beyond that the nearest number. @throws {PeerPigeonError} as `WebDHT.get` */
  async value(): Promise<number> {
    return valueOf(await this.read());
  }
}

function valueOf(parts: Parts<CounterPart>): number {
  return counted(parts.values());
}
