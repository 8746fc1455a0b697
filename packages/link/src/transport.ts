import type { Candidate, Description } from './signal.js';

/**
 * Two data channels a link has: `control` for control and small messages, `bulk` for the rest, so that a large message
 * never delays a heartbeat. Both are negotiated (ids 0 and 1), ordered and reliable.
 */
export type Lane = 'control' | 'bulk';

/** What the link machine asks of the transport (an RTCPeerConnection, or the simulator's). Carried out in order. */
export type TransportCommand =
  /** Construct it. Made only after the other side has accepted. */
  | { readonly type: 'open' }
  /** createOffer and setLocalDescription; the result comes back as a `description` event. */
  | { readonly type: 'offer' }
  /** setRemoteDescription(offer), createAnswer, setLocalDescription; comes back as a `description` event. */
  | { readonly type: 'answer'; readonly description: Description }
  /** setRemoteDescription(answer). */
  | { readonly type: 'accept'; readonly description: Description }
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  /** Close and release it once what was written before has left (wait for that 200 ms at most); no event follows. */
  | { readonly type: 'close' };

/** What happened to the transport. */
export type TransportEvent =
  /** A local description, to be sent to the other side. */
  | { readonly type: 'description'; readonly description: Description }
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  /** Both data channels are open. */
  | { readonly type: 'opened' }
  /** The path is lost for good: ICE failed, or a channel was closed. */
  | { readonly type: 'closed'; readonly reason: string }
  /** A command was refused by the platform. */
  | { readonly type: 'failed'; readonly command: TransportCommand['type']; readonly detail: string };
