import { MAX_NAME_LENGTH } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { isPeerId } from '@peerpigeon/identity';
import { DEFAULT_NETWORK, PROTOCOL_VERSION } from './config.js';

/** Whether `value` can name a network: a well-formed string of 1 to 128 UTF-16 code units. Never throws. */
export function isNetworkName(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_NAME_LENGTH) return false;
  try {
    encodeURIComponent(value);
    return true;
  } catch {
    return false; // a lone surrogate
  }
}

/**
 * The address at which a peer opens its channel: `?peerId=` is the README's (S118), `&network=` ours, left out for the
 * default network, and `&protocol=`, by which a server knows that refusals are to be close codes. Path and query of `url` are kept; a fragment is dropped, since WebSocket addresses have none.
 * @throws {RangeError} when `peerId` or `network` is not one
 */
export function endpointUrl(url: string, peerId: PeerId, network: string = DEFAULT_NETWORK): string {
  if (!isPeerId(peerId))
    throw new RangeError(`peerId: expected 40 lower-case hexadecimal digits, got "${String(peerId)}"`);
  if (!isNetworkName(network)) throw new RangeError(`network: expected 1 to ${MAX_NAME_LENGTH} characters`);
  const base = url.split('#', 1)[0] as string;
  const query = network === DEFAULT_NETWORK ? '' : `&network=${encodeURIComponent(network)}`;
  return `${base}${base.includes('?') ? '&' : '?'}peerId=${peerId}${query}&protocol=${PROTOCOL_VERSION}`;
}
