import { hash as portable } from '@stablelib/sha256';

/** SHA-256: by `crypto.subtle`, off this thread, where there is one; on plain http here, in JavaScript. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto as Partial<Crypto>;
  if (subtle === undefined) return portable(bytes);
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
