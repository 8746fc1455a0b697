/**
 * Application content (S13): what structured clone calls plain data, equal in value and type at the other end.
 *
 * On top of a frame's values it uses registered CBOR tags: bigint 2 and 3 (RFC 8949 §3.4.3), Set 258, typed arrays 64–86
 * (RFC 8746, little-endian), and four of our own: ArrayBuffer, DataView, Date in milliseconds (the registered date, tag 1,
 * counts seconds, and a float of seconds misses the millisecond in the far quarter of Date's range), and Map, as an array
 * of keys and values in turn (the registered tag 259 is over a CBOR map, whose keys the library takes as strings and
 * numbers only).
 */
import { CBORTag } from '@levischuck/tiny-cbor';
import type { CBORType } from '@levischuck/tiny-cbor';
import { bytesToHex, hexToBytes } from './bytes.js';
import { read, write } from './codec.js';
import type { Kinds } from './codec.js';
import { DecodeError } from './errors.js';
import { malformed } from './structure.js';
import type { CodecLimits } from './structure.js';

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
/** Unregistered numbers from the first-come range: "PP" and the next. */
const BUFFER = 0x5050;
const DATA_VIEW = 0x5051;
const DATE = 0x5052;
const MAP = 0x5054;

type ViewConstructor = new (buffer: ArrayBufferLike) => ArrayBufferView;

/**
 * The tag and name of each kind of view; Uint8Array is a bare byte string. The constructors are looked up by name when
 * needed, because Safari 14 (S167) lacks BigInt64Array and BigUint64Array.
 */
const VIEWS: Readonly<Record<number, string>> = {
  68: 'Uint8ClampedArray',
  69: 'Uint16Array',
  70: 'Uint32Array',
  71: 'BigUint64Array',
  72: 'Int8Array',
  77: 'Int16Array',
  78: 'Int32Array',
  79: 'BigInt64Array',
  85: 'Float32Array',
  86: 'Float64Array',
  [DATA_VIEW]: 'DataView',
};

/** Bytes an element: the number in the name is of bits. */
function widthOf(name: string): number {
  return Number(/\d+/.exec(name) ?? 8) / 8;
}

/** Between the view's bytes in memory and the little-endian bytes on the wire; does nothing on most hosts. */
function littleEndian(bytes: Uint8Array, width: number): Uint8Array {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) return bytes;
  const swapped = bytes.slice();
  for (let at = 0; at < swapped.length; at += width) swapped.subarray(at, at + width).reverse();
  return swapped;
}

function tagView(view: ArrayBufferView): CBORTag | Uint8Array | undefined {
  // The engine's own name for the kind, so that subclasses and other realms (an iframe's arrays) count as what they are.
  const name = Object.prototype.toString.call(view).slice(8, -1);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (name === 'Uint8Array') return bytes;
  const tag = Object.keys(VIEWS).find((candidate) => VIEWS[Number(candidate)] === name);
  return tag === undefined ? undefined : new CBORTag(Number(tag), littleEndian(bytes, widthOf(name)));
}

function untagView(tag: number, bytes: Uint8Array): ArrayBufferView {
  const name = VIEWS[tag];
  if (name === undefined) throw malformed(`the unknown tag ${tag}`);
  // eslint-disable-next-line no-restricted-globals -- constructors of values by name; nothing else is reached
  const View = (globalThis as unknown as Record<string, ViewConstructor | undefined>)[name];
  if (View === undefined) throw new DecodeError('UNEXPECTED', `this engine has no ${name}`);
  const width = widthOf(name);
  if (bytes.length % width !== 0) throw malformed(`a ${name} of ${bytes.length} bytes`);
  return new View(littleEndian(bytes, width).buffer);
}

function tagBigInt(value: bigint): CBORTag {
  const negative = value < 0n;
  const magnitude = negative ? -1n - value : value;
  const hex = magnitude === 0n ? '' : magnitude.toString(16);
  return new CBORTag(negative ? NEGATIVE_BIGINT : BIGINT, hexToBytes(hex.length % 2 === 0 ? hex : `0${hex}`));
}

function untagBigInt(bytes: Uint8Array): bigint {
  if (bytes[0] === 0) throw malformed('a bigint not in its shortest form');
  try {
    return BigInt(`0x0${bytesToHex(bytes)}`);
  } catch {
    // Engines bound the size of bigints differently: 2^20 bits in Firefox, 2^30 in Chromium.
    throw new DecodeError('OVER_LIMIT', `a bigint of ${bytes.length} bytes is too large for this engine`);
  }
}

function untagDate(ms: CBORType): DateValue {
  const date = new DateValue(typeof ms === 'number' ? ms : NaN);
  // A date holds whole milliseconds within ±8.64e15, or NaN; whatever it had to change was no date.
  if (!Object.is(date.getTime(), ms)) throw malformed('a date out of range or not in whole ms');
  return date;
}

function untagSet(values: readonly unknown[]): Set<unknown> {
  const set = new Set(values);
  if (set.size < values.length) throw malformed('a duplicate element');
  return set;
}

/** A Map from keys and values in turn. */
function untagMap(values: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let i = 0; i < values.length; i += 2) map.set(values[i], values[i + 1]);
  if (2 * map.size !== values.length) throw malformed('a duplicate key, or one without a value');
  return map;
}

const KINDS: Kinds = {
  tag(value, list) {
    if (typeof value === 'bigint') return tagBigInt(value);
    if (ArrayBuffer.isView(value)) return tagView(value);
    // Exact prototypes: a subclass would lose its class on the way.
    switch (typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined) {
      case Map.prototype:
        return new CBORTag(MAP, list(value as object, [...(value as Map<unknown, unknown>)].flat()));
      case Set.prototype:
        return new CBORTag(SET, list(value as object, [...(value as Set<unknown>)]));
      case DateValue.prototype:
        return new CBORTag(DATE, (value as DateValue).getTime());
      case ArrayBuffer.prototype:
        return new CBORTag(BUFFER, new Uint8Array(value as ArrayBuffer));
      default:
        return undefined;
    }
  },

  untag(tag, value, restore) {
    if (tag === DATE) return untagDate(value);
    if (Array.isArray(value)) {
      const values = value.map((element) => restore(element));
      if (tag === SET) return untagSet(values);
      if (tag === MAP) return untagMap(values);
    }
    if (!(value instanceof Uint8Array)) throw malformed(`the tag ${tag} over no bytes`);
    if (tag === BIGINT) return untagBigInt(value);
    if (tag === NEGATIVE_BIGINT) return -1n - untagBigInt(value);
    return tag === BUFFER ? value.buffer : untagView(tag, value);
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
  return write(value, 'content', limits, KINDS);
}

/**
 * Decodes application content. Nothing in it shares memory with `bytes`.
 * @throws {DecodeError} MALFORMED or OVER_LIMIT; UNEXPECTED for a kind that this engine lacks; nothing else, whatever the
 *   bytes
 */
export function decodeContent(bytes: Uint8Array, limits: CodecLimits = {}): Plain {
  return read(bytes, limits, KINDS) as Plain;
}
