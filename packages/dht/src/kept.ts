import { Fields, decode, encode } from '@peerpigeon/core';
import type { Millis } from '@peerpigeon/core';
import type { Kept } from './input.js';
import { copyToWire, keyToWire, readCopy, readKey } from './message.js';

/** A record as storage keeps it: with the wall clock's time, since the monotonic clock of another run says nothing. */
export function keptToBytes({ key, copy }: Kept, wall: Millis): Uint8Array {
  return encode([keyToWire(key), copyToWire(copy), Math.floor(wall)]);
}

/**
 * Reads what a `persist` output had for storage. What has expired meanwhile has nothing left.
 * @param wall the own wall clock now, ms since 1970
 * @throws {DecodeError} on anything else
 */
export function keptFromBytes(bytes: Uint8Array, wall: Millis): Kept {
  const fields = new Fields(decode(bytes), 'kept record', 3);
  const key = readKey(fields.inner());
  const copy = readCopy(fields.inner());
  const elapsedMs = Math.max(0, wall - fields.integer(0, Number.MAX_SAFE_INTEGER));
  return { key, copy: { ...copy, leftMs: Math.max(0, copy.leftMs - elapsedMs) } };
}
