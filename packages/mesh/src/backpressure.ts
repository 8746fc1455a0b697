import type { PeerId } from '@peerpigeon/core';

/**
 * How a protocol that produces much (transfer, say) keeps pace with its links.
 *
 * - Before it sends bulk to a peer it asks {@link writable}, and sends no more than that. What it sends above is queued up to
 *   4 MiB for each source; beyond, the oldest is dropped and counted (`health().links[].dropped`).
 * - When it has sent what it may, it waits for the input {@link Writable}, which comes once the link has drained. There is no
 *   other signal, and none is needed before the first question: a ready link can always take half a high mark of a source
 *   that has nothing waiting.
 * - It cuts its chunks to what it may send (down to 4 KiB), and never waits for more than it is told: on a link of 1 Mb/s the
 *   high mark is 16 KiB, and there a frame of 64 KiB keeps everything else waiting for half a second.
 * - What keeps the protocol itself going (credit, acknowledgements) it sends at once, whatever `writable` says: whether a
 *   message is control, small or bulk is a matter of its size and of whether it carries content (`priority.ts`).
 */
export interface Backpressure {
  /** Bytes that `source` may hand over now, 0 without a ready link. Sources (protocols, as a rule) share a link fairly. */
  writable(peer: PeerId, source: string): number;
  /** The largest frame that the link with a peer carries, in bytes: 16 KiB at least; 0 without a ready link. */
  maxFrameBytes(peer: PeerId): number;
}

/** Input of such a protocol: the link with `peer` takes bulk again, `bytes` of it. */
export interface Writable {
  readonly type: 'writable';
  readonly peer: PeerId;
  readonly bytes: number;
}
