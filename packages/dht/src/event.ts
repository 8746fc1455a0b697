import type { PeerId } from '@peerpigeon/core';
import type { Ticket } from './input.js';
import type { Refusal } from './message.js';
import type { DhtRecord, Key } from './record.js';

/** What came of an operation. */
export type Outcome =
  /** Of a value: its newest record, if there is any that lives (a tombstone is none). Of parts: a page, and whether more come. */
  | { readonly type: 'found'; readonly records: readonly DhtRecord[]; readonly more: boolean; readonly hops: number }
  /** So many holders have it; a tombstone likewise. */
  | { readonly type: 'stored'; readonly record: DhtRecord; readonly copies: number; readonly hops: number }
  /** `expectedVersion` is not the version there is; `record`: what there is, null for nothing. */
  | { readonly type: 'conflict'; readonly record: DhtRecord | null }
  /** `timeout`: nobody knows. `disconnected`: this mesh left. */
  | { readonly type: 'failed'; readonly reason: Refusal | 'timeout' | 'disconnected' };

/** What a node has to tell. */
export type Event =
  | { readonly type: 'result'; readonly ticket: Ticket; readonly outcome: Outcome }
  /**
   * A subscribed key has another value; null: none any more. Each change once, in the order of versions. Of parts each author's
   * record by itself; `previous` is that author's then.
   */
  | {
      readonly type: 'changed';
      readonly key: Key;
      readonly record: DhtRecord | null;
      readonly previous: DhtRecord | null;
      readonly from: PeerId;
      readonly version: number;
    }
  /** A write of ours with `expectedVersion` had succeeded, and yet another one counts: the mesh had been cut in two. */
  | { readonly type: 'conflict'; readonly key: Key; readonly lost: DhtRecord | null; readonly winner: DhtRecord };
