import type { Crypto } from '@peerpigeon/mesh';
import { missing } from '../missing.js';

/** `crypto.getRandomValues` gives no more at a time (W3C Web Cryptography §10.1.1). */
const QUOTA_BYTES = 65_536;
/** RFC 8032 §5.1.5. */
const SECRET_KEY_BYTES = 32;

/** What this adapter needs of the host's `crypto`; `subtle` is absent on plain http and Ed25519 in older browsers. */
export interface HostCrypto {
  getRandomValues(bytes: Uint8Array<ArrayBuffer>): Uint8Array;
  readonly subtle?: Pick<SubtleCrypto, 'generateKey' | 'exportKey'> | undefined;
}

/**
 * The crypto port over WebCrypto. Ed25519 (RFC 8032) comes from `crypto.subtle` where it has it, else from `@noble/ed25519`,
 * loaded only then: both work on plain http, with the key in memory.
 * @throws {PeerPigeonError} `UNSUPPORTED` where there are no secure random numbers
 */
export function webCrypto(host: HostCrypto | undefined = globalThis.crypto): Crypto {
  if (typeof host?.getRandomValues !== 'function') {
    throw missing('crypto.getRandomValues', 'use a browser, or Node');
  }
  const randomBytes = (count: number): Uint8Array => {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += QUOTA_BYTES) host.getRandomValues(bytes.subarray(at, at + QUOTA_BYTES));
    return bytes;
  };
  return {
    randomBytes,
    async generateKey() {
      return { publicKey: (await nativeKey(host)) ?? (await portableKey(randomBytes)) };
    },
  };
}

/** The raw public key of a fresh key, or undefined where the platform has no Ed25519. */
async function nativeKey({ subtle }: HostCrypto): Promise<Uint8Array | undefined> {
  if (subtle === undefined) return undefined;
  try {
    const key = await subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    if (!('publicKey' in key)) return undefined;
    return new Uint8Array(await subtle.exportKey('raw', key.publicKey));
  } catch {
    // NotSupportedError, or whatever an unfinished implementation throws.
    return undefined;
  }
}

async function portableKey(randomBytes: (count: number) => Uint8Array): Promise<Uint8Array> {
  const { publicKeyOf } = await import('./portable-ed25519.js');
  return publicKeyOf(randomBytes(SECRET_KEY_BYTES));
}
