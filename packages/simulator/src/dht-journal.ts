import { keyId } from '@peerpigeon/dht';
import type { DhtRecord, Key } from '@peerpigeon/dht';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { DhtFrames } from './dht-traffic.js';
import type { Verdict, Write } from './dht-oracle.js';

/**
 * When an operation was: while nothing else happened; while something happened to the mesh (a kill, churn, a cut); or after it,
 * when the mesh had had its time.
 */
export type Phase = 'calm' | 'upheaval' | 'after';

/** One put. */
export interface PutEntry extends Write {
  readonly phase: Phase;
  readonly key: Key;
  readonly keyId: PeerId;
  readonly atMs: Millis;
  /** When it ended, however it did. */
  doneMs: Millis | null;
  storedMs: Millis | null;
  record: DhtRecord | null;
  /** Why it was not stored. */
  failed: string | null;
  hops: number | null;
  /** How many holders confirmed it. */
  copies: number | null;
  /** Who had it some seconds later, and who should have; null: nobody has looked. */
  holders: readonly PeerId[] | null;
  nearest: readonly PeerId[] | null;
}

/** One get. */
export interface GetEntry {
  readonly phase: Phase;
  readonly key: Key;
  readonly keyId: PeerId;
  readonly peer: PeerId;
  readonly atMs: Millis;
  /** When it ended; null: the peer was gone by then. */
  doneMs: Millis | null;
  /** Null as long as it has not ended, and where the peer left meanwhile. */
  verdict: Verdict | null;
  version: number | null;
  /** Why it failed. */
  failed: string | null;
  hops: number | null;
  /** The peers asked for it, whoever carried it out among them if it is a holder, and those that should hold the key. */
  holders: readonly PeerId[];
  readonly nearest: readonly PeerId[];
}

/** A time in which operations of one kind went on, and what was written to links meanwhile. */
export interface Window {
  readonly sinceMs: Millis;
  readonly untilMs: Millis;
  readonly frames: DhtFrames;
  /** Links that opened, of any kind, and those of them that the topology had not asked for. */
  readonly links: number;
  readonly extraLinks: number;
}

/** A kill. */
export interface KillEntry {
  readonly killed: number;
  /** Ids of the keys that nobody had any more at that instant. */
  readonly lost: readonly PeerId[];
  /** Of the others, those that a minute later all had that should, and those that nobody else had either; null: not looked yet. */
  complete: number | null;
  exact: number | null;
}

/** The healing of a cut. */
export interface HealEntry {
  readonly sinceMs: Millis;
  /** The first look at which all that should hold a key had its newest record, of every key. */
  agreedMs: Millis | null;
  /** Keys of which, in the end, somebody else still had an older record. */
  staleElsewhere: number;
}

/** A subscription, and what it was told. */
export interface SubscriptionEntry {
  readonly key: Key;
  readonly keyId: PeerId;
  readonly peer: PeerId;
  /** When it was confirmed; null: it was not. */
  doneMs: Millis | null;
  readonly changes: { readonly version: number; readonly atMs: Millis }[];
  /** The peer is up all through. */
  stays: boolean;
}

/** What happened in a dht: all that its metrics and dump lines are made of. */
export class DhtJournal {
  readonly puts: PutEntry[] = [];
  readonly gets: GetEntry[] = [];
  readonly subscriptions: SubscriptionEntry[] = [];
  readonly windows = new Map<'idle' | 'puts' | 'gets', Window>();
  kill: KillEntry | null = null;
  heal: HealEntry | null = null;
  /** When holders died while subscribers were told of updates, and how many. */
  holdersKilled: { readonly atMs: Millis; readonly count: number } | null = null;
  /** Leases at all peers that were up: with all subscribers there, and when they had been gone for longer than a lease lasts. */
  leases: { before: number; after: number | null } | null = null;
  private readonly byKey = new Map<PeerId, PutEntry[]>();

  put(entry: PutEntry): void {
    this.puts.push(entry);
    const writes = this.byKey.get(entry.keyId);
    if (writes === undefined) this.byKey.set(entry.keyId, [entry]);
    else writes.push(entry);
  }

  /** Who put a key first. */
  authorOf(key: Key): PeerId | undefined {
    return this.writesOf(keyId(key))[0]?.author;
  }

  /** All puts of a key. */
  writesOf(id: PeerId): readonly PutEntry[] {
    return this.byKey.get(id) ?? [];
  }

  /** All keys of which a put was stored, in order of their first put. */
  keys(): Key[] {
    return [...this.byKey.values()].flatMap((puts) => {
      const stored = puts.find(({ record }) => record !== null);
      return stored === undefined ? [] : [stored.key];
    });
  }
}
