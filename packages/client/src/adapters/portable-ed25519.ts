import { getPublicKey, hashes } from '@noble/ed25519';
import { hash } from '@stablelib/sha512';

/**
 * Ed25519 (RFC 8032) in JavaScript, for hosts without it. Loaded on demand: most have it.
 * @param secretKey 32 secure random bytes
 * @returns the raw public key, 32 bytes
 */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  // Its own SHA-512 is that of crypto.subtle, which pages on plain http do not have.
  hashes.sha512 = (message) => new Uint8Array(hash(message));
  return getPublicKey(secretKey);
}
