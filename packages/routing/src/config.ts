import { MAX_HOPS } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';

/** Longest source route: what a topology hands on at most (its prototype's limit; 10,000 peers need half of it). */
export const MAX_ROUTE_HOPS = 40;
/** Most steps of a random walk; HyParView's longest has 6. */
export const MAX_WALK_STEPS = 64;
/** Largest body of a parcel: a dozen peer records with routes fill three quarters of it. */
export const MAX_PARCEL_BYTES = 16_384;

/** How one kind of own messages is sent until it is acknowledged. */
export interface Resending {
  /** How long the origin waits for an acknowledgement before it reports a failure. */
  readonly ackTimeoutMs: Millis;
  /** When an unanswered message is sent again, after it was sent first; each time over another link if there is one. */
  readonly resendAfterMs: readonly Millis[];
  /** How many may wait for an acknowledgement; one more fails at once as unreachable. */
  readonly maxPending: number;
}

/** Who this router is and how it is tuned. */
export interface Config {
  /** The own id. */
  readonly peerId: PeerId;
  /** Envelopes of another network are refused. */
  readonly network: string;
  /** Draws the links of random walks. */
  readonly rng: Rng;
  /** Links that a message may cross, and an answer on its way back: 1 to `MAX_HOPS` of core; peers agree on it. */
  readonly maxHops: number;
  /** Messages of applications. */
  readonly direct: Resending;
  /** Signals of links to be. */
  readonly signal: Resending;
  /** How long after a first `nack` the message is sent again; twice as long after each further one. */
  readonly nackRetryMs: Millis;
  /** How often one message is sent at most, for whatever reason. */
  readonly maxAttempts: number;
  /** How many received messages are remembered, so that a copy is acknowledged again but not shown. */
  readonly seenMaxEntries: number;
  /** How long a received message is remembered. */
  readonly seenMaxAgeMs: Millis;
  /** How many of a neighbour's neighbours are remembered, and how many of its leaves. */
  readonly maxViewPeers: number;
  /** How many peers may be reached by tunnels; one more takes the place of the oldest. */
  readonly maxTunnels: number;
  /** To how many leaves a way may be kept; one more takes the place of the oldest. */
  readonly maxLodgers: number;
}

/** What the constructor takes: who we are, a source of randomness, and what differs from {@link DEFAULTS}. */
export type Options = Pick<Config, 'peerId' | 'network' | 'rng'> & Partial<Config>;

/** What is not configured. */
export const DEFAULTS: Omit<Config, 'peerId' | 'network' | 'rng'> = {
  /** The wire's limit. 1,000 peers with three links each need 59 at the 99th percentile, 10,000 need 188 (measured). */
  maxHops: MAX_HOPS,
  direct: {
    /** 1,000 peers with three links each and 55 ms a link: 2.6 s in the median, 6.3 s at the 99th percentile (measured). */
    ackTimeoutMs: 10_000,
    /** Above any round trip at eight links (p99 1.5 s) and the median at three links of 1,000 peers; a guess. */
    resendAfterMs: [2_500, 5_000],
    /** 100 messages a second that all time out. */
    maxPending: 1_024,
  },
  signal: {
    /** A dial is given up after 15 s (link), and has the server as a second path. */
    ackTimeoutMs: 8_000,
    /** Signals mostly go over known routes of a few links; a guess. */
    resendAfterMs: [1_000, 2_000, 4_000],
    /** Eight dials at once with a description and 30 candidates each. */
    maxPending: 256,
  },
  /** 0.25 + 0.5 + 1 + 2 + 4 s are within the timeout; a ring heals in seconds. */
  nackRetryMs: 250,
  /** One, two for silence and five for nacks. */
  maxAttempts: 8,
  /** 167 messages a second for 120 s; about 3 MB when full. */
  seenMaxEntries: 20_000,
  /** Twelve times the origin's timeout: no copy is on its way longer. */
  seenMaxAgeMs: 120_000,
  /** The 50 links that maxPeers allows, one in handover, and some to spare. */
  maxViewPeers: 64,
  /** A leaf set of eight on each side: all that topology may ask for. */
  maxTunnels: 16,
  /** With nine leaves to a ring peer some have 40 to 60 on their stretch of the ring; a guess. */
  maxLodgers: 64,
};
