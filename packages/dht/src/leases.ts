import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Lease } from './message.js';
import { keyId } from './record.js';
import type { Key } from './record.js';

/** The leases of one key. */
interface Book {
  readonly key: Key;
  /** Subscriber → until when. */
  readonly until: Map<PeerId, Millis>;
  /** Who has them too, as far as is known here. */
  holders: ReadonlySet<PeerId>;
}

/** Who is told of changes of which key, and until when. */
export class Leases {
  private readonly config: Pick<Config, 'maxLeases' | 'maxLeasesPerKey'>;
  private readonly keys = new Map<PeerId, Book>();
  private count = 0;
  private nextEnd: Millis = Infinity;

  constructor(config: Pick<Config, 'maxLeases' | 'maxLeasesPerKey'>) {
    this.config = config;
  }

  /** How many leases. */
  get size(): number {
    return this.count;
  }

  /** When one ends. */
  get nextAt(): Millis {
    return this.nextEnd;
  }

  /** Grants or renews one; 0 ms ends it. `holders` have it too. False: there is no room for it. */
  grant(key: Key, { subscriber, leftMs }: Lease, holders: readonly PeerId[], now: Millis): boolean {
    const id = keyId(key);
    const book = this.keys.get(id) ?? { key, until: new Map<PeerId, Millis>(), holders: new Set() };
    const { maxLeases, maxLeasesPerKey } = this.config;
    const isNew = !book.until.has(subscriber);
    if (leftMs <= 0) {
      if (book.until.delete(subscriber)) this.count--;
      if (book.until.size === 0) this.keys.delete(id);
      return true;
    }
    if (isNew && (this.count >= maxLeases || book.until.size >= maxLeasesPerKey)) return false;
    book.until.set(subscriber, now + leftMs);
    book.holders = new Set(holders);
    this.keys.set(id, book);
    if (isNew) this.count++;
    this.nextEnd = Math.min(this.nextEnd, now + leftMs);
    return true;
  }

  /** The leases of a key that have not ended. */
  of(id: PeerId, now: Millis): Lease[] {
    const living = [...(this.keys.get(id)?.until ?? [])].filter(([, until]) => until > now);
    return living.map(([subscriber, until]) => ({ subscriber, leftMs: Math.round(until - now) }));
  }

  /** The keys that there are leases of, and who else has them. */
  all(): Iterable<readonly [PeerId, { readonly key: Key; holders: ReadonlySet<PeerId> }]> {
    return this.keys;
  }

  /** Forgets those that have ended. */
  sweep(now: Millis): void {
    if (this.nextEnd > now) return;
    this.nextEnd = Infinity;
    for (const [id, { until: leases }] of this.keys) {
      for (const [subscriber, until] of leases) {
        if (until > now) this.nextEnd = Math.min(this.nextEnd, until);
        else if (leases.delete(subscriber)) this.count--;
      }
      if (leases.size === 0) this.keys.delete(id);
    }
  }

  clear(): void {
    this.keys.clear();
    this.count = 0;
    this.nextEnd = Infinity;
  }
}
