/**
 * Application content (S13): what structured clone calls plain data, equal in value and type at the other end.
 *
 * On top of a frame's values it uses registered CBOR tags: bigint 2 and 3 (RFC 8949 §3.4.3), Set 258, Map 259, typed arrays
 * 64–86 (RFC 8746, little-endian), and three of our own: ArrayBuffer, DataView, and Date in milliseconds (the registered
 * date, tag 1, counts seconds, and a float of seconds misses the millisecond in the far quarter of Date's range).
 */
import { bytesToHex, hexToBytes } from './bytes.js';
import { ARRAY, MAP, TAG } from './cbor.js';
import type { CodecLimits } from './cbor.js';
import { read, write } from './codec.js';
import { DecodeError } from './errors.js';
import type { Reader, ReaderExtension } from './reader.js';
import { Refusal, kindOf, traced } from './writer.js';
import type { Writer, WriterExtension } from './writer.js';

// eslint-disable-next-line no-restricted-globals -- a kind of value here; no clock is read
const DateValue = Date;
type DateValue = Date;

/** Everything that {@link encodeContent} accepts and {@link decodeContent} returns. */
export type Plain =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | DateValue
  | ArrayBuffer
  | ArrayBufferView
  | ReadonlyMap<Plain, Plain>
  | ReadonlySet<Plain>
  | readonly Plain[]
  | { readonly [property: string]: Plain };

const BIGINT = 2;
const NEGATIVE_BIGINT = 3;
const SET = 258;
const MAP_TAG = 259;
/** Unregistered numbers from the first-come range: "PP" and the next. */
const BUFFER = 0x5050;
const DATA_VIEW = 0x5051;
const DATE = 0x5052;

type ViewConstructor = new (buffer: ArrayBuffer) => ArrayBufferView;

/**
 * The tag, name and element width in bytes of each kind of view; Uint8Array is a bare byte string. The constructors are
 * looked up by name when needed, because Safari 14 (S167) lacks BigInt64Array and BigUint64Array.
 */
const VIEWS: readonly (readonly [tag: number, name: string, width: number])[] = [
  [68, 'Uint8ClampedArray', 1],
  [69, 'Uint16Array', 2],
  [70, 'Uint32Array', 4],
  [71, 'BigUint64Array', 8],
  [72, 'Int8Array', 1],
  [77, 'Int16Array', 2],
  [78, 'Int32Array', 4],
  [79, 'BigInt64Array', 8],
  [85, 'Float32Array', 4],
  [86, 'Float64Array', 8],
  [DATA_VIEW, 'DataView', 1],
];

/** Between the typed array's bytes in memory and the little-endian bytes on the wire; does nothing on most hosts. */
function littleEndian(bytes: Uint8Array, width: number): Uint8Array {
  const host = new Uint8Array(Uint16Array.of(1).buffer)[0];
  if (width === 1 || host === 1) return bytes;
  const swapped = bytes.slice();
  for (let at = 0; at < swapped.length; at += width) swapped.subarray(at, at + width).reverse();
  return swapped;
}

function writeView(view: ArrayBufferView, writer: Writer): void {
  // The engine's own name for the kind, so that subclasses and other realms (an iframe's arrays) count as what they are.
  const name = Object.prototype.toString.call(view).slice(8, -1);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (name === 'Uint8Array') return writer.octets(bytes);
  const kind = VIEWS.find((candidate) => candidate[1] === name);
  if (kind === undefined) throw new Refusal(`${kindOf(view)} cannot be sent`);
  writer.head(TAG, kind[0]);
  writer.octets(littleEndian(bytes, kind[2]));
}

function writeBigInt(value: bigint, writer: Writer): void {
  const negative = value < 0n;
  const magnitude = negative ? -1n - value : value;
  const hex = magnitude === 0n ? '' : magnitude.toString(16);
  writer.head(TAG, negative ? NEGATIVE_BIGINT : BIGINT);
  writer.octets(hexToBytes(hex.length % 2 === 0 ? hex : `0${hex}`));
}

function readBigInt(reader: Reader): bigint {
  const bytes = reader.copy();
  if (bytes[0] === 0) throw reader.malformed('a bigint not in its shortest form');
  try {
    return BigInt(`0x0${bytesToHex(bytes)}`);
  } catch {
    // Engines bound the size of bigints differently: 2^20 bits in Firefox, 2^30 in Chromium.
    throw new DecodeError('OVER_LIMIT', `a bigint of ${bytes.length} bytes is too large for this engine`);
  }
}

function writeMap(map: ReadonlyMap<unknown, unknown>, writer: Writer, depth: number): void {
  const inner = writer.enter(map, depth);
  writer.head(TAG, MAP_TAG);
  writer.head(MAP, map.size);
  let i = 0;
  let step = 'keys';
  try {
    for (const [key, value] of map) {
      step = 'keys';
      writer.item(key, inner);
      step = 'values';
      writer.item(value, inner);
      i++;
    }
  } catch (thrown) {
    throw traced(thrown, map, `.${step}()[${i}]`);
  }
}

