import type { Emit, PeerId, SetTimer, Violation } from '@peerpigeon/core';
import type { Lane, TransportCommand } from '@peerpigeon/link';
import type { Output as SessionOutput } from '@peerpigeon/signaling-protocol';
import type { Event } from './event.js';
import type { Frame } from './frame.js';
import type { Timer } from './timer.js';

/** Open a channel to the signaling server at `url` (closing any other), write to it, close it. */
export type ChannelCommand = Extract<SessionOutput, { readonly type: 'open' | 'write' | 'close' }>;

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
  /** The links port: write a frame of channel `datagram` to the data channel that sends again so often. */
  | {
      readonly type: 'datagram';
      readonly peer: PeerId;
      readonly session: string;
      readonly maxRetransmits: number;
      readonly frame: Extract<Frame, { readonly channel: 'datagram' }>;
    }
  /** An output of the optional protocol of that name, as its own machine defines it. */
  | { readonly type: 'protocol'; readonly name: string; readonly output: { readonly type: string } }
  /** The signaling port. */
  | { readonly type: 'signaling'; readonly command: ChannelCommand }
  | SetTimer<Timer>
  | Emit<Event>
  | Violation;
