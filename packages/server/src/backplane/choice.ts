import { randomBytes } from 'node:crypto';
import type { NodeId } from '@peerpigeon/signaling-protocol';
import type { ServerOptions } from '../options.js';
import type { Backplane } from './backplane.js';
import { RedisBackplane } from './redis-backplane.js';

/** Bytes of a name drawn at random: two nodes have the same by chance in none of all deployments. */
const NAME_BYTES = 8;

/**
 * What a server shares with others, as its options say; undefined: it is alone.
 * @throws {RangeError} for a `redisUrl` that is none, or one beside a backplane
 * @throws {TypeError} for a backplane that is none
 */
export function backplaneOf(options: ServerOptions, given: Backplane | undefined): Backplane | undefined {
  const { redisUrl, redisPrefix } = options;
  if (given !== undefined) {
    if (typeof given?.attach !== 'function') throw new TypeError('backplane: expected an object with attach()');
    if (redisUrl !== '') throw new RangeError('backplane: expected no redisUrl beside it');
    return given;
  }
  if (redisUrl === '') return undefined;
  // Not shown: it may hold a password.
  if (!/^(rediss?|valkeys?):\/\/./.test(redisUrl) || !URL.canParse(redisUrl)) {
    throw new RangeError('redisUrl: expected redis://[user:password@]host[:port][/database], or rediss://');
  }
  return new RedisBackplane({ url: redisUrl.replace(/^valkey/, 'redis'), prefix: redisPrefix });
}

/**
 * A node's name.
 * @throws {RangeError} for a wrong one
 */
export function nodeIdOf({ nodeId }: ServerOptions): NodeId {
  if (nodeId === '') return randomBytes(NAME_BYTES).toString('hex');
  if (!/^[\w-]{1,64}$/.test(nodeId)) {
    throw new RangeError(`nodeId: expected 1 to 64 letters, digits, - or _, got ${JSON.stringify(nodeId)}`);
  }
  return nodeId;
}
