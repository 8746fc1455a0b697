import type { Millis, TimerFired } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Message } from './message.js';
import type { Timer } from './output.js';
import type { RedirectReason, Signal } from './signal.js';
import type { TransportEvent } from './transport.js';

/** What can happen to a link. Whatever does not fit its state is ignored; after the last event everything is. */
export type Input =
  /**
   * We want this link: ask for it, and wait `timeoutMs` for a word (default: the config's `requestTimeoutMs`). On a link
   * that the other side has asked for it grants.
   */
  | { readonly type: 'dial'; readonly purpose: string; readonly isolated: boolean; readonly timeoutMs?: Millis }
  /** The transport of this session has been agreed on without signals, and is to be taken over: its `opened` comes next. */
  | { readonly type: 'adopt' }
  /** Any signal from this peer, of whatever session. */
  | { readonly type: 'signal'; readonly signal: Signal }
  /** The answer to a `requested` event: yes. */
  | { readonly type: 'grant' }
  /** The answer to a `requested` event: no, and who may have room. */
  | {
      readonly type: 'refuse';
      readonly reason: RedirectReason;
      readonly peers: readonly PeerRecord[];
      readonly retryAfterMs?: number;
    }
  /** Of the transport of `session`; late events of a former session's transport are ignored. */
  | { readonly type: 'transport'; readonly session: string; readonly event: TransportEvent }
  /** A message of this protocol came over the link. */
  | { readonly type: 'received'; readonly message: Message }
  /** Any other frame came over the link: a sign of life. O(1), allocates nothing. */
  | { readonly type: 'heard' }
  /** Any other frame was written to the link: no ping is needed. O(1), allocates nothing. */
  | { readonly type: 'wrote' }
  /** Say goodbye (or give the attempt up) and close. */
  | { readonly type: 'hangup'; readonly reason: string }
  | TimerFired<Timer>;
