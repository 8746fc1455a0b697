import type { Millis } from '@peerpigeon/core';

/** How transfers are tuned. */
export interface Config {
  /** What is hashed and counted as one, in bytes; both ends of a transfer take any up to {@link MAX_BLOCK_BYTES}. */
  readonly blockBytes: number;
  /** What a chunk's frame holds besides its bytes, at most. */
  readonly frameOverheadBytes: number;
  /** Bytes of a chunk that goes over other peers. */
  readonly relayChunkBytes: number;
  /** How far a sender may be ahead of what the receiver's application has taken: credit, in bytes. */
  readonly windowBytes: number;
  /** Unacknowledged bytes over other peers: at first, at least and at most. The window grows by a chunk each time it was acknowledged. */
  readonly relayWindowBytes: number;
  readonly minRelayWindowBytes: number;
  readonly maxRelayWindowBytes: number;
  /** How far the source is hashed ahead of what has been sent, in bytes. */
  readonly readAheadBytes: number;
  /** Chunks are cut to what a link takes, down to this: on a slow one a whole frame would keep all else waiting. */
  readonly minChunkBytes: number;
  /** Chunks of so many bytes are acknowledged in twos, on a link. */
  readonly largeChunkBytes: number;
  /** Blocks under way that the receiver's application has not taken; those of a stream may be small. */
  readonly maxBlocks: number;
  /** Chunks that may be asked of the source at a time. */
  readonly maxReads: number;
  /** Unacknowledged bytes of a transfer on a link: at first, and at least. At most it is the credit. */
  readonly linkWindowBytes: number;
  readonly minLinkWindowBytes: number;
  /** How long what is under way on a link may keep others waiting there, besides its round trip. */
  readonly queueMs: Millis;
  /** How long the rate of a link is measured before it counts. */
  readonly rateSampleMs: Millis;
  /** The retransmission timer: at first, at least, at most (RFC 6298 §2 without its minimum of a second). */
  readonly firstTimeoutMs: Millis;
  readonly minTimeoutMs: Millis;
  readonly maxTimeoutMs: Millis;
  /** How often a sender that may not send, or waits for an answer, asks where the other side stands: grows up to this. */
  readonly maxProbeMs: Millis;
  /** Nothing heard for so long: the transfer fails as `lost`. Until then it goes on where it was as soon as there is a way. */
  readonly patienceMs: Millis;
  /** The same for a message: its application waits to hear whether it arrived. */
  readonly messagePatienceMs: Millis;
  /** How long an offer waits for its answer. */
  readonly offerPatienceMs: Millis;
  /** Transfers that are sent to one peer at a time; others wait their turn. */
  readonly maxActivePerPeer: number;
  /** Transfers that are offered, sent or wait, to one peer and in all; one more fails as `busy`. */
  readonly maxOutgoingPerPeer: number;
  readonly maxOutgoing: number;
  /** Transfers that are offered to us or received, from one peer and in all; one more is rejected as `busy`. */
  readonly maxIncomingPerPeer: number;
  readonly maxIncoming: number;
  /** Largest message that is taken without being asked for, in bytes. Peers of one mesh should agree on it. */
  readonly maxMessageBytes: number;
  /** Bytes that all transfers which are being received may hold in memory: messages whole, others their window. */
  readonly maxHeldBytes: number;
  /** How often a block may arrive that is not what was announced. */
  readonly maxCorruptBlocks: number;
  /** How many transfers that ended are remembered, and how long, so that a late question is answered. */
  readonly endedMaxEntries: number;
  readonly endedMaxAgeMs: Millis;
  /** Transfers over this size, or of unknown size, are worth a link of their own. */
  readonly linkWorthBytes: number;
  /** How long that link stays after the last transfer. */
  readonly lingerMs: Millis;
}

