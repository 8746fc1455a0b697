import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import { chunkName, compareRank, hashOf, keyId } from './record.js';
import type { Copy, DhtRecord, Key, Rank } from './record.js';

/** A record that is held. */
export interface Held extends Rank {
  readonly record: DhtRecord;
  /** When it is over, by our monotonic clock. */
  readonly endsAt: Millis;
}

/** All that is held of one key. */
export interface Shelf {
  readonly key: Key;
  /** Where it is among the ids. */
  readonly id: PeerId;
  readonly records: Map<PeerId, Held>;
  /** Who is known, or was said, to hold all of it, ourselves aside. */
  holders: Set<PeerId>;
  /** Peers that others take for holders by our word, and that did not answer us. */
  readonly owed: Set<PeerId>;
  /** When something in it last changed. */
  changedAt: Millis;
  /** An audit is under way: `holders` are those alone that have been heard. */
  audited: boolean;
}

/** What came of a record. */
export type Verdict =
  /** It is new here, or takes the place of an older one of its author. */
  | { readonly type: 'taken'; readonly shelf: Shelf; readonly held: Held; readonly former: Held | undefined }
  /** It was here, or its author has a newer one here. */
  | { readonly type: 'known'; readonly shelf: Shelf }
  /** There is no room for it. */
  | { readonly type: 'full' }
  /** No chunk of that name, or a version far ahead of every clock. */
  | { readonly type: 'wrong' };

/** How often what has expired is looked for, at most. A guess: reads do not show it anyway. */
const SWEEP_MS = 5_000;

/** What a node holds for the mesh, in memory: one record per key and author, bounded in number and bytes, for as long as they live. */
export class Store {
  private readonly config: Config;
  private readonly shelves = new Map<PeerId, Shelf>();
  private readonly usage = new Map<PeerId, { keys: number; bytes: number }>();
  private total = 0;
  private nextEnd: Millis = Infinity;
  private sweptAt: Millis = -Infinity;

  constructor(config: Config) {
    this.config = config;
  }

  /** How many keys. */
  get size(): number {
    return this.shelves.size;
  }

  /** Bytes of all values. */
  get bytes(): number {
    return this.total;
  }

  /** When something ends, or a little later. */
  get nextAt(): Millis {
    return Math.max(this.nextEnd, this.sweptAt + SWEEP_MS);
  }

  /** All keys, in no order. */
  all(): Iterable<Shelf> {
    return this.shelves.values();
  }

  shelf(id: PeerId): Shelf | undefined {
    return this.shelves.get(id);
  }

  /** The record that is a key's value: the first by rank, be it over or a tombstone. */
  top(id: PeerId): Held | undefined {
    let top: Held | undefined;
    for (const held of this.shelves.get(id)?.records.values() ?? []) {
      if (top === undefined || compareRank(held, top) > 0) top = held;
    }
    return top;
  }

  /** Takes a record in, unless a newer one of its author is there. */
  take(key: Key, { record, leftMs }: Copy, wall: Millis, now: Millis): Verdict {
    if (record.version > wall + this.config.maxAheadMs) return { type: 'wrong' };
    if (key.space === 'chunk' && (record.form !== 'plain' || chunkName(record.value) !== key.name)) {
      return { type: 'wrong' };
    }
    const id = keyId(key);
    const shelf: Shelf = this.shelves.get(id) ?? {
      key,
      id,
      records: new Map(),
      holders: new Set(),
      owed: new Set(),
      changedAt: now,
      audited: false,
    };
    const { author, version, issuedAt, ttlMs } = record;
    const held = { record, version, issuedAt, ttlMs, hash: hashOf(key, record), endsAt: now + leftMs };
    const former = shelf.records.get(author);
    if (former !== undefined && compareRank(held, former) <= 0) return { type: 'known', shelf };
    if (leftMs <= 0 && shelf.records.size === 0) return { type: 'known', shelf };
    if (!this.hasRoom(shelf, record, former?.record)) return { type: 'full' };
    if (former !== undefined) this.account(former.record, -1);
    shelf.records.set(author, held);
    shelf.changedAt = now;
    this.shelves.set(id, shelf);
    this.account(record, 1);
    this.nextEnd = Math.min(this.nextEnd, held.endsAt);
    return { type: 'taken', shelf, held, former };
  }

  /** Forgets a key. */
  drop(id: PeerId): void {
    const shelf = this.shelves.get(id);
    if (shelf === undefined) return;
    for (const { record } of shelf.records.values()) this.account(record, -1);
    this.shelves.delete(id);
  }

  /**
   * Forgets what is over, and returns it. A record that is over stays, as a sign that older ones do not count, while one of
   * those lives.
   */
  sweep(now: Millis): { readonly shelf: Shelf; readonly held: Held }[] {
    const gone: { shelf: Shelf; held: Held }[] = [];
    if (this.nextAt > now) return gone;
    this.sweptAt = now;
    this.nextEnd = Infinity;
    for (const shelf of this.shelves.values()) {
      const all = [...shelf.records.values()];
      for (const held of all) {
        const covers = (other: Held) => other.endsAt > now && compareRank(held, other) > 0;
        if (held.endsAt > now) this.nextEnd = Math.min(this.nextEnd, held.endsAt);
        else if (shelf.key.space !== 'value' || !all.some(covers)) {
          gone.push({ shelf, held });
          shelf.records.delete(held.record.author);
          this.account(held.record, -1);
        }
      }
      if (shelf.records.size === 0) this.shelves.delete(shelf.id);
    }
    return gone;
  }

  private hasRoom(shelf: Shelf, { author, value }: DhtRecord, former: DhtRecord | undefined): boolean {
    const { maxKeys, maxBytes, maxKeysPerAuthor, maxBytesPerAuthor, maxAuthorsPerKey } = this.config;
    const more = value.length - (former?.value.length ?? 0);
    const used = this.usage.get(author) ?? { keys: 0, bytes: 0 };
    if (this.total + more > maxBytes || used.bytes + more > maxBytesPerAuthor) return false;
    if (former !== undefined) return true;
    if (used.keys >= maxKeysPerAuthor || shelf.records.size >= maxAuthorsPerKey) return false;
    return shelf.records.size > 0 || this.shelves.size < maxKeys;
  }

  private account({ author, value }: DhtRecord, sign: 1 | -1): void {
    const used = this.usage.get(author) ?? { keys: 0, bytes: 0 };
    used.keys += sign;
    used.bytes += sign * value.length;
    this.total += sign * value.length;
    if (used.keys === 0) this.usage.delete(author);
    else this.usage.set(author, used);
  }
}

/** A held record as it goes to others. */
export function copyOf({ record, endsAt }: Held, now: Millis): Copy {
  return { record, leftMs: Math.max(0, Math.round(endsAt - now)) };
}
