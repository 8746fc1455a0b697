import { MAX_HOPS } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';

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
  /** How long a message id is remembered, after its last copy that was passed on. */
  readonly seenMaxAgeMs: Millis;
  /** How many own messages wait for a first link; one more drops the oldest. */
  readonly outboxMaxMessages: number;
  /** How long an own message waits for a first link. */
  readonly outboxMaxAgeMs: Millis;
}

/** What the constructor takes: who we are, and what differs from {@link DEFAULTS}. */
export type Options = Pick<Config, 'peerId' | 'network'> & Partial<Config>;

/** What is not configured. */
export const DEFAULTS: Omit<Config, 'peerId' | 'network'> = {
  /** S23; the README's initial TTL. */
  minTtlHops: 10,
  maxTtlHops: MAX_HOPS,
  /**
   * 100,000 ids within 120 s are 833 messages a second. At degree 8 that is 6,700 copies a second, near the 8,400 small
   * messages a second that a Node peer's links carry: the links saturate before the memory does. About 15 MB when full.
   */
  seenMaxEntries: 100_000,
  /** 1,023 links at 0.1 s of latency each are 102 s, and 255 with 0.37 s of queue besides 120 s; gossipsub v1.1 remembers as long (`seen_ttl`). */
  seenMaxAgeMs: 120_000,
  /** What an application says while it joins; a guess. */
  outboxMaxMessages: 64,
  /** Three times the 10 s that joining may take before it fails (S10). */
  outboxMaxAgeMs: 30_000,
};
