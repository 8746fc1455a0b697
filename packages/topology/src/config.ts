import type { Millis } from '@peerpigeon/core';
import type { Policy } from './policy.js';

/** How a topology is tuned. Every default carries its source and how sure we are of it. */
export interface Config {
  /** Ids kept on each side of one's own, for ring repair and the size estimate. Pastry's L/2 = 8; sure. */
  readonly leafSetSize: number;
  /** Peers remembered without a link. HyParView's passive view is 30 = 6 × active; ours holds the leaf set too. */
  readonly maxKnown: number;
  /** A peer not heard of for so long, even through others, is forgotten (S95). The README's 5 minutes. */
  readonly forgetAfterMs: Millis;
  /** How long the id of a peer that left is not learnt again from those who have not noticed. Prototype: 60 s. */
  readonly tombstoneMs: Millis;
  /** How long the smaller of two ids leaves the initiative to the larger (S89). A guess: two handshakes. */
  readonly patienceMs: Millis;
  /** First delay after a failed dial; doubles with each failure, ± 50 %. Hyperswarm: 1 s; sure. */
  readonly backoffMs: Millis;
  /** Longest such delay. GossipSub's prune backoff: 60 s. */
  readonly maxBackoffMs: Millis;
  /** How long a peer that said that it has a free slot is taken to have one. A guess: a little above `maxExchangeMs`. */
  readonly openMs: Millis;
  /** How long a hint of a full peer to one with a free slot is believed: for a question or two, too short for a rumour. */
  readonly hintMs: Millis;
  /** How long a peer with no room, or one just separated from, is not asked again for a long link. A guess. */
  readonly refusedMs: Millis;
  /** Links being made at once, besides those asked of us. @roamhq/wrtc loses links beyond 4 to 8 at once (measured). */
  readonly maxDials: number;
  /** How long a link above `maxPeers` waits for the one it replaces, before a long link goes. Half of the 5 s allowed. */
  readonly handoverMs: Millis;
  /** How long the ring must have been right before long links are looked for. Prototype: 1 s. */
  readonly ringSettleMs: Millis;
  /** First period of the exchange of neighbours over a link; doubles while nothing changes. Prototype: 0.5 s. */
  readonly exchangeMs: Millis;
  /** Longest such period. Prototype: 12 s. */
  readonly maxExchangeMs: Millis;
  /** First delay before a peer that does not expect it is asked for a long link; doubles. Prototype: 1.5 s. */
  readonly seekMs: Millis;
  /** Longest such delay. Prototype: 30 s. */
  readonly maxSeekMs: Millis;
  /** First delay before asking the server for more peers when there is nobody left to dial; doubles. Prototype: 1.5 s. */
  readonly discoverMs: Millis;
  /** Longest such delay while something is missing. Prototype: 30 s. */
  readonly maxDiscoverMs: Millis;
  /** Period of asking the server at rest, which finds a partition. Prototype: 60–120 s. */
  readonly restDiscoverMs: Millis;
  /** How long without a link, or below `minPeers`, before the application is warned. A guess. */
  readonly warnAfterMs: Millis;
  /** Failed dials of one peer in a row before the application is warned. A guess: one may be bad luck, three are not. */
  readonly warnAfterDials: number;
  /** Links beyond `maxPeers` for calls and transfers. Eight calls at once fill a screen; a guess. */
  readonly maxExtraPeers: number;
  /** Whom to prefer; by default XOR-near peers, or nobody with `xorRouting` off. */
  readonly policy?: Policy;
}

/** Defaults; see {@link Config}. */
export const DEFAULT_CONFIG: Config = {
  leafSetSize: 8,
  maxKnown: 96,
  forgetAfterMs: 300_000,
  tombstoneMs: 60_000,
  patienceMs: 2_000,
  backoffMs: 1_000,
  maxBackoffMs: 60_000,
  openMs: 15_000,
  hintMs: 5_000,
  refusedMs: 20_000,
  maxDials: 4,
  handoverMs: 2_500,
  ringSettleMs: 1_000,
  exchangeMs: 500,
  maxExchangeMs: 12_000,
  seekMs: 1_500,
  maxSeekMs: 30_000,
  discoverMs: 1_500,
  maxDiscoverMs: 30_000,
  restDiscoverMs: 90_000,
  warnAfterMs: 10_000,
  warnAfterDials: 3,
  maxExtraPeers: 8,
};

/** What the application may change at run time. */
export interface Settings {
  readonly maxPeers: number;
  readonly minPeers: number;
  readonly autoDiscovery: boolean;
  readonly evictionStrategy: boolean;
  readonly xorRouting: boolean;
}
