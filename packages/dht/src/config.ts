import type { Millis, PeerId, Rng } from '@peerpigeon/core';

/** Longest name of a key, in bytes of UTF-8. The contract's. */
export const MAX_KEY_BYTES = 256;
/** Largest value of one record; what is larger goes in chunks of this size. The contract's 16 KiB. */
export const MAX_RECORD_BYTES = 16_384;
/** What a page of records may have, heads included, so that with the rest of its message it fits into a parcel (routing). */
export const PAGE_BYTES = 18_432;
/** Longest life of a record. OpenDHT, BEP 44 and IPNS keep values for an hour to two days. */
export const MAX_TTL_MS: Millis = 172_800_000;
/** Most replicas that a record may ask for. Twice Kademlia's usual 8. */
export const MAX_REPLICAS = 16;
/** Members named on one side of a peer, at most: twice the leaf set of topology. */
export const MAX_SIDE = 16;
/** Records offered at once. A guess: 4 KiB. */
export const MAX_OFFERED = 48;
/** Subscribers named in one message. A guess: 2 KiB. */
export const MAX_LEASES = 64;
/** Parts of one key that a replica remembers: the authors that a key may have, with those that are gone. A guess: four times these. */
export const MAX_PARTS = 1_024;

/** Who this node is and how it is tuned. */
export interface Config {
  /** The own id. */
  readonly peerId: PeerId;
  readonly rng: Rng;
  /** The own wall clock at the time of the first input, ms since 1970. */
  readonly epoch: Millis;
  /** The application's storage outlasts this process: what is kept counts once it is `persisted`. */
  readonly durable: boolean;
  /** Holders of a value (k). */
  readonly replicas: number;
  /** Answers of holders that a get waits for, unless it says otherwise, once one has found something. */
  readonly readQuorum: number;
  /** How long a value lives that says nothing else; while its author is in the mesh it is renewed at half of that. */
  readonly ttlMs: Millis;
  /** How long an operation may take that says nothing else. */
  readonly timeoutMs: Millis;
  /** How long an answer is waited for while no round trip is known: of a holder, nearby; … */
  readonly nearTimeoutMs: Millis;
  /** … and of whoever is nearest to a key, across the mesh. */
  readonly farTimeoutMs: Millis;
  /** Bounds of these waits once round trips are known. */
  readonly minTimeoutMs: Millis;
  readonly maxTimeoutMs: Millis;
  /** How often a holder is asked before it counts as gone. */
  readonly maxTries: number;
  /** How long a peer that did not answer is passed over. */
  readonly absentMs: Millis;
  /** How long what others said of the ring near them is believed. */
  readonly rangeMs: Millis;
  /** How long after a change of the leaf set records are looked through. */
  readonly settleMs: Millis;
  /** How often all records are looked through and offered to those that should have them; ± 10 %. */
  readonly auditMs: Millis;
  /** How long a subscription lasts at the holders unless it is renewed, … */
  readonly leaseMs: Millis;
  /** … and how often it is. */
  readonly renewMs: Millis;
  /** How long after a change whoever becomes the nearest holder tells subscribers of it again. */
  readonly retellMs: Millis;
  /** Keys held, and bytes of values, at most. */
  readonly maxKeys: number;
  readonly maxBytes: number;
  /** The same of one author. */
  readonly maxKeysPerAuthor: number;
  readonly maxBytesPerAuthor: number;
  /** Authors that one key may have records of. */
  readonly maxAuthorsPerKey: number;
  /** Subscribers of one key, and leases in all. */
  readonly maxLeasesPerKey: number;
  readonly maxLeases: number;
  /** Own operations at a time, and those carried out for others. */
  readonly maxOperations: number;
  readonly maxJobs: number;
  /** Own records that are renewed, own subscriptions. */
  readonly maxPublished: number;
  readonly maxSubscriptions: number;
  /** How far a version, which is a time, may be ahead of the own clock. */
  readonly maxAheadMs: Millis;
}

/** What the constructor takes: who we are, and what differs from {@link DEFAULTS}. */
export type Options = Pick<Config, 'peerId' | 'rng' | 'epoch'> & Partial<Config>;

/** What is not configured. */
export const DEFAULTS: Omit<Config, 'peerId' | 'rng' | 'epoch'> = {
  durable: false,
  /** Kademlia's k in BitTorrent and OpenDHT. */
  replicas: 8,
  /** The design's. With writes at 6 of 8 any three holders have met the last write. */
  readQuorum: 3,
  ttlMs: 3_600_000,
  /** Of 1,000 peers with three links each a round trip takes 6.3 s at the 99th percentile (routing); three of those. */
  timeoutMs: 20_000,
  /** Some links there and back; a guess. */
  nearTimeoutMs: 1_000,
  /** Above the median round trip at three links a peer (2.6 s, measured by routing). */
  farTimeoutMs: 3_000,
  /** What custody of routing waits for one link. */
  minTimeoutMs: 400,
  maxTimeoutMs: 8_000,
  /** A way that broke is mended within the second try (topology: 4 s). */
  maxTries: 3,
  /** By then liveness has told the topology. */
  absentMs: 15_000,
  /** A member that came meanwhile is missed until then; a guess. */
  rangeMs: 10_000,
  /** A kill is noticed by all neighbours within some 1.2 s (simulator). */
  settleMs: 1_500,
  /** Pastry's PAST and IPFS look through theirs daily to twice daily; tabs do not live that long. The design's hour. */
  auditMs: 3_600_000,
  leaseMs: 120_000,
  renewMs: 40_000,
  /** The 30 s that liveness may take, twice. */
  retellMs: 60_000,
  maxKeys: 16_384,
  /** A guess: what a tab can spare. */
  maxBytes: 67_108_864,
  /** In a mesh of less than nine each holds everything. */
  maxKeysPerAuthor: 4_096,
  maxBytesPerAuthor: 33_554_432,
  maxAuthorsPerKey: 256,
  maxLeasesPerKey: 1_024,
  maxLeases: 16_384,
  maxOperations: 1_024,
  maxJobs: 1_024,
  maxPublished: 4_096,
  maxSubscriptions: 1_024,
  /** Clocks are off by a day at most (simulator). */
  maxAheadMs: 90_000_000,
};
