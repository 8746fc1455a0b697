/**
 * The one binary codec: the format `any` of lib0 (the encoding library of Yjs) without its objects and bigints, behind a check
 * of what comes in (structure.ts). docs/codec.md says why. plain-data.ts adds the kinds of application content as arrays.
 */
import { createDecoder, readAny } from 'lib0/decoding';
import { createEncoder, toUint8Array, writeAny } from 'lib0/encoding';
import type { AnyEncodable } from 'lib0/encoding';
import { isWellFormed } from './bytes.js';
import { MAX_BYTES, MAX_DEPTH, MAX_ITEMS, checkStructure, malformed } from './structure.js';
import type { CodecLimits } from './structure.js';

/** What a frame is made of. Every number arrives as it was, −0, NaN and ±Infinity included. */
export type FrameValue = null | undefined | boolean | number | string | Uint8Array | readonly FrameValue[];

/** Says why the part of a container at an index cannot be sent. */
export type Refuse = (index: number, why: string) => never;

/** How values that consist of others are written. */
export interface Kinds {
  /** How many elements of an array say its kind, before its parts. */
  readonly lead: 0 | 1;
  /** The elements of the new array that stands for `value`, lead first; undefined when it is of no kind that can be sent. */
  elements(value: unknown, refuse: Refuse): unknown[] | undefined;
}

/** Longest path in an error message, in UTF-16 code units. */
const MAX_PATH_LENGTH = 120;

const FRAME: Kinds = { lead: 0, elements: elementsOfArray };

/**
 * Encodes a frame. The bytes have a buffer of their own.
 * @throws {TypeError} for what a {@link FrameValue} cannot be, with the path to it
 * @throws {RangeError} over the limits
 */
export function encode(value: FrameValue, limits: CodecLimits = {}): Uint8Array {
  return write(value, 'value', limits, FRAME);
}

/**
 * Decodes a frame. Byte strings in it are views of `bytes`: Uint8Arrays even if that is a Buffer, and as long-lived as what
 * keeps them; copy what outlives the frame.
 * @throws {DecodeError} MALFORMED or OVER_LIMIT; nothing else, whatever the bytes
 * @throws {TypeError} when `bytes` is not a Uint8Array
 */
export function decode(bytes: Uint8Array, limits: CodecLimits = {}): FrameValue {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`decode: expected a Uint8Array, got ${typeof bytes}`);
  checkStructure(bytes, limits);
  try {
    return readAny(createDecoder(bytes)) as FrameValue;
  } catch (thrown) {
    throw malformed(String(thrown));
  }
}

/** The elements of a plain array in a new one, after `lead`. Internal to core. */
export function elementsOfArray(value: unknown, refuse: Refuse, ...lead: readonly number[]): unknown[] | undefined {
  if (!Array.isArray(value) || Object.getPrototypeOf(value) !== Array.prototype) return undefined;
  const elements: unknown[] = [...lead];
  for (let i = 0; i < value.length; i++) {
    if (!(i in value)) refuse(i, 'arrays with holes cannot be sent');
    elements.push(value[i]);
  }
  if (Object.keys(value).length > value.length) refuse(-1, 'arrays with named properties cannot be sent');
  return elements;
}

/** Encodes `value`, called `root` in error messages. Internal to core. */
export function write(value: unknown, root: string, limits: CodecLimits, kinds: Kinds): Uint8Array {
  const { maxDepth = MAX_DEPTH, maxBytes = MAX_BYTES, maxItems = MAX_ITEMS } = limits;
  /** The containers around the value that is being converted, each with the index of the part in it. */
  const trail: [container: unknown, index: number][] = [];
  let items = 0;
  let size = 0;

  const fail = (why: string, Kind: ErrorConstructor = TypeError): never => {
    const path = root + trail.map(([container, index]) => step(container, index)).join('');
    throw new Kind(`${path.slice(0, MAX_PATH_LENGTH)}: ${why}`);
  };

  /** Counts at least what will be written, so that a small value that would be huge is refused before it is. */
  const spend = (bytes: number): void => {
    size += bytes;
    if (size > maxBytes) fail(`over ${maxBytes} bytes`, RangeError);
  };

  const convert = (part: unknown): AnyEncodable => {
    if (++items > maxItems) fail(`over ${maxItems} values`, RangeError);
    spend(1);
    if (part === null || part === undefined || typeof part === 'boolean' || typeof part === 'number') return part;
    if (typeof part === 'string') {
      if (!isWellFormed(part)) fail('strings with a lone surrogate cannot be sent');
      spend(part.length);
      return part;
    }
    if (part instanceof Uint8Array) {
      spend(part.length);
      return part;
    }
    if (trail.some(([outer]) => outer === part)) fail('cyclic values cannot be sent');
    const here: [unknown, number] = [part, -1];
    const elements = kinds.elements(part, (index, why) => {
      here[1] = index;
      trail.push(here);
      return fail(why);
    });
    if (elements === undefined) return fail(`${nameOf(part)} cannot be sent`);
    if (trail.length === maxDepth) fail(`over ${maxDepth} levels`, RangeError);
    items += kinds.lead;
    trail.push(here);
    for (let i = kinds.lead; i < elements.length; i++) {
      here[1] = i - kinds.lead;
      elements[i] = convert(elements[i]);
    }
    trail.pop();
    return elements as AnyEncodable[];
  };

  const encoder = createEncoder();
  writeAny(encoder, convert(value));
  const bytes = toUint8Array(encoder);
  spend(bytes.length - size);
  return bytes;
}

/** What an error message calls a value that cannot be sent. */
function nameOf(value: unknown): string {
  if (typeof value !== 'object') return `${typeof value}s`;
  const prototype = Object.getPrototypeOf(value) as { constructor?: { readonly name: string } } | null;
  const { constructor: kind = Object } = prototype ?? {};
  return `${kind.name} instances`;
}

/**
 * The way from a container to a part of it, as code would write it. A Map is a list of keys and values in turn, an object
 * one of names and values; -1 is the container itself.
 */
function step(container: unknown, index: number): string {
  if (index < 0) return '';
  if (container instanceof Map) return `.${index % 2 === 0 ? 'keys' : 'values'}()[${index >> 1}]`;
  if (container instanceof Set) return `.values()[${index}]`;
  if (Array.isArray(container)) return `[${index}]`;
  const name = String(Object.keys(container as object)[index >> 1]);
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
