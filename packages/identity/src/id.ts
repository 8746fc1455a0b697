import { hash as sha256 } from '@stablelib/sha256';
import { bytesToHex, utf8Encode } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';

/** Bytes of a peer id: 160 bits, as many as Kademlia's ids have (Maymounkov and Mazières 2002, §2). */
export const PEER_ID_BYTES = 20;

/** Bytes of a raw Ed25519 public key (RFC 8032 §5.1.5). */
export const PUBLIC_KEY_BYTES = 32;

const WIRE_ID = /^[0-9a-f]{40}$/;
const SPELT_ID = /^[0-9a-fA-F]{40}$/;

/** Whether `value` is a peer id as the wire has it: a string of exactly 40 lower-case hexadecimal digits. Never throws. */
export function isPeerId(value: unknown): value is PeerId {
  return typeof value === 'string' && WIRE_ID.test(value);
}

/**
 * The id that belongs to a key: the first 20 bytes of SHA-256 of the raw Ed25519 public key.
 * @throws {TypeError} when `publicKey` is not a Uint8Array
 * @throws {RangeError} when it does not hold 32 bytes
 */
export function peerIdFromPublicKey(publicKey: Uint8Array): PeerId {
  if (!(publicKey instanceof Uint8Array)) {
    throw new TypeError(`publicKey: expected a Uint8Array, got ${typeof publicKey}`);
  }
  if (publicKey.length !== PUBLIC_KEY_BYTES) {
    throw new RangeError(`publicKey: expected ${PUBLIC_KEY_BYTES} bytes, got ${publicKey.length}`);
  }
  return idOf(publicKey);
}

/**
 * The id that an application means by its `peerId` option: 40 hexadecimal digits of any case are the id itself; any
 * other text is a name, and its id is the first 20 bytes of SHA-256 of its UTF-8. Nobody can prove such an id.
 * @example peerIdFromName('custom-peer-id') // 'c090120e35c29299f54b5caed8c5c11a578155b1'
 * @throws {TypeError} when `name` is not a string, is empty, or has a lone surrogate
 */
export function peerIdFromName(name: string): PeerId {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`peerId: expected a non-empty string, got ${name === '' ? 'an empty one' : typeof name}`);
  }
  return SPELT_ID.test(name) ? name.toLowerCase() : idOf(utf8Encode(name));
}

function idOf(bytes: Uint8Array): PeerId {
  return bytesToHex(sha256(bytes).subarray(0, PEER_ID_BYTES));
}
