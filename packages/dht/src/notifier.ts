import type { PeerId } from '@peerpigeon/core';
import type { Calls } from './calls.js';
import type { Context } from './context.js';
import type { Members } from './members.js';
import type { Copy, DhtRecord, Key } from './record.js';
import { keyId } from './record.js';
import { copyOf } from './store.js';
import type { Held, Shelf } from './store.js';

/** What this node itself is told of. */
export interface NotifierEvents {
  changed(key: Key, copy: Copy): void;
  conflict(key: Key, version: number, copy: Copy): void;
}

/**
 * Tells subscribers of changes, and authors of records that lost: whoever has written a record at the holders does so, and, of what
 * comes to a holder in another way (an exchange with others, after the mesh was cut), the member nearest to the key. Each is told
 * until it has answered; what comes twice shows once there.
 */
export class Notifier {
  private readonly context: Context;
  private readonly calls: Calls;
  private readonly members: Members;
  private readonly events: NotifierEvents;

  constructor(context: Context, calls: Calls, members: Members, events: NotifierEvents) {
    this.context = context;
    this.calls = calls;
    this.members = members;
    this.events = events;
  }

  /** A record was written from here. */
  written(key: Key, copy: Copy): void {
    for (const { subscriber } of this.context.leases.of(keyId(key), this.context.now)) this.tell(subscriber, key, copy);
  }

  /** A record came in that counts now. */
  changed({ key, id }: Shelf, held: Held): void {
    if (this.isRoot(id)) this.written(key, copyOf(held, this.context.now));
  }

  /** This node may have become the one nearest to keys that changed a short time ago: it says so again. */
  retell(): void {
    const { store, leases, now, config } = this.context;
    for (const [id] of leases.all()) {
      const shelf = store.shelf(id);
      if (shelf === undefined || shelf.changedAt + config.retellMs <= now || !this.isRoot(id)) continue;
      const records = shelf.key.space === 'value' ? [store.top(id) as Held] : [...shelf.records.values()];
      for (const held of records) this.written(shelf.key, copyOf(held, now));
    }
  }

  /** `winner` had been meant to replace an older record than `lost`. */
  overlooked(key: Key, lost: DhtRecord, winner: Held): void {
    if (!this.isRoot(keyId(key))) return;
    const { author: peer, version } = lost;
    const copy = copyOf(winner, this.context.now);
    if (peer === this.context.self) this.events.conflict(key, version, copy);
    else this.calls.ask({ peer }, { type: 'conflict', key, version, copy }, { done: () => {} });
  }

  private tell(peer: PeerId, key: Key, copy: Copy): void {
    if (peer === this.context.self) this.events.changed(key, copy);
    else this.calls.ask({ peer }, { type: 'notify', key, copy }, { done: () => {} });
  }

  private isRoot(id: PeerId): boolean {
    return this.members.look(id, 1).peers[0] === this.context.self;
  }
}
