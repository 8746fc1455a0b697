import { MAX_HOPS } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';

/** Longest source route: what a topology hands on at most (its prototype's limit; 10,000 peers need half of it). */
export const MAX_ROUTE_HOPS = 40;
/** Most steps of a random walk; HyParView's longest has 6. */
export const MAX_WALK_STEPS = 64;
/** Most copies that an author sends of one message, so that an attempt is a small number on the wire. */
export const MAX_ATTEMPTS = 64;
/** Most receipts in one message: 50 ms of a thousand messages a second. */
export const MAX_RECEIPTS = 64;
/**
 * Largest body of a parcel: a value of 16 KiB and what is around it. With the longest path and route it is below 45 KB, so that it fits
 * into a frame of 64 KiB however far it has come.
 */
export const MAX_PARCEL_BYTES = 20_480;

/** How one kind of own messages is sent until it is acknowledged. */
export interface Resending {
  /** How long the origin waits for an acknowledgement before it reports a failure, unless a message says otherwise. */
  readonly ackTimeoutMs: Millis;
  /**
   * How long it waits at most while it has a link with the receiver that is silent: what was given to it is delivered when a path
   * is found again. Not where a message says how long it may take.
   */
  readonly silentTimeoutMs: Millis;
  /**
   * When an unanswered message is sent again, after it was sent first, and from the last on twice as late each time; over
   * another link if there is one. No sooner than what is sent there and back takes, once that is known.
   */
  readonly resendAfterMs: readonly Millis[];
  /** How many may wait for an acknowledgement; one more fails at once as refused. */
  readonly maxPending: number;
}

/** How a peer sees to it that the next one has what it was sent. */
export interface CustodyConfig {
  /** How long a receipt is waited for while no link's round trip is known; a new link is taken to be like the others. */
  readonly initialMs: Millis;
  /** Bounds of the wait where it is: twice the round trip, more where that varies. */
  readonly minMs: Millis;
  readonly maxMs: Millis;
  /** How many more ways a relay tries for one copy. The author may have others yet. */
  readonly maxDetours: number;
  /** Copies watched at a time, and their bytes; what exceeds either is sent unwatched. */
  readonly maxCopies: number;
  readonly maxBytes: number;
  /** How long a receipt may wait for others to the same peer, when one has gone there just before. */
  readonly batchMs: Millis;
  /** How many copies that went by are remembered, and for how long, so that one that a detour brings again is dropped. */
  readonly maxPassed: number;
  readonly passedMs: Millis;
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
  /** The longest such wait. */
  readonly maxNackRetryMs: Millis;
  /** How often its author sends one message at most, for whatever reason: 1 to `MAX_ATTEMPTS`. */
  readonly maxAttempts: number;
  /** How many failed messages are remembered, and for how long, so that a late acknowledgement is told of. */
  readonly maxFailed: number;
  readonly lateMs: Millis;
  /** Of how many neighbours that said goodbye that is remembered, and for how long. */
  readonly maxDeparted: number;
  readonly departedMs: Millis;
  /** Largest message with its hop part: what a link carries in one frame. A larger one fails as too large. */
  readonly maxFrameBytes: number;
  /** How the copies of direct messages are watched over one link each. */
  readonly custody: CustodyConfig;
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
    /** A link is dead after 30 s of silence (link), and a restart that was begun before may end yet. */
    silentTimeoutMs: 40_000,
    /**
     * Above any round trip at eight links (p99 1.5 s), and four of five at three links of 1,000 peers (median 2.6 s). Custody has
     * what is lost on its way; left are relays that die with a copy, and lost acknowledgements.
     */
    resendAfterMs: [4_000, 8_000],
    /** 100 messages a second that all time out. */
    maxPending: 1_024,
  },
  signal: {
    /** A dial is given up after 15 s (link), and has the server as a second path. */
    ackTimeoutMs: 8_000,
    silentTimeoutMs: 8_000,
    /** Signals mostly go over known routes of a few links; a guess. */
    resendAfterMs: [1_000, 2_000, 4_000],
    /** Eight dials at once with a description and 30 candidates each. */
    maxPending: 256,
  },
  /** 0.25 + 0.5 + 1 + 1.5 s + … are within the timeout; a ring heals in seconds. */
  nackRetryMs: 250,
  /** A ring that was broken is right 6 to 8 s after a kill, of the 10 s that a message has: then it shall not wait for long. */
  maxNackRetryMs: 1_500,
  /** One, two for silence, eight for nacks, and one for each of eight links that are dead; twice that for more patient ones. */
  maxAttempts: 32,
  /** As many as may be pending at once. */
  maxFailed: 1_024,
  /** A way of 1,023 links of 100 ms, there and back, takes 205 s. */
  lateMs: 300_000,
  /** A guess: five times the most links. */
  maxDeparted: 256,
  /** Ours: whoever stays away for longer is no more known than anybody else. */
  departedMs: 300_000,
  /** What two current browsers agree on (link). */
  maxFrameBytes: 65_536,
  custody: {
    /** Above the round trip of most links; a copy too many does no harm. A guess. */
    initialMs: 500,
    /** Linux's smallest retransmission timeout is 200 ms, and receipts may wait for `batchMs`. */
    minMs: 250,
    /** A third of the time that a link needs to be called silent. */
    maxMs: 1_200,
    /** Of three ways that were chosen first, one is mostly good while half of the peers are gone. */
    maxDetours: 2,
    /** A thousand messages a second at a round trip of half a second, twice. */
    maxCopies: 1_024,
    /** As much as gossip keeps for others. */
    maxBytes: 4_194_304,
    /** A receipt of 23 bytes for each message at low rates, less than 50 a second at high ones. */
    batchMs: 20,
    /** Two minutes of 34 messages a second; some 100 bytes each. */
    maxPassed: 4_096,
    /** Longer than detours take: three ways of 1.2 s at some relays in a row. */
    passedMs: 30_000,
  },
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
