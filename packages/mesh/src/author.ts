import { sealEnvelope } from '@peerpigeon/core';
import type { Envelope, EnvelopeKind, Millis, PeerId } from '@peerpigeon/core';

/** What an application says, before it is an envelope. */
export interface Draft {
  readonly kind: EnvelopeKind;
  readonly channel: string;
  /** The receiver of a direct message. */
  readonly to?: PeerId;
  /** Encoded by the façade. */
  readonly content: Uint8Array;
  /** Wall clock, ms. */
  readonly timestamp: Millis;
}

/** Seals this peer's messages: counts them within the epoch, so that nothing of an author can be missed unnoticed. */
export class Author {
  private readonly network: string;
  private readonly from: PeerId;
  private readonly epoch: number;
  private readonly next: Record<EnvelopeKind, number> = { broadcast: 1, direct: 1, signal: 1 };

  constructor(network: string, from: PeerId, epoch: number) {
    this.network = network;
    this.from = from;
    this.epoch = epoch;
  }

  /** The envelope of a draft, with the next sequence number of its kind. */
  seal(draft: Draft): Envelope {
    const { network, from, epoch } = this;
    return sealEnvelope({ ...draft, network, from, epoch, seq: this.next[draft.kind]++ });
  }
}
