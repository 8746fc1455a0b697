import type { Emit, PeerId, SetTimer, Violation } from '@peerpigeon/core';
import type { Event } from './event.js';
import type { Message } from './message.js';
import type { Timer } from './timer.js';

/** What a node asks of its interpreter. */
export type Output =
  /** To a peer over other peers, once, unacknowledged; `via`: the peers in between, our neighbour first, taken if it can be. */
  | { readonly type: 'route'; readonly to: PeerId; readonly via?: readonly PeerId[]; readonly message: Message }
  /** To whoever is nearest to the key on the ring, ourselves left out; first over the link `over`. */
  | { readonly type: 'seek'; readonly key: PeerId; readonly over?: PeerId; readonly message: Message }
  /** Keep these bytes under this name, or, null, nothing any more; answered by `persisted`. Only where storage is durable. */
  | { readonly type: 'persist'; readonly job: number; readonly name: string; readonly bytes: Uint8Array | null }
  | SetTimer<Timer>
  | Emit<Event>
  | Violation;
