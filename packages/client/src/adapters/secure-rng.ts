import type { Rng } from '@peerpigeon/core';
import type { Crypto } from '@peerpigeon/mesh';

/** Bytes drawn at a time: a call to the platform costs far more than a number from a buffer. */
const BUFFER_BYTES = 256;

/** The rng port over the platform's secure random numbers. */
export function secureRng(crypto: Pick<Crypto, 'randomBytes'>): Rng {
  let words: DataView = new DataView(new ArrayBuffer(0));
  let offset = 0;
  return {
    uint32() {
      if (offset === words.byteLength) {
        const bytes = crypto.randomBytes(BUFFER_BYTES);
        words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        offset = 0;
      }
      const word = words.getUint32(offset);
      // A number is used once and must not be read from memory later.
      words.setUint32(offset, 0);
      offset += 4;
      return word;
    },
  };
}
