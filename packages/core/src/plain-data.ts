/**
 * Application content (S13): what structured clone calls plain data, equal in value and type at the other end.
 *
 * A frame whose arrays begin with a number, the kind of what they stand for; everything else stands for itself:
 *
 *     [0, …elements]          array              [4, ms]      Date, NaN if invalid
 *     [1, …names and values]  object             [5, bytes]   bigint, its digits base 256, none for 0n
 *     [2, …keys and values]   Map                [6, bytes]   bigint below 0: the digits of −1n − it
 *     [3, …elements]          Set                [7, bytes]   ArrayBuffer
 *     [8 and up, bytes]       views in the order of {@link VIEWS}, little-endian; a Uint8Array stands for itself
 */
import { bytesToHex, hexToBytes } from './bytes.js';
import { decode, elementsOfArray, write } from './codec.js';
import type { FrameValue, Kinds, Refuse } from './codec.js';
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

/** Kinds, as {@link VIEWS} too: a number, once given, is never given again. */
const ARRAY = 0;
const OBJECT = 1;
const MAP = 2;
const SET = 3;
const DATE = 4;
const BIGINT = 5;
const NEGATIVE_BIGINT = 6;
const BUFFER = 7;
const FIRST_VIEW = 8;

type ViewConstructor = new (buffer: ArrayBufferLike) => ArrayBufferView;

/**
 * The kinds of views from 8 on. The constructors are looked up by name when needed, because Safari 14 (S167) lacks
 * BigInt64Array and BigUint64Array. Uint8Array is here for those of other realms (an iframe's), which lib0 takes for objects.
 */
const VIEWS = [
  'Uint8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Uint32Array',
  'BigUint64Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'BigInt64Array',
  'Float32Array',
  'Float64Array',
  'DataView',
];

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

function elementsOfView(view: ArrayBufferView): unknown[] | undefined {
  // The engine's own name for the kind, so that subclasses and other realms count as what they are.
  const name = Object.prototype.toString.call(view).slice(8, -1);
  const index = VIEWS.indexOf(name);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return index < 0 ? undefined : [FIRST_VIEW + index, littleEndian(bytes, widthOf(name))];
}

function elementsOfBigInt(value: bigint): unknown[] {
  const negative = value < 0n;
  const magnitude = negative ? -1n - value : value;
  const hex = magnitude === 0n ? '' : magnitude.toString(16);
  return [negative ? NEGATIVE_BIGINT : BIGINT, hexToBytes(hex.length % 2 === 0 ? hex : `0${hex}`)];
}

function elementsOfObject(object: object, refuse: Refuse): unknown[] {
  const elements: unknown[] = [OBJECT];
  for (const key of Object.keys(object)) {
    const described = Object.getOwnPropertyDescriptor(object, key);
    if (described === undefined || !('value' in described)) {
      return refuse(elements.length, 'accessor properties cannot be sent');
    }
    elements.push(key, described.value);
  }
  return elements;
}

const CONTENT: Kinds = {
  lead: 1,
  elements(value, refuse) {
    if (typeof value === 'bigint') return elementsOfBigInt(value);
    if (typeof value !== 'object' || value === null) return undefined;
    if (ArrayBuffer.isView(value)) return elementsOfView(value);
    // Exact prototypes: a subclass would lose its class on the way.
    switch (Object.getPrototypeOf(value)) {
      case Array.prototype:
        return elementsOfArray(value, refuse, ARRAY);
      case Object.prototype:
      case null:
        return elementsOfObject(value, refuse);
      case Map.prototype:
        return [MAP, ...[...(value as Map<unknown, unknown>)].flat()];
      case Set.prototype:
        return [SET, ...(value as Set<unknown>)];
      case DateValue.prototype:
        return [DATE, (value as DateValue).getTime()];
      case ArrayBuffer.prototype:
        return [BUFFER, new Uint8Array(value as ArrayBuffer)];
      default:
        return undefined;
    }
  },
};

/** A Map from keys and values in turn. */
function mapOf<K>(parts: readonly K[]): Map<K, K> {
  const map = new Map<K, K>();
  for (let i = 0; i < parts.length; i += 2) map.set(parts[i] as K, parts[i + 1] as K);
  if (2 * map.size !== parts.length) throw malformed('a duplicate key, or one without a value');
  return map;
}

function objectOf(parts: readonly Plain[]): Plain {
  if (parts.some((part, i) => i % 2 === 0 && typeof part !== 'string')) throw malformed('a property that is no string');
  // Entries become own properties, `__proto__` too.
  return Object.fromEntries(mapOf(parts) as Map<string, Plain>);
}

function setOf(parts: readonly Plain[]): Set<Plain> {
  const set = new Set(parts);
  if (set.size < parts.length) throw malformed('a duplicate element');
  return set;
}

function dateOf(ms: Plain): DateValue {
  const date = new DateValue(typeof ms === 'number' ? ms : NaN);
  // A date holds whole milliseconds within ±8.64e15, or NaN; whatever it had to change was no date.
  if (!Object.is(date.getTime(), ms)) throw malformed('a date out of range or not in whole ms');
  return date;
}

function bigIntOf(bytes: Uint8Array): bigint {
  if (bytes[0] === 0) throw malformed('a bigint not in its shortest form');
  try {
    return BigInt(`0x0${bytesToHex(bytes)}`);
  } catch {
    // Engines bound the size of bigints differently: 2^20 bits in Firefox, 2^30 in Chromium.
    throw new DecodeError('OVER_LIMIT', `a bigint of ${bytes.length} bytes is too large for this engine`);
  }
}

/** `bytes` have a buffer of their own. */
function viewOf(name: string | undefined, bytes: Uint8Array): ArrayBufferView {
  if (name === undefined) throw malformed('an unknown kind');
  // eslint-disable-next-line no-restricted-globals -- constructors of values by name; nothing else is reached
  const View = (globalThis as unknown as Record<string, ViewConstructor | undefined>)[name];
  if (View === undefined) throw new DecodeError('UNEXPECTED', `this engine has no ${name}`);
  const width = widthOf(name);
  if (bytes.length % width !== 0) throw malformed(`a ${name} of ${bytes.length} bytes`);
  return new View(littleEndian(bytes, width).buffer);
}

/** What a decoded frame stands for. */
function restore(value: FrameValue): Plain {
  if (value instanceof Uint8Array) return value.slice();
  if (!Array.isArray(value)) return value;
  const [kind, ...rest] = value as readonly FrameValue[];
  const parts = rest.map((part) => restore(part));
  if (kind === ARRAY) return parts;
  if (kind === OBJECT) return objectOf(parts);
  if (kind === MAP) return mapOf(parts);
  if (kind === SET) return setOf(parts);
  const [only] = parts;
  if (typeof kind !== 'number' || parts.length !== 1) throw malformed('an array of no kind');
  if (kind === DATE) return dateOf(only);
  if (!(only instanceof Uint8Array)) throw malformed(`the kind ${kind} over no bytes`);
  if (kind === BIGINT) return bigIntOf(only);
  if (kind === NEGATIVE_BIGINT) return -1n - bigIntOf(only);
  return kind === BUFFER ? (only.buffer as ArrayBuffer) : viewOf(VIEWS[kind - FIRST_VIEW], only);
}

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
 * @throws {DecodeError} MALFORMED or OVER_LIMIT; UNEXPECTED for a kind that this engine lacks; nothing else, whatever the
 *   bytes
 */
export function decodeContent(bytes: Uint8Array, limits: CodecLimits = {}): Plain {
  return restore(decode(bytes, limits));
}
