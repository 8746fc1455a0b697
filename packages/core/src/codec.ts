/**
 * The one binary codec: a strict profile of CBOR (RFC 8949, STD 94). docs/codec.md says why.
 *
 * Strict means that only what {@link encode} writes decodes: integers and lengths in their shortest form, floats in four
 * bytes where that loses nothing and else in eight, integers up to ±(2^53 − 1), no indefinite lengths, no duplicate
 * properties, valid UTF-8, nothing after the value. Frames have no tags; plain-data.ts adds those of application content.
 */
import type { CodecLimits } from './cbor.js';
import { Reader } from './reader.js';
import type { ReaderExtension } from './reader.js';
import { Refusal, Writer } from './writer.js';
import type { WriterExtension } from './writer.js';

/** What a frame is made of. Every number arrives as it was, −0, NaN and ±Infinity included. */
export type FrameValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly FrameValue[]
  | { readonly [property: string]: FrameValue };

const DEFAULTS: CodecLimits = {};
/** Longest path in an error message, in UTF-16 code units; a cyclic value's would be much longer. */
const MAX_PATH_LENGTH = 120;

/**
 * Encodes a frame. The bytes have a buffer of their own.
 * @throws {TypeError} for what a {@link FrameValue} cannot be, with the path to it
 * @throws {RangeError} over the limits
 */
export function encode(value: FrameValue, limits: CodecLimits = DEFAULTS): Uint8Array {
  return write(value, 'value', limits);
}

/**
 * Decodes a frame. Byte strings in it are views of `bytes`, so that relays forward without copying: whoever keeps one
 * longer than the frame copies it.
 * @throws {DecodeError} MALFORMED or OVER_LIMIT, for any bytes that {@link encode} would not write; nothing else
 * @throws {TypeError} when `bytes` is not a Uint8Array
 */
export function decode(bytes: Uint8Array, limits: CodecLimits = DEFAULTS): FrameValue {
  return read(bytes, limits) as FrameValue;
}

/** Encodes `value`, called `root` in error messages, with the kinds that `extension` adds. Internal to core. */
export function write(value: unknown, root: string, limits: CodecLimits, extension?: WriterExtension): Uint8Array {
  const writer = new Writer(limits, extension);
  const refusal = refusalOf(writer, value);
  if (refusal === undefined) return writer.finish();
  const path = root + refusal.path;
  const where = path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
  if (refusal.cyclic) throw new TypeError(`${where}: cyclic values cannot be sent`);
  throw new (refusal.limit ? RangeError : TypeError)(`${where}: ${refusal.message}`);
}

function refusalOf(writer: Writer, value: unknown): Refusal | undefined {
  try {
    writer.item(value, 0);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown;
    throw thrown;
  }
}

/** Decodes a whole value with the tags that `extension` knows. Internal to core. */
export function read(bytes: Uint8Array, limits: CodecLimits, extension?: ReaderExtension): unknown {
  return new Reader(bytes, limits, extension).whole();
}
