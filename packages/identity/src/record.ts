import type { Millis, PeerId } from '@peerpigeon/core';

/** What a peer can do; others plan with it. */
export interface PeerCaps {
  /** How many mesh links it keeps at most (`setMaxPeers`). */
  readonly maxPeers: number;
}

/** How peers learn of a peer: in discovery, join replies, hints, leaf sets and shuffles. */
export interface PeerRecord {
  readonly id: PeerId;
  /** The raw Ed25519 public key (32 bytes) the id derives from; absent for custom ids. */
  readonly publicKey?: Uint8Array;
  /** The wall clock (ms) at which this run of the peer started; the newer record of two wins. */
  readonly epoch: number;
  readonly caps: PeerCaps;
  /** The X25519 key to which messages for the peer are sealed; absent until messages are sealed. */
  readonly prekey?: Uint8Array;
  /** Wall clock (ms) after which the record is worth nothing. */
  readonly expires: Millis;
  /** Ed25519 signature over the fields before it; absent until records are signed. */
  readonly signature?: Uint8Array;
}
