import type { Millis, PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import { compareRecords, isLive, keyId } from './record.js';
import type { Copy, DhtRecord, Key } from './record.js';

/** What was last seen of a key, or of an author's part of it. */
interface Seen {
  readonly record: DhtRecord;
  readonly endsAt: Millis;
  /** The application takes it to be there. */
  readonly live: boolean;
}

interface Subscription {
  readonly key: Key;
  /** By author; of a value under the empty name alone. */
  readonly seen: Map<string, Seen>;
  /** The first answer has come: from now on what is new is a change. */
  begun: boolean;
  renewAt: Millis;
}

/** Keys whose changes this node wants to hear of: what it has seen of each, so that the application hears of each change once. */
export class Subscriptions {
  private readonly context: Context;
  private readonly keys = new Map<PeerId, Subscription>();
  private next: Millis = Infinity;

  constructor(context: Context) {
    this.context = context;
  }

  get size(): number {
    return this.keys.size;
  }

  /** When one has to be renewed, or what was seen is over. */
  get nextAt(): Millis {
    return this.next;
  }

  /** Begins, or goes on. False: there are too many. */
  add(key: Key): boolean {
    const { config, now } = this.context;
    const id = keyId(key);
    if (!this.keys.has(id)) {
      if (this.keys.size >= config.maxSubscriptions) return false;
      this.keys.set(id, { key, seen: new Map(), begun: false, renewAt: now + config.renewMs });
      this.next = Math.min(this.next, now + config.renewMs);
    }
    return true;
  }

  /** Ends. False: there was none. */
  delete(key: Key): boolean {
    return this.keys.delete(keyId(key));
  }

  has(key: Key): boolean {
    return this.keys.has(keyId(key));
  }

  /** Tells of what has been seen and is over; returns the keys that are to be renewed now. They count as renewed. */
  due(): Key[] {
    const { now, config } = this.context;
    const keys: Key[] = [];
    if (this.next > now) return keys;
    this.next = Infinity;
    for (const subscription of this.keys.values()) {
      const { key, seen } = subscription;
      if (subscription.renewAt <= now) {
        subscription.renewAt = now + config.renewMs;
        keys.push(key);
      }
      this.next = Math.min(this.next, subscription.renewAt);
      for (const [author, last] of seen) this.expire(key, seen, author, last);
    }
    return keys;
  }

  /** This node was away: all are to be renewed. */
  stale(): void {
    for (const subscription of this.keys.values()) subscription.renewAt = this.context.now;
    if (this.keys.size > 0) this.next = this.context.now;
  }

  /** What there is of a key, as the holders say; `all`: there is nothing else. */
  see(key: Key, copies: readonly Copy[]): void {
    const subscription = this.keys.get(keyId(key));
    if (subscription === undefined) return;
    for (const copy of copies) this.take(subscription, copy, !subscription.begun);
    subscription.begun = true;
  }

  /** A holder tells of a change. */
  notified(key: Key, copy: Copy): void {
    const subscription = this.keys.get(keyId(key));
    if (subscription !== undefined) this.take(subscription, copy, false);
  }

  private expire(key: Key, seen: Map<string, Seen>, author: string, last: Seen): void {
    if (!last.live) return;
    if (last.endsAt > this.context.now) this.next = Math.min(this.next, last.endsAt);
    else {
      seen.set(author, { ...last, live: false });
      this.tell(key, null, last.record, last.record);
    }
  }

  private take({ key, seen }: Subscription, copy: Copy, silently: boolean): void {
    const { record, leftMs } = copy;
    const slot = key.space === 'value' ? '' : record.author;
    const last = seen.get(slot);
    if (last !== undefined && compareRecords(key, record, last.record) <= 0) return;
    const live = isLive(copy);
    const endsAt = this.context.now + leftMs;
    seen.set(slot, { record, endsAt, live });
    if (live) this.next = Math.min(this.next, endsAt);
    // Its author has made it last longer.
    const renewed =
      last?.live === live && last.record.version === record.version && last.record.author === record.author;
    if (silently || renewed || (!live && last?.live !== true)) return;
    this.tell(key, live ? record : null, last?.live === true ? last.record : null, record);
  }

  private tell(key: Key, record: DhtRecord | null, previous: DhtRecord | null, by: DhtRecord): void {
    this.context.emit({ type: 'changed', key, record, previous, from: by.author, version: by.version });
  }
}
