import type { Envelope, PeerId } from '@peerpigeon/core';

/** What gossip has to tell: a broadcast, once, whoever sent it; one's own too (S20). */
export interface Event {
  readonly type: 'message';
  readonly envelope: Envelope;
  /** Links crossed; 0 for one's own (S16). */
  readonly hops: number;
  /** Links it may still cross; `ttl + hops` is what the author started with (S19). */
  readonly ttl: number;
  /** Ids passed, the author first, the receiver excluded; the own id alone for one's own (S18). */
  readonly path: readonly PeerId[];
}
