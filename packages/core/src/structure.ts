import { utf8Decode } from './bytes.js';
import { DecodeError } from './errors.js';

/** How much one value may be. The same limits hold in both directions, so that whatever encodes also decodes. */
export interface CodecLimits {
  /** Containers inside one another. Default {@link MAX_DEPTH}. */
  readonly maxDepth?: number;
  /** Encoded size. Default {@link MAX_BYTES}. */
  readonly maxBytes?: number;
  /** Values in all: containers, keys and what is in them. Default {@link MAX_ITEMS}. */
  readonly maxItems?: number;
}

/** Containers inside one another, by default. Ours: more than data needs, far less than any call stack holds. */
export const MAX_DEPTH = 64;
/** Encoded bytes of one value, by default. Ours: a bound on memory; what calls the codec sets lower ones. */
export const MAX_BYTES = 64 * 1024 * 1024;
/** Values inside one value, by default. Ours: an empty object takes one byte on the wire and some 30 in memory. */
export const MAX_ITEMS = 4 * 1024 * 1024;

/** Major types of CBOR (RFC 8949 §3.1), as far as they matter here. */
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const SIMPLE = 7;

export function malformed(what: string): DecodeError {
  return new DecodeError('MALFORMED', what);
}

/**
 * Checks bytes from outside before the library reads them, because it neither bounds depth nor looks for the end of a
 * string, and repairs bad UTF-8. One pass, no recursion, no memory but a number per open container. What passes is one
 * value within the limits that ends where the bytes end: definite lengths in shortest form, integers up to 2^53 − 1,
 * valid UTF-8, no tag on a tag. What the values mean is left to the library and to what comes after it.
 * @throws {DecodeError} MALFORMED or OVER_LIMIT
 */
export function checkStructure(bytes: Uint8Array, limits: CodecLimits): void {
  const { maxDepth = MAX_DEPTH, maxBytes = MAX_BYTES, maxItems = MAX_ITEMS } = limits;
  let at = 0;
  let major = 0;
  const atMost = (got: number, most: number, unit: string): void => {
    if (got > most) throw new DecodeError('OVER_LIMIT', `over ${most} ${unit}`);
  };
  const within = (length: number): void => {
    if (length > bytes.length - at) throw malformed('cut short');
  };
  const take = (length: number): number => {
    within(length);
    let value = 0;
    for (const end = at + length; at < end; at++) value = value * 256 + (bytes[at] as number);
    return value;
  };
  /** Reads a major type and returns its argument. */
  const head = (): number => {
    const first = take(1);
    const info = first & 31;
    major = first >> 5;
    if (info < 24) return info;
    if (info > 27) throw malformed('an indefinite or reserved length');
    const width = 1 << (info - 24);
    const argument = take(width);
    // The bits of a float are no number; a number has to need its width.
    if (major < SIMPLE && (argument < (width > 1 ? 2 ** (4 * width) : 24) || argument > Number.MAX_SAFE_INTEGER)) {
      throw malformed('not the shortest form, or over 2^53 - 1');
    }
    return argument;
  };

  atMost(bytes.length, maxBytes, 'bytes');
  /** How many values the innermost open container still lacks, and the same of those around it. */
  let lacking = 1;
  const around: number[] = [];
  for (let items = 1; lacking > 0; items++) {
    lacking--;
    atMost(items, maxItems, 'values');
    let argument = head();
    if (major === TAG) argument = head();
    if (major === TAG) throw malformed('a tag on a tag');
    if (major === BYTES || major === TEXT) {
      within(argument);
      if (major === TEXT) utf8Decode(bytes.subarray(at, at + argument));
      at += argument;
    } else if (major === ARRAY || major === MAP) {
      atMost(around.push(lacking), maxDepth, 'levels');
      lacking = major === MAP ? 2 * argument : argument;
      within(lacking);
    }
    while (lacking === 0 && around.length > 0) lacking = around.pop() as number;
  }
  if (at < bytes.length) throw malformed('bytes after the value');
}
