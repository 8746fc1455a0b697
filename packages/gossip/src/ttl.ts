import { MAX_HOPS } from '@peerpigeon/core';
import type { Config } from './config.js';

/**
 * The TTL of a broadcast whose author chose none: twice the estimated number of peers, within [`minTtlHops`,
 * `maxTtlHops`].
 *
 * No way without loops in a connected mesh is longer than its number of peers, and twice covers an estimate that is half
 * the truth: up to 511 peers the shape of the mesh does not matter. Above, 1,023 is what a pure ring of 2,046 peers needs, and
 * forty times the eccentricity of 100,000 peers with three links each. Being generous costs nothing: the memory of what was
 * seen ends a flood, and a path is as long as the way was, not as the TTL allows.
 * @throws {RangeError} when `peers` is negative or not a number
 */
export function ttlForSize(peers: number, config: Pick<Config, 'minTtlHops' | 'maxTtlHops'>): number {
  if (!(peers >= 0)) throw new RangeError(`expected a number of peers of at least 0, got ${peers}`);
  return Math.min(config.maxTtlHops, Math.max(config.minTtlHops, Math.ceil(2 * peers)));
}

/**
 * Checks a TTL that the application chose.
 * @throws {RangeError} when it is no integer in [0, `maxTtlHops`]
 */
export function checkPinnedTtl(ttl: number, config: Pick<Config, 'maxTtlHops'>): number {
  return checkHops('ttl', ttl, 0, config.maxTtlHops);
}

/**
 * Checks the configured bounds.
 * @throws {RangeError} when they are not whole numbers with 1 ≤ `minTtlHops` ≤ `maxTtlHops` ≤ `MAX_HOPS`
 */
export function checkTtlBounds({ minTtlHops, maxTtlHops }: Pick<Config, 'minTtlHops' | 'maxTtlHops'>): void {
  checkHops('maxTtlHops', maxTtlHops, 1, MAX_HOPS);
  checkHops('minTtlHops', minTtlHops, 1, maxTtlHops);
}

function checkHops(name: string, hops: number, min: number, max: number): number {
  if (Number.isInteger(hops) && hops >= min && hops <= max) return hops;
  throw new RangeError(`${name}: expected an integer in [${min}, ${max}], got ${hops}`);
}
