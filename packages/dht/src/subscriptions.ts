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

  constructor(context: Context) {
    this.context = context;
  }

  get size(): number {
    return this.keys.size;
  }

  /** When one has to be renewed, or what was seen is over. */
  get nextAt(): Millis {
    let next = Infinity;
    for (const { renewAt, seen } of this.keys.values()) {
      next = Math.min(next, renewAt);
      for (const { live, endsAt } of seen.values()) if (live) next = Math.min(next, endsAt);
    }
    return next;
  }

  /** Begins, or goes on. False: there are too many. */
  add(key: Key): boolean {
    const { config, now } = this.context;
    const id = keyId(key);
    if (!this.keys.has(id)) {
      if (this.keys.size >= config.maxSubscriptions) return false;
      this.keys.set(id, { key, seen: new Map(), begun: false, renewAt: now + config.renewMs });
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

  /** Those that are to be renewed now; they count as renewed. */
  renewals(): Key[] {
    const { now, config } = this.context;
    const due = [...this.keys.values()].filter(({ renewAt }) => renewAt <= now);
    for (const subscription of due) subscription.renewAt = now + config.renewMs;
    return due.map(({ key }) => key);
  }

  /** This node was away: all are to be renewed. */
  stale(): void {
    for (const subscription of this.keys.values()) subscription.renewAt = this.context.now;
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

  /** What has been seen and is over is told of. */
  expire(): void {
    const { now } = this.context;
    for (const { key, seen } of this.keys.values()) {
      for (const [author, last] of seen) {
        if (!last.live || last.endsAt > now) continue;
        seen.set(author, { ...last, live: false });
        this.tell(key, null, last.record, last.record);
      }
    }
  }

  private take({ key, seen }: Subscription, copy: Copy, silently: boolean): void {
    const { record, leftMs } = copy;
    const slot = key.space === 'value' ? '' : record.author;
    const last = seen.get(slot);
    if (last !== undefined && compareRecords(key, record, last.record) <= 0) return;
    const live = isLive(copy);
    seen.set(slot, { record, endsAt: this.context.now + leftMs, live });
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
