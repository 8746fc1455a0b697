import { MAX_HOPS } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import { MAX_DIGEST_AUTHORS } from './message.js';

/** Who this gossip is and how it is tuned. Peers of one mesh agree on `maxTtlHops`: what is above is a violation. */
export interface Config {
  /** The own id. */
  readonly peerId: PeerId;
  /** Envelopes of another network are refused. */
  readonly network: string;
  /** TTL while the mesh is small or its size unknown, in links (S23). */
  readonly minTtlHops: number;
  /** Highest TTL sent and accepted, in links: 1 to `MAX_HOPS` of core. */
  readonly maxTtlHops: number;
  /** How many message ids are remembered. */
  readonly seenMaxEntries: number;
  /** How long a message id is remembered, after its last copy that was passed on; at least twice `historyMaxAgeMs`. */
  readonly seenMaxAgeMs: Millis;
  /** How many own messages wait for a first link; one more drops the oldest. */
  readonly outboxMaxMessages: number;
  /** How long an own message waits for a first link. */
  readonly outboxMaxAgeMs: Millis;
  /** How long messages are kept for peers that missed them; 0 for not at all. */
  readonly historyMaxAgeMs: Millis;
  /** How many of them. */
  readonly historyMaxMessages: number;
  /** How many bytes of them, envelopes alone. */
  readonly historyMaxBytes: number;
  /** Of how many runs of authors it is remembered what was seen. */
  readonly historyMaxAuthors: number;
  /** How many ranges without gaps that may be: beyond, the lowest gap is given up. */
  readonly maxRanges: number;
  /** How many authors one digest names, at most 64. */
  readonly maxDigestAuthors: number;
  /** How often a neighbour is asked what it has seen, while there is any history: ± 33 %. */
  readonly digestMs: Millis;
  /** Digests that come over one link faster than this are not answered. */
  readonly minDigestMs: Millis;
  /** How many messages one digest is answered with, and … */
  readonly repairMaxMessages: number;
  /** … how many bytes of them; one message always. */
  readonly repairMaxBytes: number;
}

/** What the constructor takes: who we are, and what differs from {@link DEFAULTS}. */
export type Options = Pick<Config, 'peerId' | 'network'> & Partial<Config> & { readonly rng: Rng };

/** What is not configured. */
export const DEFAULTS: Omit<Config, 'peerId' | 'network'> = {
  /** S23; the README's initial TTL. */
  minTtlHops: 10,
  maxTtlHops: MAX_HOPS,
  /**
   * 100,000 ids within ten minutes are 167 messages a second. Where there are more the history is shorter, too: its 4,096
   * messages are then those of the last 25 s at most. About 15 MB when full.
   */
  seenMaxEntries: 100_000,
  /** Twice as long as messages are kept for others, so that none comes again from whoever got it late. */
  seenMaxAgeMs: 600_000,
  /** What an application says while it joins; a guess. */
  outboxMaxMessages: 64,
  /** Three times the 10 s that joining may take before it fails (S10). */
  outboxMaxAgeMs: 30_000,
  /** As long as a peer that is not heard of is remembered (S95); gossipsub keeps 5 s, since it repairs less. */
  historyMaxAgeMs: 300_000,
  /** With 4 MiB: 14 messages a second for five minutes, of 1 KiB each. */
  historyMaxMessages: 4_096,
  historyMaxBytes: 4 * 1024 * 1024,
  /** A guess: as many as speak within ten minutes in a large mesh, 1 MB when full. */
  historyMaxAuthors: 4_096,
  /** A guess: a burst of which every second message is lost, 512 of them. */
  maxRanges: 256,
  maxDigestAuthors: MAX_DIGEST_AUTHORS,
  /** With 5 to 10 s a peer with three links hears from each within half a minute, and from one at least within 10 s. */
  digestMs: 7_500,
  /** A guess: far above what a correct peer sends, some kilobytes a second. */
  minDigestMs: 500,
  /** 1 MiB is a second of a slow link. */
  repairMaxMessages: 512,
  repairMaxBytes: 1024 * 1024,
};
