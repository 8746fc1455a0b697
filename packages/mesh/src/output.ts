import type { Emit, PeerId, SetTimer, Violation } from '@peerpigeon/core';
import type { Lane, TransportCommand } from '@peerpigeon/link';
import type { ClientMessage } from '@peerpigeon/signaling-protocol';
import type { Event } from './event.js';
import type { Frame } from './frame.js';
import type { Timer } from './timer.js';

/** What a mesh asks of its interpreter. Carried out in order. */
export type Output =
  /** The links port: construct, negotiate or close the transport of `session` with `peer`. */
  | { readonly type: 'transport'; readonly peer: PeerId; readonly session: string; readonly command: TransportCommand }
  /** The links port: write a frame. */
  | {
      readonly type: 'frame';
      readonly peer: PeerId;
      readonly session: string;
      readonly lane: Lane;
      readonly frame: Frame;
    }
  /** The signaling port: open a channel to `url` (closing any other), write to it, close it. */
  | { readonly type: 'signalingOpen'; readonly url: string }
  | { readonly type: 'signalingWrite'; readonly message: ClientMessage }
  | { readonly type: 'signalingClose' }
  | SetTimer<Timer>
  | Emit<Event>
  | Violation;
