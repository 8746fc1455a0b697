import { assert } from '@peerpigeon/core';
import type { Crypto } from '../ports.js';
import { equal, type Conformance } from './conformance.js';

/** Keys and random bytes to judge. */
export interface CryptoFixture {
  readonly crypto: Crypto;
}

/** What every {@link Crypto} keeps. */
export function cryptoConformance(make: () => CryptoFixture): Conformance[] {
  return [
    {
      name: 'a public key is 32 raw bytes, and fresh each time',
      run: async () => {
        const { crypto } = make();
        const { publicKey } = await crypto.generateKey();
        const { publicKey: other } = await crypto.generateKey();
        assert(publicKey instanceof Uint8Array && publicKey.length === 32, 'expected 32 bytes');
        assert(publicKey.join() !== other.join(), 'two keys are the same');
      },
    },
    {
      name: 'gives as many random bytes as asked for, none and 100,000 as well',
      run: async () => {
        const { crypto } = make();
        for (const count of [0, 1, 32, 100_000]) {
          const bytes = crypto.randomBytes(count);
          assert(bytes instanceof Uint8Array, 'expected a Uint8Array');
          equal(bytes.length, count, 'bytes');
        }
      },
    },
    {
      name: 'random bytes are not left out, nor repeated',
      run: async () => {
        const { crypto } = make();
        const bytes = crypto.randomBytes(100_000);
        for (let at = 0; at < bytes.length; at += 1_000) {
          assert(
            bytes.subarray(at, at + 1_000).some((byte) => byte !== 0),
            `no randomness at ${at}`,
          );
        }
        assert(crypto.randomBytes(32).join() !== crypto.randomBytes(32).join(), 'two draws are the same');
      },
    },
  ];
}
