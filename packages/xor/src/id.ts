/** A 160-bit id as 40 lower-case hex digits. Ids of this form compare numerically with `<` and `===`. */
export type Id = string;

/** Length of an id in bits. Source: Kademlia §2 and PeerPigeon's id rule (first 20 bytes of a SHA-256). */
export const ID_BITS = 160;

/** Length of an id in bytes. */
export const ID_BYTES = 20;

const ID_PATTERN = /^[0-9a-f]{40}$/;

const HEX = '0123456789abcdef';

/** Whether `value` is an id: a string of exactly 40 lower-case hex digits. Never throws. */
export function isId(value: unknown): value is Id {
  return typeof value === 'string' && ID_PATTERN.test(value);
}

/**
 * Returns `value` unchanged if it is an id.
 * @throws TypeError if it is not a string
 * @throws RangeError if it is a string but not 40 lower-case hex digits
 */
export function checkId(value: unknown): Id {
  return checkHex(value, ID_PATTERN, '40 lower-case hex digits');
}

/** Returns `value` if it is a string that matches `pattern`, else throws; `expected` is the pattern in words. Internal. */
export function checkHex(value: unknown, pattern: RegExp, expected: string): string {
  if (typeof value !== 'string') throw new TypeError(`expected ${expected}, got ${typeof value}`);
  if (!pattern.test(value)) {
    // The start is enough to recognise the value, and a hostile one cannot flood a log.
    throw new RangeError(`expected ${expected}, got "${value.slice(0, 48)}" of length ${value.length}`);
  }
  return value;
}

/** The value 0…15 of the lower-case hex digit at `index` of `hex`; no check. Internal, for the hot paths. */
export function digitAt(hex: string, index: number): number {
  const code = hex.charCodeAt(index);
  // '0'…'9' are 0x30…0x39, 'a'…'f' are 0x61…0x66: bit 6 tells letters, whose low four bits lack 9.
  return (code & 15) + 9 * (code >> 6);
}

/**
 * The 20 bytes of an id, most significant first.
 * @throws TypeError, RangeError as `checkId`
 */
export function parseId(id: Id): Uint8Array<ArrayBuffer> {
  checkId(id);
  const bytes = new Uint8Array(ID_BYTES);
  for (let i = 0; i < ID_BYTES; i++) bytes[i] = (digitAt(id, 2 * i) << 4) | digitAt(id, 2 * i + 1);
  return bytes;
}

/**
 * The id whose 20 bytes, most significant first, are `bytes`.
 * @throws TypeError if `bytes` is not a Uint8Array
 * @throws RangeError if it does not hold 20 bytes
 */
export function formatId(bytes: Uint8Array): Id {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`expected a Uint8Array, got ${typeof bytes}`);
  if (bytes.length !== ID_BYTES) throw new RangeError(`expected ${ID_BYTES} bytes, got ${bytes.length}`);
  // One flat string: one built by `+` is a rope, which every comparison would have to walk.
  const codes: number[] = [];
  for (const byte of bytes) codes.push(HEX.charCodeAt(byte >> 4), HEX.charCodeAt(byte & 15));
  return String.fromCharCode(...codes);
}
