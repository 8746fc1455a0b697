import type { Millis } from '@peerpigeon/core';

/** How a link is tuned. "Ours" marks a value chosen by reasoning, not yet by measurement. */
export interface Config {
  /**
   * Asking for a link: how long to wait for a word, unless the dial says how long. A dead peer costs this much before the
   * next is tried (S92). Also how long a request of the other side waits for its mesh. Ours, fairly sure.
   */
  readonly requestTimeoutMs: Millis;
  /**
   * How long a signal waits for those before it: one lost on a path comes again over the other, and what never comes
   * must not hold up a candidate. More than two paths through a mesh differ. Ours, a guess.
   */
  readonly reorderMs: Millis;
  /** Signals that wait for those before them; one more, and the gap is waited for no longer. Ours. */
  readonly maxEarlySignals: number;
  /**
   * From consent to open channels. ICE with TURN and trickling ends within 10 s or not at all; Chromium itself gives up
   * after 15.8 s. Ours, fairly sure.
   */
  readonly negotiationTimeoutMs: Millis;
  /**
   * Before the link: a request, a yes or an offer that got no word is said again after this, then after twice as long. Longer
   * than two trips over the server and a browser's answer; it fits twice into the shortest wait for a word. Ours, fairly sure.
   */
  readonly resendAfterMs: Millis;
  /** From open channels to the other side's hello, which it sends at once. Ours, fairly sure. */
  readonly helloTimeoutMs: Millis;
  /**
   * Nothing sent, or nothing heard, for this long: ping. Three of them fit into `suspectAfterMs`, so that one late answer
   * does not make a peer suspect. The smaller id waits a quarter longer, so that one of two idle ends pings. Ours, fairly
   * sure.
   */
  readonly pingAfterMs: Millis;
  /** Nothing heard for this long: suspect. Ours: longer than a hiccup, shorter than a person waits. */
  readonly suspectAfterMs: Millis;
  /** Nothing heard for this long: dead. Ours: long enough for a phone that changes networks. */
  readonly deadAfterMs: Millis;
  /**
   * Silent for so long after it became suspect: look for another path. A hiccup is over by then; Chromium needs some 2 s more to
   * call the path disconnected. Ours, fairly sure.
   */
  readonly restartAfterMs: Millis;
  /** How long one such search takes: two trips of signals over a mesh and the checks of ICE. Ours, fairly sure. */
  readonly restartTimeoutMs: Millis;
  /** How often a path is looked for before the link is given up. The contract's. */
  readonly maxRestarts: number;
  /** How long a path that was found must have held for the next loss to be another one. Ours, a guess. */
  readonly steadyMs: Millis;
  /**
   * A timer that comes later than this shows that we ourselves were asleep (a frozen tab, a closed lid): then the others
   * get one chance to be heard before they are judged. Browsers fire background timers once a second. Ours, a guess.
   */
  readonly lateAfterMs: Millis;
  /** The chance of above, and of a ready link whose other end asks for a new one. A few round trips. Ours, a guess. */
  readonly graceMs: Millis;
  /**
   * Largest frame we take; the smaller of both ends' counts. Chromium carries 64 KiB messages at full speed (34 MB/s
   * against 13 at 16 KiB), and all current browsers take them (RFC 8831 §6.6). Sure.
   */
  readonly maxFrameBytes: number;
  /** Candidates held until the description they belong to is known. A host with many interfaces has some 30. Ours. */
  readonly maxHeldCandidates: number;
  /** Signals heard within one session; more are dropped. Descriptions, and every candidate. Ours. */
  readonly maxSignals: number;
  /** Protocol versions we speak. */
  readonly versions: readonly number[];
  /**
   * How much the transport may hold ahead of a control message: what it drains in this time. Enough to stay busy until it
   * has told that it needs more, some ms in a browser; as long as a person does not notice. Ours, fairly sure.
   */
  readonly drainAheadMs: Millis;
  /**
   * The high mark until a drain has been measured. At 1 Mb/s it takes 0.5 s, once; and what a link carries that never
   * has to wait is asked about twice in so many bytes. Ours, fairly sure.
   */
  readonly initialMarkBytes: number;
  /**
   * The lowest high mark: the frame that every peer takes ({@link MIN_FRAME_BYTES}). At 1 Mb/s it takes 131 ms, so that with
   * 100 ms of latency and half a mark more, where a frame is as long, a control message is there after 300 ms. 64 KiB would
   * take 524 ms. Sure.
   */
  readonly minMarkBytes: number;
  /** The highest: a quarter of what makes Chromium refuse to send (16 MiB, measured). 100 ms at 40 MB/s. Sure. */
  readonly maxMarkBytes: number;
  /** How much control is handed over above the mark. Beyond, 2 s at 1 Mb/s, it waits. Ours, a guess. */
  readonly maxControlAheadBytes: number;
  /** Control that waits, more of which shows that the link is of no use: 8 s at 1 Mb/s. Ours, a guess. */
  readonly maxControlBytes: number;
  /** And how long it may wait at most. A third of `deadAfterMs`. Ours, a guess. */
  readonly maxControlWaitMs: Millis;
  /** Small content that waits, of one source: as much as gossip sends in answer to a digest. */
  readonly maxSmallBytes: number;
  /** Larger content that waits, of one source: a history of gossip. Ours. */
  readonly maxBulkBytes: number;
}

