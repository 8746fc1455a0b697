import type { Millis, PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import { keyId } from './record.js';
import type { Copy, DhtRecord, Key } from './record.js';

/** A record of ours that the mesh holds. */
interface Published {
  readonly key: Key;
  readonly record: DhtRecord;
  /** It lives for as long as we are in the mesh: each time it is published it starts anew. */
  readonly lasting: boolean;
  readonly endsAt: Millis;
  at: Millis;
}

/** Our own records, published again when half of their life is over (RFM17 and IPFS do so, too), whatever became of their holders. */
export class Publisher {
  private readonly context: Context;
  private readonly records = new Map<PeerId, Published>();
  private next: Millis = Infinity;

  constructor(context: Context) {
    this.context = context;
  }

  get size(): number {
    return this.records.size;
  }

  /** When something may be due. */
  get nextAt(): Millis {
    return this.next;
  }

  /** A record of ours was written. Beyond the cap the oldest is published no more. */
  add(key: Key, { record, leftMs }: Copy, lasting: boolean): void {
    const { config, now } = this.context;
    const id = keyId(key);
    this.records.delete(id);
    if (record.form === 'deleted') return;
    for (const oldest of this.records.keys()) {
      if (this.records.size < config.maxPublished) break;
      this.records.delete(oldest);
    }
    const at = now + leftMs / 2;
    this.records.set(id, { key, record, lasting, endsAt: now + leftMs, at });
    this.next = Math.min(this.next, at);
  }

  /** It is not published again. Returns what it was. */
  delete(key: Key): DhtRecord | undefined {
    const id = keyId(key);
    const published = this.records.get(id);
    this.records.delete(id);
    return published?.record;
  }

  /** The own record of a key, if it has that version. */
  get(key: Key, version: number): DhtRecord | undefined {
    const record = this.records.get(keyId(key))?.record;
    return record?.version === version ? record : undefined;
  }

  /** What is to be published again now. */
  due(): { readonly key: Key; readonly copy: Copy; readonly lasting: boolean }[] {
    const { now, wall } = this.context;
    if (this.next > now) return [];
    const due = [...this.records.values()].filter(({ at }) => at <= now);
    for (const published of due) {
      // Once it has been published again it is added anew; until then, in case that fails, it is tried half as late each time.
      published.at = now + Math.max(1_000, (published.endsAt - now) / 2);
      if (published.endsAt <= now && !published.lasting) this.records.delete(keyId(published.key));
    }
    this.next = Math.min(...[...this.records.values()].map(({ at }) => at), Infinity);
    return due
      .filter(({ lasting, endsAt }) => lasting || endsAt > now)
      .map(({ key, record, lasting, endsAt }) => ({
        key,
        lasting,
        copy: lasting
          ? { record: { ...record, issuedAt: wall }, leftMs: record.ttlMs }
          : { record, leftMs: Math.round(endsAt - now) },
      }));
  }
}
