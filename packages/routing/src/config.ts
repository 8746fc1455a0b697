import { MAX_HOPS } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';

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
  /** How long the origin waits for an acknowledgement before it reports a failure. */
  readonly ackTimeoutMs: Millis;
  /** When an unanswered message is sent again, after it was sent first; each time over another link if there is one. */
  readonly resendAfterMs: readonly Millis[];
  /** How long after a first `nack` the message is sent again; twice as long after each further one. */
  readonly nackRetryMs: Millis;
  /** How often one message is sent at most, for whatever reason. */
  readonly maxAttempts: number;
  /** How many own messages may wait for an acknowledgement; one more fails at once as unreachable. */
  readonly maxPending: number;
  /** How many received messages are remembered, so that a copy is acknowledged again but not shown. */
  readonly seenMaxEntries: number;
  /** How long a received message is remembered. */
  readonly seenMaxAgeMs: Millis;
  /** How many of a neighbour's neighbours are remembered. */
  readonly maxViewPeers: number;
}

/** What the constructor takes: who we are, and what differs from {@link DEFAULTS}. */
export type Options = Pick<Config, 'peerId' | 'network' | 'rng'> & Partial<Config>;

/** What is not configured. */
export const DEFAULTS: Omit<Config, 'peerId' | 'network' | 'rng'> = {
  /** The wire's limit. 1,000 peers with three links each need 59 at the 99th percentile, 10,000 need 188 (measured). */
  maxHops: MAX_HOPS,
  /** 1,000 peers with three links each and 55 ms a link: 2.6 s in the median, 6.3 s at the 99th percentile (measured). */
  ackTimeoutMs: 10_000,
  /** Above any round trip at eight links (p99 1.5 s) and the median at three links of 1,000 peers; a guess. */
  resendAfterMs: [2_500, 5_000],
  /** 0.25 + 0.5 + 1 + 2 + 4 s are within the timeout; a ring heals in seconds. */
  nackRetryMs: 250,
  /** One, two for silence and five for nacks. */
  maxAttempts: 8,
  /** 100 messages a second that all time out. */
  maxPending: 1_024,
  /** 167 messages a second for 120 s; about 3 MB when full. */
  seenMaxEntries: 20_000,
  /** Twelve times the origin's timeout: no copy is on its way longer. */
  seenMaxAgeMs: 120_000,
  /** The 50 links that maxPeers allows, one in handover, and some to spare. */
  maxViewPeers: 64,
};
