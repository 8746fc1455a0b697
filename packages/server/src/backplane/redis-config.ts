import type { Millis } from '@peerpigeon/core';

/** How a node behaves towards Redis. */
export interface RedisConfig {
  /** How often a node says that it lives. */
  readonly heartbeatMs: Millis;
  /** Whoever has not said so for this long is as good as gone: nobody is given what it holds. Three heartbeats, so that it is noticed within 15 s. */
  readonly leaseMs: Millis;
  /** How often a node compares what it holds with what the index says of it, ±20 %. */
  readonly compareMs: Millis;
  /** How long Redis may take to answer; then the connection counts as lost. Ours: a thousand times what it takes. */
  readonly answerMs: Millis;
  /** Waits between attempts to connect: from the first, doubling, to the second, ±30 %. */
  readonly retryMs: readonly [first: Millis, longest: Millis];
  /** Commands on their way to Redis at most, those apart that keep the index; one more is answered as if Redis were not there. */
  readonly maxQueue: number;
  /** Ids written down or reaped by one script: bounds how long Redis is busy with it, some ms. */
  readonly batch: number;
}

/** The defaults. */
export const DEFAULT_REDIS_CONFIG: RedisConfig = {
  heartbeatMs: 4_000,
  leaseMs: 12_000,
  compareMs: 10_000,
  answerMs: 1_000,
  retryMs: [100, 2_000],
  maxQueue: 10_000,
  batch: 250,
};
