import { getPublicKey, hashes } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';

/**
 * Ed25519 (RFC 8032) in JavaScript, for hosts without it. Loaded on demand: most have it.
 * @param secretKey 32 secure random bytes
 * @returns the raw public key, 32 bytes
 */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  // Its own SHA-512 is that of crypto.subtle, which pages on plain http do not have.
  hashes.sha512 = sha512;
  return getPublicKey(secretKey);
}
