import { OPTION_NAMES } from '@peerpigeon/server';

/** Above any load that comes from here; all of it comes from one address. */
const PLENTY = 1_000_000;

/**
 * Options with which a server lets so many sockets of one address do what they like.
 * @param {number} connections
 * @returns {Record<string, unknown>}
 */
export function unlimited(connections) {
  const options = { maxConnections: connections };
  return Object.fromEntries(Object.entries(options).filter(([name]) => OPTION_NAMES.includes(name)));
}
