import type { Millis } from '@peerpigeon/core';

/** The version of the protocol that this build speaks, as `announce` and `connected` carry it. README clients name none. */
export const PROTOCOL_VERSION = 1;

/** The network of a peer that names none, as a README client does. */
export const DEFAULT_NETWORK = 'global';

/** Bounds on a message's text, before anything of it is parsed. */
export interface TextLimits {
  /** Longest text, in UTF-16 code units (never more than its bytes). README: 1 MiB (S137). */
  readonly maxLength: number;
  /** Deepest nesting of arrays and objects. Ours: a message of this protocol needs 6, an ICE candidate or a description 2. */
  readonly maxDepth: number;
}

/** What decoders accept unless told otherwise. */
export const DEFAULT_LIMITS: TextLimits = { maxLength: 1024 * 1024, maxDepth: 32 };

/** Most peers in one `peers` message. Ours; a hub sends about 10. */
export const MAX_PEERS_PER_MESSAGE = 256;

/** Most links that one announce may seek. `setMaxPeers` ends at 50. */
export const MAX_SEEKING = 64;

/** Most lost peers that one announce may name. */
export const MAX_LOST = 32;

/** Most random members that one announce may ask for. */
export const MAX_SAMPLE = 8;

/** How a {@link Session} behaves. */
export interface Config {
  /** How long a channel may take to open. README: 10 s (S10). */
  readonly connectTimeoutMs: Millis;
  /**
   * How long an open channel may stay silent before it counts as accepted: a server that knows only the README's table
   * never says `connected`. Ours: longer than `probeTimeoutMs` of a hub and a slow round trip.
   */
  readonly acceptTimeoutMs: Millis;
  /** Waits before the 1st, 2nd… attempt to reconnect; LiveKit's ladder. The first is at once, for a server that restarted. */
  readonly retryLadderMs: readonly Millis[];
  /** Added to each step of the ladder, uniformly drawn from [0, this), so that clients do not come back in step. */
  readonly retryJitterMs: Millis;
  /**
   * The wait between attempts after the ladder, drawn from ±30 % around it: islands that lost their server are one mesh
   * again within 10 s of its return.
   */
  readonly retryPeriodMs: Millis;
  /** So many of these attempts, some ten minutes of them; … */
  readonly retryPeriods: number;
  /** … and then a longer wait, drawn from ±50 % around it: the server is down for good, or for long. */
  readonly slowRetryPeriodMs: Millis;
  /** After what the page learns of its network an attempt follows the former one by this much at the soonest. Ours. */
  readonly minRetryMs: Millis;
  /** How long a connection must last before the ladder begins anew. Ours: longer than its steps. */
  readonly stableMs: Millis;
  /** Pings at most this far apart; nearer when the server's `peerTimeoutMs` asks for it. Proxies cut idle sockets after 30–60 s. */
  readonly pingIntervalMs: Millis;
  /** So many pings in a row without a sign of life mean that the channel is dead. */
  readonly maxUnansweredPings: number;
  /**
   * How long the answer to a ping may take before the next follows, or before the channel counts as dead where the network may have
   * changed or something was written into a silence as long. Ours: a slow round trip.
   */
  readonly checkTimeoutMs: Millis;
  /** Announces, each of which asks for peers, at least this far apart. */
  readonly announceIntervalMs: Millis;
  /** The same where the announce names lost peers: after a crash every second counts. Ours. */
  readonly lossIntervalMs: Millis;
  /** Longest delay that a server may ask for: before a refused client returns, or one leaves a server that drains. Ours. */
  readonly maxDelayMs: Millis;
  /** Malformed messages from one channel before it is closed. Ours. */
  readonly maxMalformed: number;
}

