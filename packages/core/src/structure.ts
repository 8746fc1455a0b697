import { DecodeError } from './errors.js';

/** How much one value may be. The same limits hold in both directions, so that whatever encodes also decodes. */
export interface CodecLimits {
  /** Arrays inside one another, as written: in content a Map is one, and so is a Date. Default {@link MAX_DEPTH}. */
  readonly maxDepth?: number;
  /** Encoded size. Default {@link MAX_BYTES}. */
  readonly maxBytes?: number;
  /** Values in all: arrays and what is in them, as written. Default {@link MAX_ITEMS}. */
  readonly maxItems?: number;
}

/** Arrays inside one another, by default. Ours: more than data needs, far less than any call stack holds. */
export const MAX_DEPTH = 64;
/** Encoded bytes of one value, by default. Ours: a bound on memory; what calls the codec sets lower ones. */
export const MAX_BYTES = 64 * 1024 * 1024;
/** Values inside one value, by default. Ours: an empty array takes two bytes on the wire and some 30 in memory. */
export const MAX_ITEMS = 4 * 1024 * 1024;

/** lib0's types (its encoding.js, `writeAny`) without object (118) and bigint (122), which we do not use. */
const [BYTES, ARRAY, STRING, INTEGER] = [116, 117, 119, 125];
/** Those that are always as long, and how many bytes follow: true, false, float64, float32, null, undefined. */
const WIDTHS: Readonly<Record<number, number>> = { 120: 0, 121: 0, 123: 8, 124: 4, 126: 0, 127: 0 };

function atMost(got: number, most: number, unit: string): void {
  if (got > most) throw new DecodeError('OVER_LIMIT', `over ${most} ${unit}`);
}

export function malformed(what: string): DecodeError {
  return new DecodeError('MALFORMED', what);
}

/**
 * Checks bytes from outside before lib0 reads them. One pass, no recursion, no memory but a number per open array. What passes
 * is one value within the limits that ends where the bytes end, its integers and lengths in shortest form and at most 2^53 − 1.
 * Whether text is UTF-8 is left to lib0, which refuses what is not.
 * @throws {DecodeError} MALFORMED or OVER_LIMIT
 */
export function checkStructure(bytes: Uint8Array, limits: CodecLimits): void {
  const { maxDepth = MAX_DEPTH, maxBytes = MAX_BYTES, maxItems = MAX_ITEMS } = limits;
  let at = 0;
  /** Returns where the skipped bytes begin. */
  const skip = (length: number): number => {
    if (length > bytes.length - at) throw malformed('cut short');
    at += length;
    return at - length;
  };
  /** Seven bits a byte, the lowest first, of the first byte those below `scale`; the highest bit says that more follow. */
  const varint = (scale: number): number => {
    let byte = bytes[skip(1)] as number;
    let value = byte & (scale - 1);
    for (; byte > 127; scale *= 128) {
      byte = bytes[skip(1)] as number;
      value += (byte & 127) * scale;
      if (byte === 0 || !(value <= Number.MAX_SAFE_INTEGER)) throw malformed('not the shortest form, or over 2^53 - 1');
    }
    return value;
  };

  atMost(bytes.length, maxBytes, 'bytes');
  /** How many values the innermost open array still lacks, and the same of those around it. */
  let lacking = 1;
  const around: number[] = [];
  for (let items = 1; lacking > 0; items++) {
    lacking--;
    atMost(items, maxItems, 'values');
    const type = bytes[skip(1)] as number;
    const width = WIDTHS[type];
    if (width !== undefined) skip(width);
    else if (type === INTEGER) varint(64);
    else if (type === BYTES || type === STRING) skip(varint(128));
    else if (type === ARRAY) {
      atMost(around.push(lacking), maxDepth, 'levels');
      lacking = varint(128);
      if (lacking > bytes.length - at) throw malformed('cut short');
    } else throw malformed(`a value of type ${type}`);
    while (lacking === 0 && around.length > 0) lacking = around.pop() as number;
  }
  if (at < bytes.length) throw malformed('bytes after the value');
}