function writeSet(set: ReadonlySet<unknown>, writer: Writer, depth: number): void {
  const inner = writer.enter(set, depth);
  writer.head(TAG, SET);
  writer.head(ARRAY, set.size);
  let i = 0;
  try {
    for (const value of set) {
      writer.item(value, inner);
      i++;
    }
  } catch (thrown) {
    throw traced(thrown, set, `.values()[${i}]`);
  }
}

function readMap(reader: Reader, depth: number): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let left = reader.enter(MAP, depth); left > 0; left--) {
    const key = reader.item(depth + 1);
    if (map.has(key)) throw reader.malformed('a duplicate key');
    map.set(key, reader.item(depth + 1));
  }
  return map;
}

function readSet(reader: Reader, depth: number): Set<unknown> {
  const set = new Set<unknown>();
  for (let left = reader.enter(ARRAY, depth); left > 0; left--) {
    const value = reader.item(depth + 1);
    if (set.has(value)) throw reader.malformed('a duplicate element');
    set.add(value);
  }
  return set;
}

function readDate(reader: Reader): DateValue {
  const ms = reader.scalar();
  const date = new DateValue(typeof ms === 'number' ? ms : NaN);
  // A date holds whole milliseconds within ±8.64e15, or NaN; whatever it had to change was no date.
  if (!Object.is(date.getTime(), ms)) throw reader.malformed('a date out of range or not in whole ms');
  return date;
}

function readView(tag: number, reader: Reader): ArrayBufferView {
  const kind = VIEWS.find((candidate) => candidate[0] === tag);
  if (kind === undefined) throw reader.malformed(`the unknown tag ${tag}`);
  const [, name, width] = kind;
  // eslint-disable-next-line no-restricted-globals -- constructors of values by name; nothing else is reached
  const View = (globalThis as unknown as Record<string, ViewConstructor | undefined>)[name];
  if (View === undefined) throw new DecodeError('UNEXPECTED', `this engine has no ${name}`);
  const bytes = reader.copy();
  if (bytes.length % width !== 0) throw reader.malformed(`a ${name} of ${bytes.length} bytes`);
  return new View(littleEndian(bytes, width).buffer as ArrayBuffer);
}

const CONTENT: WriterExtension & ReaderExtension = {
  write(value, writer, depth) {
    if (typeof value === 'bigint') return writeBigInt(value, writer);
    if (ArrayBuffer.isView(value)) return writeView(value, writer);
    // Exact prototypes: a subclass would lose its class on the way.
    const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : null;
    switch (prototype) {
      case Map.prototype:
        return writeMap(value as Map<unknown, unknown>, writer, depth);
      case Set.prototype:
        return writeSet(value as Set<unknown>, writer, depth);
      case DateValue.prototype:
        writer.head(TAG, DATE);
        return writer.item((value as DateValue).getTime(), depth);
      case ArrayBuffer.prototype:
        writer.head(TAG, BUFFER);
        return writer.octets(new Uint8Array(value as ArrayBuffer));
      default:
        throw new Refusal(`${kindOf(value)} cannot be sent`);
    }
  },

  check(container) {
    if (!Array.isArray(container)) return;
    if (Object.getPrototypeOf(container) !== Array.prototype) throw new Refusal(`${kindOf(container)} cannot be sent`);
    if (Object.keys(container).length > container.length) {
      throw new Refusal('arrays with named properties cannot be sent');
    }
  },

  read(tag, reader, depth) {
    switch (tag) {
      case BIGINT:
        return readBigInt(reader);
      case NEGATIVE_BIGINT:
        return -1n - readBigInt(reader);
      case DATE:
        return readDate(reader);
      case MAP_TAG:
        return readMap(reader, depth);
      case SET:
        return readSet(reader, depth);
      case BUFFER:
        return reader.copy().buffer;
      default:
        return readView(tag, reader);
    }
  },
};

/**
 * Encodes application content.
 *
 * Objects count as plain when their prototype is `Object.prototype` or null (they arrive with the former); of their
 * properties the enumerable ones with string keys are sent, as in JSON. Subclasses of typed arrays, Node's Buffer among
 * them, arrive as their base. Values that occur twice arrive as two.
 *
 * @throws {TypeError} for anything that is not {@link Plain}: functions, symbols, class instances, accessors, strings with
 *   lone surrogates, arrays with holes or named properties, cycles; the message has the path,
 *   `content.items[3].run: functions cannot be sent`
 * @throws {RangeError} over the limits: 64 levels, 64 MiB, 4 Mi values by default
 */
export function encodeContent(value: unknown, limits: CodecLimits = {}): Uint8Array {
  return write(value, 'content', limits, CONTENT);
}

/**
 * Decodes application content. Nothing in it shares memory with `bytes`.
 * @throws {DecodeError} MALFORMED or OVER_LIMIT, for any bytes that {@link encodeContent} would not write; UNEXPECTED for a
 *   kind that this engine lacks; nothing else
 */
export function decodeContent(bytes: Uint8Array, limits: CodecLimits = {}): Plain {
  return read(bytes, limits, CONTENT) as Plain;
}