/** A session's defaults. */
export const DEFAULT_CONFIG: Config = {
  connectTimeoutMs: 10_000,
  acceptTimeoutMs: 5_000,
  retryLadderMs: [0, 300, 1_200, 2_700, 4_800],
  retryJitterMs: 1_000,
  retryPeriodMs: 5_000,
  retryPeriods: 120,
  slowRetryPeriodMs: 30_000,
  minRetryMs: 1_000,
  stableMs: 10_000,
  pingIntervalMs: 25_000,
  maxUnansweredPings: 2,
  checkTimeoutMs: 5_000,
  announceIntervalMs: 5_000,
  lossIntervalMs: 1_000,
  maxDelayMs: 60_000,
  maxMalformed: 16,
};

/** How a {@link Hub} behaves. */
export interface HubConfig {
  /** Connections at most; one more is closed with 4503. README: 1,000 (S133). */
  readonly maxConnections: number;
  /** A connection silent for this long is closed with 4408; it is probed before. README: 300 s (S135). */
  readonly peerTimeoutMs: Millis;
  /** How often silent connections are looked for, and at least four times per `peerTimeoutMs`. README: 60 s (S134). */
  readonly sweepIntervalMs: Millis;
  /** How long a probed connection has to show life. Ours: some slow round trips. */
  readonly probeTimeoutMs: Millis;
  /** Who was heard of within this time counts as alive and is not probed. Ours: a link is suspect after 3–4 s of silence. */
  readonly freshMs: Millis;
  /** How long the answer to an announce with losses waits for signs of life, at most. Ours: a slow round trip. */
  readonly verifyMs: Millis;
  /** Ring neighbours of a peer with losses that are probed, on each side. Ours: of 16, one lives after a kill of 80 % (97 %). */
  readonly probeRingNeighbours: number;
  /** How far they are looked for behind silent ones, on each side. Ours: so many in a row die of none of 1,000 kills of 80 %. */
  readonly maxReach: number;
  /** Senders of signals to a connection under probe, remembered to be told if it is dead; the latest. */
  readonly maxSenders: number;
  /** Peers of other nodes that wait for the answer to one probe; the latest. Ours: twice those that `maxReach` lets ask. */
  readonly maxAskers: number;
  /** Signals and pings of a connection kept while the index of several nodes is asked for it. Ours: a few offers. */
  readonly maxEarly: number;
  /** Largest message, told to clients; the adapter enforces it. README: 1 MiB (S137). */
  readonly maxMessageBytes: number;
  /** Malformed messages from one connection before it is closed with 4400. Ours. */
  readonly maxMalformed: number;
  /** Ring neighbours given to a newcomer, on each side. Two, so that one dead entry does not leave it without. */
  readonly ringNeighbours: number;
  /** Ring neighbours given to a peer with losses, on each side, all of which have shown life. */
  readonly ringNeighboursAfterLoss: number;
  /** XOR-nearest members given to a newcomer. */
  readonly nearest: number;
  /** Uniformly drawn members given to a newcomer: long links, and a defence against eclipses. */
  readonly random: number;
  /** Members that seek links, remembered to be brought together; the latest. */
  readonly maxSeekers: number;
  /** Ring neighbours told of a newcomer, on each side. */
  readonly tellRingNeighbours: number;
  /** XOR-nearest members told of a newcomer where one of the two is a README client; ours hear of each other over the mesh. */
  readonly tellNearest: number;
  /** Of those who know of a peer, how many are remembered, the latest, to be told when it leaves. */
  readonly maxKnownBy: number;
}

/** A hub's defaults. A join costs at most 5 messages: announce, connected, peers and 2 × peer-discovered. */
export const DEFAULT_HUB_CONFIG: HubConfig = {
  maxConnections: 1_000,
  peerTimeoutMs: 300_000,
  sweepIntervalMs: 60_000,
  probeTimeoutMs: 2_000,
  freshMs: 2_000,
  verifyMs: 500,
  probeRingNeighbours: 16,
  maxReach: 64,
  maxSenders: 8,
  maxAskers: 256,
  maxEarly: 16,
  maxMessageBytes: 1024 * 1024,
  maxMalformed: 16,
  ringNeighbours: 2,
  ringNeighboursAfterLoss: 4,
  nearest: 4,
  random: 2,
  maxSeekers: 64,
  tellRingNeighbours: 1,
  tellNearest: 2,
  maxKnownBy: 16,
};
