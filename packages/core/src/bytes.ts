/**
 * Bytes, hexadecimal digits and UTF-8. The decoder is strict: one that repairs bad input (as TextDecoder does by default)
 * would let two peers read two different strings from the same bytes.
 */
import { DecodeError } from './errors.js';

/** The platform's UTF-8: pure, and so fit for a core, but no part of the language whose types the cores see. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const HEX_DIGITS = '0123456789abcdef';
/** Holds nothing from one call to the next. */
const STRICT = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Lower-case hexadecimal digits, two a byte. */
export function bytesToHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += HEX_DIGITS.charAt(byte >> 4) + HEX_DIGITS.charAt(byte & 15);
  return hex;
}

/**
 * The bytes that hexadecimal digits (either case) stand for.
 * @throws {TypeError} when `hex` is not a string
 * @throws {RangeError} when its length is odd or a character is not a hexadecimal digit
 */
export function hexToBytes(hex: string): Uint8Array {
  if (typeof hex !== 'string') throw new TypeError(`hex: expected a string, got ${typeof hex}`);
  if (hex.length % 2 !== 0) throw new RangeError(`hex: expected an even number of digits, got ${hex.length}`);
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (hexDigit(hex, 2 * i) << 4) | hexDigit(hex, 2 * i + 1);
  }
  return bytes;
}

function hexDigit(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  if (letter >= 97 && letter <= 102) return letter - 87;
  throw new RangeError(`hex: expected a hexadecimal digit at ${at}, got ${JSON.stringify(hex.charAt(at))}`);
}

/** One array with all the parts, in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Same length, same bytes. Not constant in time: for ids and frames, not for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether every surrogate has its partner, so that the text survives UTF-8 (as `String.prototype.isWellFormed`). */
export function isWellFormed(text: string): boolean {
  // With the flag u a pair is one character; what the class still finds is alone.
  return !/[\ud800-\udfff]/u.test(text);
}

/**
 * UTF-8 of a well-formed string.
 * @throws {TypeError} on a lone surrogate, which has no UTF-8 form
 */
export function utf8Encode(text: string): Uint8Array {
  if (!isWellFormed(text)) throw new TypeError('text: expected a well-formed string, got a lone surrogate');
  return new TextEncoder().encode(text);
}

/**
 * The string that the bytes hold. Strict (RFC 3629): overlong forms, surrogates, values over U+10FFFF and cut sequences
 * are refused, a byte order mark is kept as a character.
 * @throws {DecodeError} MALFORMED when the bytes are not UTF-8
 */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return STRICT.decode(bytes);
  } catch {
    throw new DecodeError('MALFORMED', 'invalid UTF-8');
  }
}
