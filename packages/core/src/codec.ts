/**
 * The one binary codec: CBOR (RFC 8949, STD 94) by tiny-cbor, behind a check of what comes in (structure.ts).
 * docs/codec.md says why. What the library cannot write or read as it was is converted here: objects are its Maps, −0 and
 * a leading byte order mark would get lost. Frames have no other tag; plain-data.ts adds those of application content.
 */
import { CBORTag, decodeCBOR, encodeCBOR } from '@levischuck/tiny-cbor';
import type { CBORType } from '@levischuck/tiny-cbor';
import { isWellFormed } from './bytes.js';
import { provideBigUint64 } from './big-uint64.js';
import { MAX_BYTES, MAX_DEPTH, MAX_ITEMS, checkStructure, malformed } from './structure.js';
import type { CodecLimits } from './structure.js';

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

/** Kinds of values beyond a frame's, as CBOR tags. */
export interface Kinds {
  /** The tag for `value`, or plain bytes; undefined when it is of none of these kinds. `list` converts the elements. */
  tag(
    value: unknown,
    list: (container: object, elements: readonly unknown[]) => CBORType[],
  ): CBORTag | Uint8Array | undefined;
  /** What the tag stands for; `restore` reads what is in it. */
  untag(tag: number, value: CBORType, restore: (value: CBORType) => unknown): unknown;
}

/** A property, or an index. */
type Place = string | number;

/** On 0: minus zero, which the library writes as 0. Unregistered, from the first-come range, as in plain-data.ts. */
const MINUS_ZERO = 0x5053;
const BYTE_ORDER_MARK = '\ufeff';
/** Longest path in an error message, in UTF-16 code units. */
const MAX_PATH_LENGTH = 120;

/**
 * Encodes a frame. The bytes have a buffer of their own.
 * @throws {TypeError} for what a {@link FrameValue} cannot be, with the path to it
 * @throws {RangeError} over the limits
 */
export function encode(value: FrameValue, limits: CodecLimits = {}): Uint8Array {
  return write(value, 'value', limits);
}

/**
 * Decodes a frame. Nothing in it shares memory with `bytes`.
 * @throws {DecodeError} MALFORMED or OVER_LIMIT; nothing else, whatever the bytes
 * @throws {TypeError} when `bytes` is not a Uint8Array
 */
export function decode(bytes: Uint8Array, limits: CodecLimits = {}): FrameValue {
  return read(bytes, limits) as FrameValue;
}

