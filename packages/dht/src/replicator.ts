import { jitter } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { compareRingDistance } from '@peerpigeon/xor';
import { MAX_LEASES, MAX_OFFERED } from './config.js';
import type { Handover } from './handover.js';
import type { Digest } from './message.js';
import { pageOf } from './pages.js';
import type { Tools } from './read.js';
import { copyOf } from './store.js';
import type { Held, Shelf } from './store.js';

/** Keys looked at in one go, and how soon the next ones follow. Guesses: some milliseconds of work. */
const BATCH = 128;
const BATCH_MS: Millis = 20;
/** After somebody did not answer the next look is taken so much later. A guess: by then the ring has been mended. */
const AGAIN_MS: Millis = 10_000;
/** How soon a record that has changed by an exchange is told on. */
const SPREAD_MS: Millis = 50;
const AUDIT_JITTER = 0.1;

/**
 * Sees to it that those nearest to a key hold it: whenever the leaf set has changed, and once an hour whatever happens. A member
 * that should have a record, and is not known to, is offered it by the holder next to it on the ring, who is sure to have
 * noticed that it came. Whoever is not among the nearest any more forgets a key once all of these have said that they have it, or,
 * where they are too far to be known, has handed it over to them.
 */
export class Replicator {
  private readonly tools: Tools;
  private readonly handover: Handover;
  private readonly queue = new Set<PeerId>();
  private readonly offers = new Map<PeerId, Set<Shelf>>();
  private readonly busy = new Set<PeerId>();
  private allAt: Millis = Infinity;
  private againAt: Millis = Infinity;
  private batchAt: Millis = Infinity;
  private auditAt: Millis = Infinity;

  constructor(tools: Tools, handover: Handover) {
    this.tools = tools;
    this.handover = handover;
  }

  /** When there is something to do. */
  get nextAt(): Millis {
    const { backAt } = this.tools.context.region;
    return Math.min(this.allAt, this.againAt, this.batchAt, this.auditAt, backAt, this.handover.nextAt);
  }

  /** The leaf set has changed. */
  leavesChanged(): void {
    const { config, now } = this.tools.context;
    this.allAt = Math.min(this.allAt, now + config.settleMs);
    // Not all notice the same loss at once.
    this.againAt = now + AGAIN_MS;
    if (this.auditAt === Infinity) this.auditAt = now + jitter(config.rng, config.auditMs, AUDIT_JITTER);
    this.tools.context.wake(this.nextAt);
  }

  /** Something on a shelf has changed, and others may not have it. */
  spread({ id }: Shelf): void {
    this.queue.add(id);
    this.batchAt = Math.min(this.batchAt, this.tools.context.now + SPREAD_MS);
    this.tools.context.wake(this.batchAt);
  }

  /** Does what is due. */
  due(): void {
    const { config, now, store, leases, region } = this.tools.context;
    if (this.auditAt <= now) {
      this.auditAt = now + jitter(config.rng, config.auditMs, AUDIT_JITTER);
      region.refresh();
      for (const shelf of store.all()) {
        shelf.holders = new Set();
        shelf.audited = true;
      }
      this.allAt = now;
    }
    if (region.backAt <= now) {
      region.backAt = Infinity;
      this.allAt = Math.min(this.allAt, now + config.settleMs);
    }
    if (Math.min(this.allAt, this.againAt) <= now) {
      this.allAt = Infinity;
      if (this.againAt <= now) this.againAt = Infinity;
      for (const { id } of store.all()) this.queue.add(id);
      for (const [id, book] of leases.all()) this.lend(id, book);
      this.batchAt = now;
    }
    if (this.batchAt <= now) this.batch();
    this.handover.due();
  }

  clear(): void {
    this.queue.clear();
    this.handover.clear();
    this.offers.clear();
    this.busy.clear();
    this.allAt = this.againAt = this.batchAt = this.auditAt = Infinity;
  }

  private batch(): void {
    const { context, members } = this.tools;
    let left = BATCH;
    for (const id of this.queue) {
      if (left-- === 0) break;
      this.queue.delete(id);
      const shelf = context.store.shelf(id);
      if (shelf !== undefined)
        members.find(id, replicasOf(shelf), (peers, certain) => {
          if (certain) this.consider(shelf, peers);
          else this.handover.add(shelf);
        });
    }
    this.batchAt = this.queue.size > 0 ? context.now + BATCH_MS : Infinity;
  }

  private consider(shelf: Shelf, peers: readonly PeerId[]): void {
    const { context } = this.tools;
    if (context.store.shelf(shelf.id) !== shelf || living(shelf, context.now).length === 0) return;
    // Whoever was gone for a while may have missed what was written meanwhile.
    for (const holder of shelf.holders) if (!peers.includes(holder)) shelf.holders.delete(holder);
    const outside = !peers.includes(context.self);
    for (const peer of peers) {
      if (peer === context.self || shelf.holders.has(peer)) continue;
      if ((outside && shelf.audited) || shelf.owed.has(peer) || this.isOurs(peer, shelf.holders, peers))
        this.offer(peer, shelf);
    }
    this.release(shelf, peers);
  }

  /** Whether none of those that should hold a key, and do, stands nearer to a peer on the ring than we. */
  private isOurs(peer: PeerId, holders: ReadonlySet<PeerId>, peers: readonly PeerId[]): boolean {
    const { self } = this.tools.context;
    return peers.every((other) => !holders.has(other) || compareRingDistance(peer, self, other) <= 0);
  }

  /** A key that others hold, and that is not ours to hold, is forgotten. */
  private release(shelf: Shelf, peers: readonly PeerId[]): void {
    const { context } = this.tools;
    if (!shelf.audited || peers.length < replicasOf(shelf) || peers.includes(context.self)) return;
    if (!peers.every((peer) => shelf.holders.has(peer))) return;
    context.forget(shelf);
  }

