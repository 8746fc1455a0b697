import type { Millis, PeerId } from '@peerpigeon/core';
import type { Event, Frame } from '@peerpigeon/mesh';
import type { ClientMessage, ServerMessage } from '@peerpigeon/signaling-protocol';
import type { SimulatedLink } from './link-end.js';
import type { SimulatedPeer } from './peer.js';

/** What a link is to the mesh; see the mesh's `links()`. */
export type LinkKind = 'mesh' | 'handover' | 'extra';

/** Watches a network without touching it. Called while things happen: it must not feed anything back. */
export interface Observer {
  peerUp(peer: SimulatedPeer, now: Millis): void;
  peerDown(peer: SimulatedPeer, now: Millis): void;
  /** A link became something else to both of its ends: undefined until it is ready at both, and when it is gone. */
  linkChanged(link: SimulatedLink, kind: LinkKind | undefined, now: Millis): void;
  /** `from` writes `frame` to an open link. */
  frameSent(from: SimulatedPeer, frame: Frame, now: Millis): void;
  /** A frame reaches the machine of `to`. */
  frameReceived(to: SimulatedPeer, frame: Frame, now: Millis): void;
  event(peer: SimulatedPeer, event: Event, now: Millis): void;
  /** A peer's socket opened at the server. */
  socketOpened(peer: PeerId, now: Millis): void;
  /** A message passed the server's end of the socket of `peer`. */
  signaled(peer: PeerId, message: ClientMessage | ServerMessage, now: Millis): void;
}
