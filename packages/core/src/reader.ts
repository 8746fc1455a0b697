import { utf8Decode } from './bytes.js';
import { ARRAY, BYTES, FALSE, FLOAT32, FLOAT64, MAP, MAX_BYTES, MAX_DEPTH, MAX_ITEMS } from './cbor.js';
import { NEGATIVE, NULL, SIMPLE, TAG, TEXT, TRUE, TWO_32, UINT, UNDEFINED } from './cbor.js';
import type { CodecLimits } from './cbor.js';
import { DecodeError } from './errors.js';

/** Teaches the reader CBOR tags. */
export interface ReaderExtension {
  /** Reads what follows the tag. */
  read(tag: number, reader: Reader, depth: number): unknown;
}

/**
 * Reads one CBOR value, accepting only what the writer writes. Every read is checked against the end of the bytes before
 * anything is allocated, and no array is allocated ahead of its elements: memory stays proportional to the input.
 */
export class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;
  private items = 0;
  private readonly maxDepth: number;
  private readonly maxItems: number;
  private readonly extension: ReaderExtension | undefined;

  constructor(bytes: Uint8Array, limits: CodecLimits, extension?: ReaderExtension) {
    if (!(bytes instanceof Uint8Array)) throw new TypeError(`decode: expected a Uint8Array, got ${typeof bytes}`);
    const maxBytes = limits.maxBytes ?? MAX_BYTES;
    if (bytes.length > maxBytes)
      throw new DecodeError('OVER_LIMIT', `${bytes.length} bytes, at most ${maxBytes} allowed`);
    // Node's Buffer makes Buffers of its subarrays; the values decoded are Uint8Arrays everywhere.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.maxDepth = limits.maxDepth ?? MAX_DEPTH;
    this.maxItems = limits.maxItems ?? MAX_ITEMS;
    this.extension = extension;
  }

  /** The only value there is. */
  whole(): unknown {
    const value = this.item(0);
    if (this.at !== this.bytes.length) throw this.malformed(`${this.bytes.length - this.at} bytes after the value`);
    return value;
  }

  /** The next value, `depth` containers deep. */
  item(depth: number): unknown {
    this.count(1);
    const first = this.byte();
    switch (first >> 5) {
      case UINT:
        return this.argument(first);
      case NEGATIVE: {
        const value = -1 - this.argument(first);
        if (!Number.isSafeInteger(value)) throw this.malformed('an integer beyond 2^53 - 1');
        return value;
      }
      case BYTES:
        return this.octets(first);
      case TEXT:
        return this.text(first);
      case ARRAY:
        return this.array(first, depth);
      case MAP:
        return this.object(first, depth);
      case TAG: {
        const tag = this.argument(first);
        if (this.extension === undefined) throw this.malformed(`tag ${tag} in a frame`);
        return this.extension.read(tag, this, depth);
      }
      default:
        return this.simple(first);
    }
  }

  /** How many entries the container of type `major` that begins here has; the depth and the number are checked. */
  enter(major: number, depth: number): number {
    const first = this.byte();
    if (first >> 5 !== major) throw this.malformed(`a tag over major type ${first >> 5}, expected ${major}`);
    return this.entries(first, depth, major === MAP ? 2 : 1);
  }

  /** A copy of the byte string that begins here, with a buffer of its own. */
  copy(): Uint8Array {
    const first = this.byte();
    if (first >> 5 !== BYTES) throw this.malformed(`a tag over major type ${first >> 5}, expected ${BYTES}`);
    return this.octets(first).slice();
  }

  /** The next value if its first byte can be a number's: no tag, no container, and so no way to go deeper unseen. */
  scalar(): unknown {
    const major = (this.bytes[this.at] ?? 0) >> 5;
    if (major !== UINT && major !== NEGATIVE && major !== SIMPLE)
      throw this.malformed(`a tag over major type ${major}`);
    return this.item(0);
  }

  malformed(what: string): DecodeError {
    return new DecodeError('MALFORMED', `${what} at byte ${this.at}`);
  }

  private count(items: number): void {
    this.items += items;
    if (this.items > this.maxItems) throw new DecodeError('OVER_LIMIT', `more than ${this.maxItems} values`);
  }

  private byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw this.malformed('cut short');
    this.at++;
    return byte;
  }

  /** Where the next `length` bytes begin; they are there. */
  private take(length: number): number {
    const at = this.at;
    if (length > this.bytes.length - at) throw this.malformed('cut short');
    this.at = at + length;
    return at;
  }

  /** The argument of a head, refused unless in its shortest form. */
  private argument(first: number): number {
    const info = first & 31;
    if (info < 24) return info;
    if (info > 27) throw this.malformed('an indefinite or reserved length');
    let value = 0;
    for (let left = 1 << (info - 24); left > 0; left--) value = value * 256 + this.byte();
    const least = info === 24 ? 24 : info === 25 ? 0x100 : info === 26 ? 0x1_0000 : TWO_32;
    if (value < least) throw this.malformed('a number not in its shortest form');
    if (value > Number.MAX_SAFE_INTEGER) throw this.malformed('an integer beyond 2^53 - 1');
    return value;
  }

  private octets(first: number): Uint8Array {
    const at = this.take(this.argument(first));
    const bytes = this.bytes.subarray(at, this.at);
    // Application content outlives the frame it came in, and its buffer must show nothing else.
    return this.extension === undefined ? bytes : bytes.slice();
  }

  private text(first: number): string {
    const at = this.take(this.argument(first));
    return utf8Decode(this.bytes, at, this.at);
  }

  /** Checks the number of entries of `size` values each against what is left and against the limits. */
  private entries(first: number, depth: number, size: number): number {
    if (depth >= this.maxDepth) throw new DecodeError('OVER_LIMIT', `nested deeper than ${this.maxDepth} levels`);
    const count = this.argument(first);
    if (count * size > this.bytes.length - this.at) throw this.malformed('cut short');
    return count;
  }

  private array(first: number, depth: number): unknown[] {
    const values: unknown[] = [];
    for (let left = this.entries(first, depth, 1); left > 0; left--) values.push(this.item(depth + 1));
    return values;
  }

  private object(first: number, depth: number): object {
    const object: Record<string, unknown> = {};
    for (let left = this.entries(first, depth, 2); left > 0; left--) {
      this.count(1);
      const start = this.byte();
      if (start >> 5 !== TEXT) throw this.malformed('a property name that is no string');
      const key = this.text(start);
      if (Object.prototype.hasOwnProperty.call(object, key)) throw this.malformed('a duplicate property');
      const value = this.item(depth + 1);
      if (key === '__proto__') {
        // A plain assignment would set the prototype.
        Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
      } else {
        object[key] = value;
      }
    }
    return object;
  }

  private simple(first: number): unknown {
    switch (first) {
      case FALSE:
        return false;
      case TRUE:
        return true;
      case NULL:
        return null;
      case UNDEFINED:
        return undefined;
      case FLOAT32:
        return this.float(4);
      case FLOAT64:
        return this.float(8);
      default:
        throw this.malformed(`the reserved byte 0x${first.toString(16)}`);
    }
  }

  /** A float, refused where the writer would have written an integer, or four bytes instead of eight. */
  private float(length: 4 | 8): number {
    const at = this.take(length);
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + at, length);
    const value = length === 4 ? view.getFloat32(0) : view.getFloat64(0);
    const shorter = length === 8 && Object.is(Math.fround(value), value);
    const integer = Number.isSafeInteger(value) && !Object.is(value, -0);
    const nan = Number.isNaN(value) && view.getUint32(0) !== 0x7fc00000;
    if (shorter || integer || nan) throw this.malformed('a number not in its shortest form');
    return value;
  }
}