  /** Those that should have the leases of a key get them from the holder next to them. */
  private lend(id: PeerId, book: Parameters<typeof this.lendTo>[1]): void {
    const { context, members } = this.tools;
    const { peers } = members.look(id, context.config.replicas);
    if (!peers.includes(context.self)) return;
    for (const peer of peers) {
      if (peer !== context.self && !book.holders.has(peer) && this.isOurs(peer, book.holders, peers)) {
        this.lendTo(peer, book, id);
      }
    }
  }

  private lendTo(peer: PeerId, book: { readonly key: Shelf['key']; holders: ReadonlySet<PeerId> }, id: PeerId): void {
    const { context, calls } = this.tools;
    const leases = context.leases.of(id, context.now);
    book.holders = new Set([...book.holders, peer]);
    for (let i = 0; i < leases.length; i += MAX_LEASES) {
      const some = leases.slice(i, i + MAX_LEASES);
      calls.ask({ peer }, { type: 'lease', key: book.key, leases: some }, { done: () => {} });
    }
  }

  private offer(peer: PeerId, shelf: Shelf): void {
    const shelves = this.offers.get(peer);
    if (shelves === undefined) this.offers.set(peer, new Set([shelf]));
    else shelves.add(shelf);
    this.flush(peer);
  }

  /** Offers a peer some of what it should have, and when that is done the rest. */
  private flush(peer: PeerId): void {
    const shelves = this.offers.get(peer);
    if (this.busy.has(peer) || shelves === undefined) return;
    const { context, calls } = this.tools;
    const rows: { readonly shelf: Shelf; readonly held: Held }[] = [];
    for (const shelf of shelves) {
      const records = living(shelf, context.now);
      if (rows.length > 0 && rows.length + records.length > MAX_OFFERED) break;
      shelves.delete(shelf);
      for (const held of records.slice(0, MAX_OFFERED)) rows.push({ shelf, held });
    }
    if (shelves.size === 0) this.offers.delete(peer);
    if (rows.length === 0) return;
    this.busy.add(peer);
    const digests = rows.map(({ shelf, held }) => digestOf(shelf, held));
    calls.ask(
      { peer },
      { type: 'offer', digests },
      {
        done: (reply) => {
          if (reply?.type !== 'wanted') return this.failed(peer);
          const wanted = new Set(reply.want.map((place) => rows[place]));
          const newer = new Set(reply.newer.map((place) => rows[place]?.shelf));
          const all = new Set(rows.map(({ shelf }) => shelf));
          const stores = [...all].map((shelf) => ({
            shelf,
            records: rows.filter((row) => row.shelf === shelf && wanted.has(row)).map(({ held }) => held),
          }));
          for (const { shelf, records } of stores) if (records.length === 0) this.has(peer, shelf);
          for (const shelf of newer) if (shelf !== undefined) this.fetch(peer, shelf);
          this.send(
            peer,
            stores.filter(({ records }) => records.length > 0),
          );
        },
      },
    );
  }

  /** One after the other: a peer that has just come is offered much at once. */
  private send(peer: PeerId, stores: readonly { readonly shelf: Shelf; readonly records: readonly Held[] }[]): void {
    const { context, calls } = this.tools;
    const [first, ...rest] = stores;
    if (first === undefined) {
      this.busy.delete(peer);
      return this.flush(peer);
    }
    const { shelf, records } = first;
    const page = pageOf(
      records.map((held) => copyOf(held, context.now)),
      null,
    );
    const holders = [context.self, ...shelf.holders].slice(0, replicasOf(shelf));
    calls.ask(
      { peer },
      { type: 'store', key: shelf.key, copies: page.copies, holders },
      {
        done: (reply) => {
          if (reply?.type !== 'kept') return this.failed(peer);
          const sent = new Set(page.copies.map(({ record }) => record.author));
          const left = records.filter(({ record }) => !sent.has(record.author));
          if (page.more && left.length > 0) return this.send(peer, [{ shelf, records: left }, ...rest]);
          if (reply.kept) this.has(peer, shelf);
          if (reply.newer.length > 0) this.tools.holder.keep(shelf.key, reply.newer, [peer], () => {});
          this.send(peer, rest);
        },
      },
    );
  }

  /** What a peer has that is newer is taken in here; its holder then tells it on. */
  private fetch(peer: PeerId, { key }: Shelf): void {
    const { calls, holder } = this.tools;
    calls.ask(
      { peer },
      { type: 'fetch', key, after: null },
      {
        done: (reply) => {
          if (reply?.type === 'copies') holder.keep(key, reply.copies, [peer], () => {});
        },
      },
    );
  }

  private has(peer: PeerId, shelf: Shelf): void {
    const { members } = this.tools;
    shelf.holders.add(peer);
    shelf.owed.delete(peer);
    if (shelf.audited) this.release(shelf, members.look(shelf.id, replicasOf(shelf)).peers);
  }

  private failed(peer: PeerId): void {
    const { context } = this.tools;
    this.busy.delete(peer);
    this.offers.delete(peer);
    context.region.lose(peer, context.now);
    this.againAt = Math.min(this.againAt, context.now + AGAIN_MS);
    context.wake(this.againAt);
  }
}

function living(shelf: Shelf, now: Millis): Held[] {
  return [...shelf.records.values()].filter(({ endsAt }) => endsAt > now);
}

function replicasOf({ records }: Shelf): number {
  return Math.max(1, ...[...records.values()].map(({ record }) => record.replicas));
}

function digestOf({ key }: Shelf, { record, issuedAt, ttlMs }: Held): Digest {
  return { key, author: record.author, version: record.version, endsAt: issuedAt + ttlMs };
}