/** The values that hold unless said otherwise. */
export const DEFAULT_CONFIG: Config = {
  requestTimeoutMs: 5_000,
  reorderMs: 250,
  maxEarlySignals: 16,
  negotiationTimeoutMs: 10_000,
  resendAfterMs: 1_000,
  helloTimeoutMs: 5_000,
  pingAfterMs: 1_000,
  suspectAfterMs: 3_500,
  deadAfterMs: 30_000,
  restartAfterMs: 2_500,
  restartTimeoutMs: 6_000,
  maxRestarts: 2,
  steadyMs: 30_000,
  lateAfterMs: 2_000,
  graceMs: 2_000,
  maxFrameBytes: 65_536,
  maxHeldCandidates: 64,
  maxSignals: 256,
  versions: [1],
  drainAheadMs: 100,
  initialMarkBytes: 65_536,
  minMarkBytes: 16_384,
  maxMarkBytes: 4 * 1_048_576,
  maxControlAheadBytes: 262_144,
  maxControlBytes: 1_048_576,
  maxControlWaitMs: 10_000,
  maxSmallBytes: 1_048_576,
  maxBulkBytes: 4 * 1_048_576,
};

/**
 * The default configuration with some values replaced. Made once per mesh and shared by its links.
 * @throws {RangeError} on values with which no link can live
 */
export function linkConfig(overrides: Partial<Config> = {}): Config {
  const config = { ...DEFAULT_CONFIG, ...overrides };
  const { maxFrameBytes, pingAfterMs, suspectAfterMs, deadAfterMs, versions } = config;
  const { drainAheadMs, minMarkBytes, maxMarkBytes } = config;
  const frames = maxFrameBytes >= MIN_FRAME_BYTES && versions.length > 0 && versions.length <= MAX_VERSIONS;
  const marks = drainAheadMs > 0 && minMarkBytes > 0 && minMarkBytes <= maxMarkBytes;
  if (!frames || !marks || !(pingAfterMs < suspectAfterMs && suspectAfterMs < deadAfterMs)) {
    throw new RangeError(
      `expected maxFrameBytes ≥ ${MIN_FRAME_BYTES}, 1 to ${MAX_VERSIONS} versions, ` +
        `pingAfterMs < suspectAfterMs < deadAfterMs, drainAheadMs > 0, 0 < minMarkBytes ≤ maxMarkBytes, got ${JSON.stringify(overrides)}`,
    );
  }
  return config;
}

/** Frames of this size every peer must take: what every WebRTC data channel carries (RFC 8831 §6.6). */
export const MIN_FRAME_BYTES = 16_384;
/** Longest SDP, in UTF-16 code units. One of data channels alone has about 500, one with media some thousands. Ours. */
export const MAX_SDP_LENGTH = 65_536;
/** Longest ICE candidate line; real ones have about 150. Ours. */
export const MAX_CANDIDATE_LENGTH = 2_048;
/** Longest sdpMid. Ours. */
export const MAX_MID_LENGTH = 256;
/** Longest session name. 16 random bytes in hexadecimal digits are 32. Ours. */
export const MAX_SESSION_LENGTH = 64;
/** Longest purpose of a request. Ours. */
export const MAX_PURPOSE_LENGTH = 64;
/** Longest reason of a goodbye or a cancel. Ours. */
export const MAX_REASON_LENGTH = 256;
/** Peers in a redirect. Ours: both sides of a leaf set of 8. */
export const MAX_REDIRECT_PEERS = 16;
/** Longest wait that a redirect may ask for. Ours. */
export const MAX_RETRY_AFTER_MS: Millis = 600_000;
/** Versions in a hello. Ours. */
export const MAX_VERSIONS = 16;
