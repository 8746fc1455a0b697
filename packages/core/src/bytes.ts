/**
 * Bytes, hexadecimal digits and UTF-8, by hand: the cores have no TextEncoder, and a decoder that repairs bad input (as
 * TextDecoder does by default) would let two peers read two different strings from the same bytes.
 */
import { DecodeError } from './errors.js';

const HEX_DIGITS = '0123456789abcdef';
/** Most code units given to one `String.fromCharCode` call; engines allow at least 65,535 arguments. */
const CHUNK_UNITS = 4096;

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

/** Bytes that `text` takes in UTF-8, or −1 when it has a lone surrogate and so no UTF-8 form. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if ((unit & 0xf800) !== 0xd800) length += 2;
    else {
      // A pair is two units and four bytes. At the end of the text charCodeAt is NaN, and NaN & 0xfc00 is 0.
      if (unit >= 0xdc00 || (text.charCodeAt(++i) & 0xfc00) !== 0xdc00) return -1;
      length += 2;
    }
  }
  return length;
}

/** Whether every surrogate has its partner, so that the text survives UTF-8 (as `String.prototype.isWellFormed`). */
export function isWellFormed(text: string): boolean {
  return utf8Length(text) >= 0;
}

/** Writes well-formed `text` at `at`; `utf8Length(text)` bytes must be free there. Returns the end. */
export function writeUtf8(text: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    let unit = text.charCodeAt(i);
    if (unit < 0x80) {
      into[at++] = unit;
      continue;
    }
    if (unit < 0x800) {
      into[at++] = 0xc0 | (unit >> 6);
    } else {
      if ((unit & 0xf800) === 0xd800) {
        unit = 0x10000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff);
        into[at++] = 0xf0 | (unit >> 18);
        into[at++] = 0x80 | ((unit >> 12) & 0x3f);
      } else {
        into[at++] = 0xe0 | (unit >> 12);
      }
      into[at++] = 0x80 | ((unit >> 6) & 0x3f);
    }
    into[at++] = 0x80 | (unit & 0x3f);
  }
  return at;
}

/**
 * UTF-8 of a well-formed string.
 * @throws {TypeError} on a lone surrogate, which has no UTF-8 form
 */
export function utf8Encode(text: string): Uint8Array {
  const length = utf8Length(text);
  if (length < 0) throw new TypeError('text: expected a well-formed string, got a lone surrogate');
  const bytes = new Uint8Array(length);
  writeUtf8(text, bytes, 0);
  return bytes;
}

/**
 * The string that the bytes from `start` to `end` hold. Strict (RFC 3629): overlong forms, surrogates, values over
 * U+10FFFF and cut sequences are refused, a byte order mark is kept as a character.
 * @throws {DecodeError} MALFORMED when the bytes are not UTF-8
 */
export function utf8Decode(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  let units: number[] = [];
  let at = start;
  while (at < end) {
    const first = bytes[at++] as number;
    if (first < 0x80) {
      units.push(first);
    } else {
      // What the first byte says of the sequence: how many bytes follow, and the least value that needs so many.
      const more =
        first >= 0xc2 && first < 0xe0 ? 1 : (first & 0xf0) === 0xe0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
      if (more === 0 || at + more > end) throw invalid(at - 1);
      let point = first & (0x3f >> more);
      for (let i = 0; i < more; i++) {
        const byte = bytes[at++] as number;
        if ((byte & 0xc0) !== 0x80) throw invalid(at - 1);
        point = (point << 6) | (byte & 0x3f);
      }
      if (more === 2 && (point < 0x800 || (point & 0xf800) === 0xd800)) throw invalid(at - 1);
      if (more === 3) {
        if (point < 0x10000 || point > 0x10ffff) throw invalid(at - 1);
        point -= 0x10000;
        units.push(0xd800 | (point >> 10));
        point = 0xdc00 | (point & 0x3ff);
      }
      units.push(point);
    }
    if (units.length >= CHUNK_UNITS) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

function invalid(at: number): DecodeError {
  return new DecodeError('MALFORMED', `invalid UTF-8 at byte ${at}`);
}
