import type { Candidate, Description } from './signal.js';

/**
 * The two data channels a link has from the start: `control` for control and small messages, `bulk` for the rest, so that a large message
 * never delays a heartbeat. Both are negotiated (ids 0 and 1), ordered and reliable.
 */
export type Lane = 'control' | 'bulk';

/**
 * Datagrams have further channels, unordered and of few retransmissions (RFC 8831 §6.1): opened in-band when first needed,
 * one for each number of retransmissions that is asked for, closed with the link.
 */
export type Carrier = Lane | 'datagram';

/** What the link machine asks of the transport (an RTCPeerConnection, or the simulator's). Carried out in order. */
export type TransportCommand =
  /** Construct it. Made only after the other side has accepted. */
  | { readonly type: 'open' }
  /** createOffer and setLocalDescription; the result comes back as a `description` event. */
  | { readonly type: 'offer' }
  /** The same with new ICE credentials, on a transport that was open: another path is looked for. */
  | { readonly type: 'restart' }
  /** setRemoteDescription(offer), createAnswer, setLocalDescription; comes back as a `description` event. Of a restart, too. */
  | { readonly type: 'answer'; readonly description: Description }
  /** setRemoteDescription(answer). */
  | { readonly type: 'accept'; readonly description: Description }
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  /**
   * Tell `drained` once at most `below` bytes are buffered, those of all channels together: at once if that is so. What is
   * written later counts too. The next one comes after the answer.
   */
  | { readonly type: 'drain'; readonly below: number }
  /** Close and release it once what was written before has left (wait for that 200 ms at most); no event follows. */
  | { readonly type: 'close' };

/** What happened to the transport. */
export type TransportEvent =
  /** A local description, to be sent to the other side. */
  | { readonly type: 'description'; readonly description: Description }
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  /** Both data channels are open. */
  | { readonly type: 'opened' }
  /** The answer to `drain`: so many bytes are buffered now, so many of them on `control`; `from` when the command came. */
  | { readonly type: 'drained'; readonly bytes: number; readonly control: number; readonly from: number }
  /** ICE has failed on a transport that was open: no path is left, a restart may find another. */
  | { readonly type: 'broken' }
  /** It is lost for good: ICE failed before it was open, or a channel was closed. */
  | { readonly type: 'closed'; readonly reason: string }
  /** A command was refused by the platform. */
  | { readonly type: 'failed'; readonly command: TransportCommand['type']; readonly detail: string };
