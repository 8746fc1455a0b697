import { between } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import type { Members } from './members.js';
import type { Operations } from './operations.js';
import type { Tools } from './read.js';
import { copyOf } from './store.js';
import type { Shelf } from './store.js';

/** How many keys are handed over at a time. A guess. */
const MAX_AT_ONCE = 4;
/** Within this time, so that the first of several holders does it and the others find it done. A guess: a round trip or two. */
const SPREAD_MS: Millis = 8_000;
/** What failed is tried again after so long. */
const AGAIN_MS: Millis = 30_000;

/**
 * Brings keys to those who should hold them, when these are so far from here that they are not known: as a mesh grows, or where
 * storage had what another mesh held. It is asked first whether they have it.
 */
export class Handover {
  private readonly context: Context;
  private readonly members: Members;
  private readonly operations: Operations;
  private readonly waiting = new Map<PeerId, Millis>();
  private readonly under = new Set<PeerId>();
  private next: Millis = Infinity;

  constructor({ context, members }: Tools, operations: Operations) {
    this.context = context;
    this.members = members;
    this.operations = operations;
  }

  /** When the next one is due. */
  get nextAt(): Millis {
    return this.under.size >= MAX_AT_ONCE ? Infinity : this.next;
  }

  /** Hands a key over soon. */
  add({ id }: Shelf): void {
    if (this.waiting.has(id) || this.under.has(id)) return;
    this.wait(id, between(this.context.config.rng, 0, SPREAD_MS));
  }

  due(): void {
    if (this.nextAt > this.context.now) return;
    this.next = Infinity;
    for (const [id, at] of this.waiting) {
      if (at > this.context.now || this.under.size >= MAX_AT_ONCE) this.next = Math.min(this.next, at);
      else {
        this.waiting.delete(id);
        const shelf = this.context.store.shelf(id);
        if (shelf !== undefined) this.begin(shelf);
      }
    }
  }

  clear(): void {
    this.waiting.clear();
    this.under.clear();
    this.next = Infinity;
  }

  private wait(id: PeerId, ms: Millis): void {
    const at = this.context.now + ms;
    this.waiting.set(id, at);
    this.next = Math.min(this.next, at);
    this.context.wake(this.nextAt);
  }

  private begin(shelf: Shelf): void {
    const { id, key, records } = shelf;
    this.under.add(id);
    const op = { type: 'get', key, quorum: 1, after: null } as const;
    let known: ReadonlyMap<PeerId, number> = new Map();
    this.operations.run(
      this.operations.ownTicket(),
      op,
      undefined,
      () => {
        const { now } = this.context;
        const missing = [...records.values()].filter(
          ({ endsAt, record }) => endsAt > now && (known.get(record.author) ?? 0) < record.version,
        );
        let left = missing.length;
        if (left === 0) return this.end(shelf, true);
        let failed = 0;
        for (const held of missing) {
          const put = { type: 'put', key, copy: copyOf(held, now) } as const;
          this.operations.run(this.operations.ownTicket(), put, undefined, ({ type }) => {
            if (type === 'failed') failed++;
            if (--left === 0) this.end(shelf, failed === 0);
          });
        }
      },
      (copies) => (known = new Map(copies.map(({ record }) => [record.author, record.version]))),
    );
  }

  private end(shelf: Shelf, done: boolean): void {
    const { id } = shelf;
    if (!this.under.delete(id)) return;
    if (!done) this.wait(id, AGAIN_MS);
    else {
      const replicas = Math.max(1, ...[...shelf.records.values()].map(({ record }) => record.replicas));
      // By now it may be known to be ours to hold.
      this.members.find(id, replicas, (peers) => {
        const { store, self } = this.context;
        if (store.shelf(id) === shelf && !peers.includes(self)) this.context.forget(shelf);
      });
    }
    this.context.wake(this.nextAt);
  }
}
