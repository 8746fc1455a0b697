import type { Emit, Millis, SetTimer, Violation } from '@peerpigeon/core';
import type { Event } from './event.js';
import type { Message } from './message.js';
import type { Signal } from './signal.js';
import type { TransportCommand } from './transport.js';

/** The next moment at which a link looks at its deadlines. At most one per link is not stale. */
export interface Timer {
  readonly type: 'due';
  /** The `at` it was set for, which tells it from stale ones. */
  readonly at: Millis;
}

/** What a link asks for. Carried out in order. */
export type Output =
  /** To the other peer, by whatever path there is before the link. `again`: a copy, which a path that tells of losses needs not. */
  | { readonly type: 'signal'; readonly signal: Signal; readonly again?: true }
  /** To the transport of `session`. Of two sessions the former's `close` comes before the latter's `open`. */
  | { readonly type: 'transport'; readonly session: string; readonly command: TransportCommand }
  /** Over the link, on its control lane. */
  | { readonly type: 'write'; readonly message: Message }
  | SetTimer<Timer>
  | Emit<Event>
  | Violation;