/** Encodes `value`, called `root` in error messages. Internal to core. */
export function write(value: unknown, root: string, limits: CodecLimits, kinds?: Kinds): Uint8Array {
  const { maxDepth = MAX_DEPTH, maxBytes = MAX_BYTES, maxItems = MAX_ITEMS } = limits;
  /** The containers around the value that is being converted, each with the place in it. */
  const trail: [container: object, place: Place][] = [];
  let items = 0;
  let size = 0;

  const fail = (why: string, Kind: ErrorConstructor = TypeError): never => {
    const path = root + trail.map(([container, place]) => step(container, place)).join('');
    throw new Kind(`${path.slice(0, MAX_PATH_LENGTH)}: ${why}`);
  };

  const atMost = (got: number, most: number, unit: string): void => {
    if (got > most) fail(`over ${most} ${unit}`, RangeError);
  };

  /** Counts at least what will be written, so that a small value that would be huge is refused before it is. */
  const spend = (bytes: number): void => {
    size += bytes;
    atMost(size, maxBytes, 'bytes');
  };

  const text = (string: string): string => {
    if (!isWellFormed(string)) fail('strings with a lone surrogate cannot be sent');
    spend(string.length);
    // TextDecoder, as the library calls it, takes one off.
    return string.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK + string : string;
  };

  const each = <P extends Place, T>(container: object, places: Iterable<P>, convertAt: (place: P) => T): T[] => {
    if (trail.some(([outer]) => outer === container)) fail('cyclic values cannot be sent');
    atMost(trail.length + 1, maxDepth, 'levels');
    const here: [object, Place] = [container, 0];
    trail.push(here);
    const converted = Array.from(places, (place) => {
      here[1] = place;
      return convertAt(place);
    });
    trail.pop();
    return converted;
  };

  const list = (container: object, elements: readonly unknown[]): CBORType[] =>
    each(container, elements.keys(), (i) =>
      i in elements ? convert(elements[i]) : fail('arrays with holes cannot be sent'),
    );

  const entry = (object: object, key: string): [string, CBORType] => {
    atMost(++items, maxItems, 'values');
    const described = Object.getOwnPropertyDescriptor(object, key);
    if (described === undefined || !('value' in described)) return fail('accessor properties cannot be sent');
    return [text(key), convert(described.value)];
  };

  const convert = (part: unknown): CBORType => {
    atMost(++items, maxItems, 'values');
    spend(1);
    if (part === null || part === undefined || typeof part === 'boolean') return part;
    if (typeof part === 'number') return Object.is(part, -0) ? new CBORTag(MINUS_ZERO, 0) : part;
    if (typeof part === 'string') return text(part);
    const prototype = Object.getPrototypeOf(part) as object | null;
    if (Array.isArray(part) && prototype === Array.prototype) {
      if (Object.keys(part).length > part.length) fail('arrays with named properties cannot be sent');
      return list(part, part);
    }
    if (prototype === Object.prototype || prototype === null) {
      return new Map(each(part, Object.keys(part), (key) => entry(part, key)));
    }
    const other = part instanceof Uint8Array ? part : kinds?.tag(part, list);
    if (other === undefined) {
      const { constructor: kind = Object } = prototype as { constructor?: { readonly name: string } };
      return fail(`${typeof part === 'object' ? `${kind.name} instance` : typeof part}s cannot be sent`);
    }
    const inside = other instanceof CBORTag ? other.value : other;
    if (inside instanceof Uint8Array) spend(inside.length);
    return other;
  };

  provideBigUint64();
  const bytes = encodeCBOR(convert(value));
  atMost(bytes.length, maxBytes, 'bytes');
  return bytes;
}

/** Decodes a whole value. Internal to core. */
export function read(bytes: Uint8Array, limits: CodecLimits, kinds?: Kinds): unknown {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`decode: expected a Uint8Array, got ${typeof bytes}`);
  checkStructure(bytes, limits);

  const restore = (value: CBORType): unknown => {
    if (Array.isArray(value)) return value.map((element) => restore(element));
    if (value instanceof Map) {
      // Entries become own properties, `__proto__` too.
      return Object.fromEntries(
        Array.from(value, ([key, inner]) => {
          if (typeof key !== 'string') throw malformed('a property that is no string');
          return [key, restore(inner)];
        }),
      );
    }
    if (!(value instanceof CBORTag)) return value;
    const tag = Number(value.tag);
    if (tag === MINUS_ZERO && value.value === 0) return -0;
    if (kinds === undefined) throw malformed(`the tag ${tag} in a frame`);
    return kinds.untag(tag, value.value, restore);
  };

  provideBigUint64();
  return restore(parsed(bytes));
}

function parsed(bytes: Uint8Array): CBORType {
  try {
    return decodeCBOR(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (thrown) {
    throw malformed(String(thrown));
  }
}

/** The way from a container to what is in it, as code would write it. A Map is a list of keys and values in turn. */
function step(container: object, place: Place): string {
  if (typeof place === 'string') return /^[A-Za-z_$][\w$]*$/.test(place) ? `.${place}` : `[${JSON.stringify(place)}]`;
  if (container instanceof Map) return `.${place % 2 === 0 ? 'keys' : 'values'}()[${place >> 1}]`;
  return `${container instanceof Set ? '.values()' : ''}[${place}]`;
}