/** What is not configured. */
export const DEFAULTS: Config = {
  /** The Merkle root is over blocks of 1 MiB. */
  blockBytes: 1_048_576,
  /** Tags, a 16-byte id, an offset, lengths and a hash are 90 bytes. */
  frameOverheadBytes: 128,
  /** Within the 20 KiB that a parcel holds, with room for a seal to come. */
  relayChunkBytes: 12_288,
  /** 4 MiB are 100 ms at 40 MB/s, above what a data channel carries (measured: 34 MB/s). */
  windowBytes: 4_194_304,
  /** Ten segments, as TCP begins with (RFC 6928). */
  relayWindowBytes: 122_880,
  minRelayWindowBytes: 24_576,
  /** A guess: half a second of 1 MB/s, and no relay holds more of one transfer. */
  maxRelayWindowBytes: 524_288,
  readAheadBytes: 2_097_152,
  /** What the send scheduler of @peerpigeon/link asks of whoever sends bulk. */
  minChunkBytes: 4_096,
  /** 30 MB/s are 250 acknowledgements a second then. A guess. */
  largeChunkBytes: 32_768,
  /** A guess. */
  maxBlocks: 256,
  maxReads: 8,
  linkWindowBytes: 65_536,
  /** At 1 Mb/s 130 ms. */
  minLinkWindowBytes: 16_384,
  /** Of the 500 ms that control messages may wait at 1 Mb/s; the rest is for the link's own queue, and for what else there is. */
  queueMs: 100,
  /** Several acknowledgements, where they come in bursts. A guess. */
  rateSampleMs: 50,
  firstTimeoutMs: 1_000,
  /** A guess: above what a busy tab delays a message. */
  minTimeoutMs: 200,
  maxTimeoutMs: 8_000,
  maxProbeMs: 5_000,
  /** A phone that changes networks, a lid that is closed for a moment. A guess: links are given 30 s. */
  patienceMs: 60_000,
  /** Twice what a small direct message waits (routing). */
  messagePatienceMs: 20_000,
  /** A person may have to decide. A guess. */
  offerPatienceMs: 600_000,
  maxActivePerPeer: 4,
  maxOutgoingPerPeer: 256,
  maxOutgoing: 1_024,
  maxIncomingPerPeer: 16,
  maxIncoming: 64,
  /** 16 MiB: what is decoded at once, in the memory of a tab. A guess. */
  maxMessageBytes: 16_777_216,
  /** 16 windows. A guess. */
  maxHeldBytes: 67_108_864,
  maxCorruptBlocks: 4,
  endedMaxEntries: 256,
  endedMaxAgeMs: 120_000,
  linkWorthBytes: 262_144,
  lingerMs: 10_000,
};

/** Longest name of what is sent, and longest type, in UTF-16 code units. Names of files have 255 at most. */
export const MAX_NAME_LENGTH = 255;
/** Longest explanation of an end, in UTF-16 code units. */
export const MAX_TEXT_LENGTH = 128;
/** Largest block that a peer takes. */
export const MAX_BLOCK_BYTES = 1_048_576;
/** Largest chunk: what the largest frame of a data channel holds (Chromium, measured). */
export const MAX_CHUNK_BYTES = 262_144;

/**
 * The default configuration with some values replaced.
 * @throws {RangeError} on values with which no transfer can end
 */
export function transferConfig(overrides: Partial<Config> = {}): Config {
  const config = { ...DEFAULTS, ...overrides };
  const { blockBytes, windowBytes, relayChunkBytes, minRelayWindowBytes } = config;
  const fits = blockBytes >= 1 && blockBytes <= MAX_BLOCK_BYTES && windowBytes >= blockBytes;
  if (!fits || relayChunkBytes < 1 || minRelayWindowBytes < relayChunkBytes) {
    throw new RangeError(
      `expected blockBytes from 1 to ${MAX_BLOCK_BYTES}, windowBytes of a block at least, minRelayWindowBytes of a ` +
        `chunk at least, got ${JSON.stringify(overrides)}`,
    );
  }
  return config;
}
