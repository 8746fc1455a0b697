import type { PeerId } from '@peerpigeon/core';
import { compareRingDistance } from '@peerpigeon/xor';
import type { Calls } from './calls.js';
import type { Context } from './context.js';
import type { Holder } from './holder.js';
import type { Members } from './members.js';
import type { Result } from './message.js';
import { pageOf } from './pages.js';
import type { Page } from './pages.js';
import { compareRecords, keyId } from './record.js';
import type { Copy, Key } from './record.js';

/** What the work for a key needs. */
export interface Tools {
  readonly context: Context;
  readonly calls: Calls;
  readonly members: Members;
  readonly holder: Holder;
}

/** What is asked for. */
export interface Query {
  readonly key: Key;
  /** Holders that have to answer. */
  readonly quorum: number;
  readonly after: PeerId | null;
}

type Found = Extract<Result, { readonly type: 'found' | 'refused' }>;

/**
 * Reads a key at its holders: `quorum` of them, those first that are near; where none of these has anything, all of them, since
 * some may have come after it was written. Holders that have less than others are told what they miss (a corrective put).
 */
export class Read {
  private readonly tools: Tools;
  private readonly query: Query;
  private readonly id: PeerId;
  private readonly done: (found: Found) => void;
  private readonly answers = new Map<PeerId, Page>();
  private readonly asking = new Set<PeerId>();
  private readonly failed = new Set<PeerId>();
  private peers: readonly PeerId[] = [];
  /** Asked besides, for those that are slow. */
  private spare = 0;
  private finished = false;

  /** Calls back once. */
  constructor(tools: Tools, query: Query, done: (found: Found) => void) {
    this.tools = tools;
    this.query = query;
    this.id = keyId(query.key);
    this.done = done;
  }

  start(): void {
    this.look();
  }

  private look(): void {
    const { context, members } = this.tools;
    members.find(this.id, context.config.replicas, (peers) => {
      this.peers = peers;
      this.go();
    });
  }

  private go(): void {
    if (this.finished) return;
    const { answers, asking, query, peers } = this;
    const found = [...answers.values()].some(({ copies }) => copies.length > 0);
    const open = this.open();
    const idle = asking.size === 0 && open.length === 0;
    if (idle || (found && answers.size >= query.quorum)) return this.finish();
    const wanted = (found || answers.size < query.quorum ? query.quorum : peers.length) + this.spare;
    const next = open.slice(0, Math.max(0, wanted - answers.size - asking.size));
    for (const peer of next) this.ask(peer);
    // We have answered already.
    if (next.includes(this.tools.context.self)) this.go();
  }

  /** Holders that were not asked so far: ourselves first, then neighbours, then the nearest on the ring. */
  private open(): PeerId[] {
    const { self, links } = this.tools.context;
    const open = this.peers.filter((p) => !this.answers.has(p) && !this.asking.has(p) && !this.failed.has(p));
    const cost = (peer: PeerId) => (peer === self ? 0 : links.has(peer) ? 1 : 2);
    return open.sort((a, b) => cost(a) - cost(b) || compareRingDistance(self, a, b));
  }

  private ask(peer: PeerId): void {
    const { context, calls, holder } = this.tools;
    const { key, after } = this.query;
    if (peer === context.self) {
      this.answers.set(peer, holder.fetch(key, after));
      return;
    }
    this.asking.add(peer);
    calls.ask(
      { peer },
      { type: 'fetch', key, after },
      {
        slow: () => {
          this.spare++;
          this.go();
        },
        done: (reply) => {
          this.asking.delete(peer);
          if (reply?.type === 'copies') {
            this.answers.set(peer, reply);
            return this.go();
          }
          this.failed.add(peer);
          context.region.lose(peer, context.now);
          if (!this.finished) this.look();
        },
      },
    );
  }

  private finish(): void {
    this.finished = true;
    if (this.answers.size === 0) return this.done({ type: 'refused', reason: 'unavailable' });
    const merged = this.merge();
    const open = [...this.answers.values()].filter(({ more }) => more);
    // Beyond the end of the shortest page others may have what is not known here yet.
    const ends = open.map(({ copies }) => copies[copies.length - 1]?.record.author ?? '');
    const end = ends.sort()[0];
    const { copies, more } = pageOf(
      merged.filter(({ record }) => end === undefined || record.author <= end),
      null,
    );
    this.correct(merged);
    this.done({ type: 'found', copies, more: more || end !== undefined, answered: this.answers.size });
  }

  /** Of a value the first by rank, else of each author the first. */
  private merge(): Copy[] {
    const { key } = this.query;
    const best = new Map<PeerId | null, Copy>();
    for (const { copies } of this.answers.values()) {
      for (const copy of copies) {
        const slot = key.space === 'value' ? null : copy.record.author;
        const former = best.get(slot);
        if (former === undefined || compareRecords(key, copy.record, former.record) > 0) best.set(slot, copy);
      }
    }
    return [...best.values()];
  }

  private correct(merged: readonly Copy[]): void {
    const { context, calls, holder } = this.tools;
    const { key, after } = this.query;
    // All that have answered have it after that.
    const holders = this.peers.filter((peer) => this.answers.has(peer));
    for (const [peer, { copies, more }] of this.answers) {
      const has = (wanted: Copy) =>
        copies.some(({ record }) => compareRecords(key, record, wanted.record) >= 0 && isSame(key, record, wanted));
      const missing = more || after !== null ? [] : merged.filter((copy) => copy.leftMs > 0 && !has(copy));
      const page = pageOf(missing, null).copies;
      if (page.length === 0) continue;
      if (peer === context.self) holder.keep(key, page, holders, () => {});
      else calls.ask({ peer }, { type: 'store', key, copies: page, holders }, { done: () => {} });
    }
  }
}

/** Whether one stands where the other does: of a value any, else of the same author. */
function isSame(key: Key, { author }: { readonly author: PeerId }, { record }: Copy): boolean {
  return key.space === 'value' || author === record.author;
}
