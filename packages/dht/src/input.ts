import type { Millis, PeerDown, PeerId, PeerUp, TimerFired } from '@peerpigeon/core';
import type { Copy, Form, Key } from './record.js';
import type { Message } from './message.js';
import type { Timer } from './timer.js';

/** By which the interpreter knows an operation of its own. */
export type Ticket = number;

/** A record that storage had. */
export interface Kept {
  readonly key: Key;
  readonly copy: Copy;
}

/** What can happen to a node of the dht. */
export type Input =
  /** The application. Each of the next three is answered by one `result` event, or by none after `abort`. */
  | {
      readonly type: 'get';
      readonly ticket: Ticket;
      readonly key: Key;
      /** Holders that have to answer, 1 to `replicas`. */
      readonly quorum?: number;
      readonly timeoutMs?: Millis;
      /** Of parts: those of authors after this one; null: from the first. */
      readonly after?: PeerId | null;
    }
  | {
      readonly type: 'put';
      readonly ticket: Ticket;
      readonly key: Key;
      readonly form: Form;
      readonly value: Uint8Array;
      /**
       * How long it lives. Without it: `ttlMs` of the config, renewed for as long as this node is in the mesh. A part is renewed with it
       * as well: so long it lives from then on.
       */
      readonly ttlMs?: Millis;
      /** The version it replaces, 0: there is none. Else `newer` with `conflict` comes of it. */
      readonly expectedVersion?: number;
      readonly replicas?: number;
      readonly timeoutMs?: Millis;
    }
  /** `found` comes of it, and a `changed` event of each change from now on. It is renewed until `unsubscribe`. */
  | { readonly type: 'subscribe'; readonly ticket: Ticket; readonly key: Key; readonly timeoutMs?: Millis }
  | { readonly type: 'unsubscribe'; readonly key: Key }
  /** Give an operation up. It may have been carried out. */
  | { readonly type: 'abort'; readonly ticket: Ticket }
  /** Renew an own record no more; it stays for as long as it lives. */
  | { readonly type: 'forsake'; readonly key: Key }
  /** What storage had, some at a time; before the mesh is joined. */
  | { readonly type: 'restore'; readonly kept: readonly Kept[] }
  /** Storage has carried out that `persist`, or could not. */
  | { readonly type: 'persisted'; readonly job: number; readonly ok: boolean }
  /** The mesh. A link is ready, or gone. */
  | PeerUp
  | PeerDown
  /** Who stands next to us on the ring, nearest first; `whole`: that is everybody; `member`: we are on it ourselves. */
  | {
      readonly type: 'leaves';
      readonly before: readonly PeerId[];
      readonly after: readonly PeerId[];
      readonly whole: boolean;
      readonly member: boolean;
    }
  /** `path`: ids that it passed, its sender first, our neighbour last. */
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Message; readonly path: readonly PeerId[] }
  /** What was sent to that peer went no further. */
  | { readonly type: 'bounced'; readonly to: PeerId }
  /** This mesh leaves. Operations fail; records and subscriptions stay, for the next time. */
  | { readonly type: 'leave' }
  | TimerFired<Timer>;
