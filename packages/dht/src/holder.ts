import type { PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import { answerOf } from './pages.js';
import type { Page } from './pages.js';
import { compareRank, keyId, overlooks } from './record.js';
import type { Copy, DhtRecord, Key } from './record.js';
import { copyOf } from './store.js';
import type { Held, Shelf } from './store.js';

/** What whoever holds records tells the rest of the node. */
export interface HolderEvents {
  /** A record was taken in that counts now. */
  changed(shelf: Shelf, held: Held): void;
  /** A record was taken that had been meant to replace an older one than `lost`, and outranks it. */
  overlooked(key: Key, lost: DhtRecord, winner: Held): void;
}

/** What became of records that were to be kept. */
export interface Keeping {
  /** They are here, or newer ones of their authors are. */
  readonly kept: boolean;
  /** Of a value: the record that counts, where that is another. Of parts: newer ones of the same authors. */
  readonly newer: readonly Copy[];
}

/** The node as one of those that hold a key: takes records in, and hands them out. */
export class Holder {
  private readonly context: Context;
  private readonly events: HolderEvents;

  constructor(context: Context, events: HolderEvents) {
    this.context = context;
    this.events = events;
  }

  /** What is here of a key. */
  fetch(key: Key, after: PeerId | null): Page {
    const { store, now } = this.context;
    const id = keyId(key);
    return answerOf(key.space, store.shelf(id)?.records.values() ?? [], store.top(id), after, now);
  }

  /**
   * Keeps records; calls back once storage has them.
   * @param holders who has them too, or is asked to; of the records that are new here nobody else is known to
   */
  keep(key: Key, copies: readonly Copy[], holders: readonly PeerId[], done: (keeping: Keeping) => void): void {
    const { store, wall, now, self } = this.context;
    const newer: Copy[] = [];
    let kept = copies.length > 0;
    let waiting = 1;
    const settle = (ok: boolean): void => {
      kept &&= ok;
      if (--waiting === 0) done({ kept, newer });
    };
    for (const copy of copies) {
      const before = key.space === 'value' ? store.top(keyId(key)) : undefined;
      const verdict = store.take(key, copy, wall, now);
      if (verdict.type === 'full' || verdict.type === 'wrong') {
        kept = false;
        continue;
      }
      const { shelf } = verdict;
      const others = holders.filter((peer) => peer !== self);
      if (verdict.type === 'taken') {
        shelf.holders = this.knownToHold(shelf, verdict.held, before, others);
        waiting++;
        this.context.persist(key, copy.record.author, settle);
        this.weigh(shelf, verdict.held, before);
      } else {
        const held = shelf.records.get(copy.record.author);
        const isTop = key.space !== 'value' || held === store.top(shelf.id);
        if (isTop && held?.version === copy.record.version) for (const peer of others) shelf.holders.add(peer);
      }
      const counts = key.space === 'value' ? store.top(shelf.id) : shelf.records.get(copy.record.author);
      if (counts !== undefined && counts.record.version >= copy.record.version && isOther(counts, copy)) {
        newer.push(copyOf(counts, now));
      }
    }
    settle(true);
  }

  /** Who is known to have what counts of a key, now that this record was taken in, which `others` have. */
  private knownToHold(shelf: Shelf, held: Held, before: Held | undefined, others: readonly PeerId[]): Set<PeerId> {
    if (shelf.key.space === 'value') {
      return before === undefined || compareRank(held, before) > 0 ? new Set(others) : shelf.holders;
    }
    return new Set(shelf.records.size > 1 ? others.filter((peer) => shelf.holders.has(peer)) : others);
  }

  /** A record was taken in: does it count, and has it overlooked another? */
  private weigh(shelf: Shelf, held: Held, before: Held | undefined): void {
    const wins = before === undefined || compareRank(held, before) > 0;
    if (wins || shelf.key.space === 'part') this.events.changed(shelf, held);
    if (before === undefined) return;
    const [winner, loser] = wins ? [held, before] : [before, held];
    if (overlooks(winner.record, loser.record)) this.events.overlooked(shelf.key, loser.record, winner);
  }
}

/** Whether what is held is another record than the one that came, which it outranks. */
function isOther({ record: held }: Held, { record }: Copy): boolean {
  return held.author !== record.author || held.version !== record.version;
}
