import { utf8Length, writeUtf8 } from './bytes.js';
import { ARRAY, BYTES, FALSE, FLOAT32, FLOAT64, MAP, MAX_BYTES, MAX_DEPTH, MAX_ITEMS } from './cbor.js';
import { NEGATIVE, NULL, TEXT, TRUE, TWO_32, UINT, UNDEFINED } from './cbor.js';
import type { CodecLimits } from './cbor.js';

/** Covers most control frames; the buffer doubles from here. */
const FIRST_BUFFER_BYTES = 256;
/** From here on a byte string is copied once, into the result, rather than into the growing buffer as well. */
const APART_BYTES = 128;

/** Teaches the writer more kinds of values, written as CBOR tags. */
export interface WriterExtension {
  /** Writes `value` if it is one of its kinds, else throws a {@link Refusal}. */
  write(value: unknown, writer: Writer, depth: number): void;
  /** Sees every array and object before its elements are written; throws a {@link Refusal} or lets it pass. */
  check(container: object): void;
}

/** Why a value cannot be sent, and where in it: the path grows on the way out. Never leaves the codec. */
export class Refusal extends Error {
  /** Over a limit (to be a RangeError) rather than of a wrong kind (to be a TypeError). */
  readonly limit: boolean;
  path = '';
  cyclic = false;
  /** The container that was too deep: when the way out meets it again, it contains itself. */
  private readonly deep: unknown;

  constructor(reason: string, limit = false, deep?: unknown) {
    super(reason);
    this.limit = limit;
    this.deep = deep;
  }

  /** Notes that it was `step` of `container` that was refused. */
  inside(container: object, step: string): this {
    this.path = step + this.path;
    if (this.deep === container) this.cyclic = true;
    return this;
  }
}

/** Adds the step from `container` to what was thrown inside it; other errors (a proxy's, say) pass as they are. */
export function traced(thrown: unknown, container: object, step: string): unknown {
  return thrown instanceof Refusal ? thrown.inside(container, step) : thrown;
}

/** A property as code would write it. */
function propertyStep(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Writes one value as CBOR into a growing buffer. */
export class Writer {
  private bytes = new Uint8Array(FIRST_BUFFER_BYTES);
  private view = new DataView(this.bytes.buffer);
  private at = 0;
  private items = 0;
  /** Long byte strings, each with the place in `bytes` where it belongs. */
  private readonly apart: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  private apartBytes = 0;
  private readonly maxDepth: number;
  private readonly maxBytes: number;
  private readonly maxItems: number;
  private readonly extension: WriterExtension | undefined;

  constructor(limits: CodecLimits, extension?: WriterExtension) {
    this.maxDepth = limits.maxDepth ?? MAX_DEPTH;
    this.maxBytes = limits.maxBytes ?? MAX_BYTES;
    this.maxItems = limits.maxItems ?? MAX_ITEMS;
    this.extension = extension;
  }

  /** What was written, in a buffer of its own and of its size. */
  finish(): Uint8Array {
    if (this.apart.length === 0) return this.bytes.slice(0, this.at);
    const all = new Uint8Array(this.at + this.apartBytes);
    let from = 0;
    let to = 0;
    for (const { at, bytes } of this.apart) {
      all.set(this.bytes.subarray(from, at), to);
      to += at - from;
      all.set(bytes, to);
      to += bytes.length;
      from = at;
    }
    all.set(this.bytes.subarray(from, this.at), to);
    return all;
  }

  /** A value that is `depth` containers deep. */
  item(value: unknown, depth: number): void {
    if (++this.items > this.maxItems) throw new Refusal(`more than ${this.maxItems} values`, true);
    switch (typeof value) {
      case 'number':
        return this.number(value);
      case 'string':
        return this.text(value);
      case 'boolean':
        return this.byte(value ? TRUE : FALSE);
      case 'undefined':
        return this.byte(UNDEFINED);
      case 'object':
        if (value === null) return this.byte(NULL);
        if (Array.isArray(value)) return this.array(value, depth);
        if (value instanceof Uint8Array) return this.octets(value);
        if (isPlainObject(value)) return this.object(value, depth);
        break;
      default:
    }
    if (this.extension === undefined) throw new Refusal(`${kindOf(value)} cannot be sent in a frame`);
    this.extension.write(value, this, depth);
  }

  /** A major type and its argument, in the shortest form (§4.2.1). */
  head(major: number, argument: number): void {
    const type = major << 5;
    if (argument < 24) {
      this.byte(type | argument);
    } else if (argument < 0x100) {
      const at = this.reserve(2);
      this.bytes[at] = type | 24;
      this.bytes[at + 1] = argument;
    } else if (argument < 0x1_0000) {
      const at = this.reserve(3);
      this.bytes[at] = type | 25;
      this.view.setUint16(at + 1, argument);
    } else if (argument < TWO_32) {
      const at = this.reserve(5);
      this.bytes[at] = type | 26;
      this.view.setUint32(at + 1, argument);
    } else {
      const at = this.reserve(9);
      this.bytes[at] = type | 27;
      this.view.setUint32(at + 1, Math.floor(argument / TWO_32));
      this.view.setUint32(at + 5, argument % TWO_32);
    }
  }

  /** A byte string. */
  octets(bytes: Uint8Array): void {
    this.head(BYTES, bytes.length);
    if (bytes.length < APART_BYTES) {
      const at = this.reserve(bytes.length);
      this.bytes.set(bytes, at);
    } else {
      this.checkSize(this.at + bytes.length);
      this.apart.push({ at: this.at, bytes });
      this.apartBytes += bytes.length;
    }
  }

  /** Refuses `container` when it is inside too many others; returns the depth of what is in it. */
  enter(container: object, depth: number): number {
    if (depth >= this.maxDepth) throw new Refusal(`nested deeper than ${this.maxDepth} levels`, true, container);
    return depth + 1;
  }

  /** Makes room and returns where it begins. Nothing is allocated beyond the limit. */
  private reserve(length: number): number {
    const at = this.at;
    const end = at + length;
    this.checkSize(end);
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.bytes.length));
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    this.at = end;
    return at;
  }

  private checkSize(end: number): void {
    if (end + this.apartBytes > this.maxBytes) throw new Refusal(`larger than ${this.maxBytes} bytes`, true);
  }

  private byte(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  private number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.head(UINT, value);
      else this.head(NEGATIVE, -1 - value);
    } else if (Object.is(Math.fround(value), value)) {
      const at = this.reserve(5);
      this.bytes[at] = FLOAT32;
      this.view.setFloat32(at + 1, value);
    } else {
      const at = this.reserve(9);
      this.bytes[at] = FLOAT64;
      this.view.setFloat64(at + 1, value);
    }
  }

  private text(value: string): void {
    const length = utf8Length(value);
    if (length < 0) throw new Refusal('strings with a lone surrogate cannot be sent');
    this.head(TEXT, length);
    const at = this.reserve(length);
    writeUtf8(value, this.bytes, at);
  }

  private array(values: readonly unknown[], depth: number): void {
    const inner = this.enter(values, depth);
    this.extension?.check(values);
    this.head(ARRAY, values.length);
    let i = 0;
    try {
      for (; i < values.length; i++) {
        const value = values[i];
        if (value === undefined && !(i in values)) throw new Refusal('arrays with holes cannot be sent');
        this.item(value, inner);
      }
    } catch (thrown) {
      throw traced(thrown, values, `[${i}]`);
    }
  }

  private object(object: object, depth: number): void {
    const inner = this.enter(object, depth);
    this.extension?.check(object);
    const keys = Object.keys(object);
    this.head(MAP, keys.length);
    for (const key of keys) {
      try {
        if (++this.items > this.maxItems) throw new Refusal(`more than ${this.maxItems} values`, true);
        this.text(key);
        const described = Object.getOwnPropertyDescriptor(object, key);
        if (described === undefined || !('value' in described)) throw new Refusal('accessor properties cannot be sent');
        this.item(described.value, inner);
      } catch (thrown) {
        throw traced(thrown, object, propertyStep(key));
      }
    }
  }
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What a refused value is, in the plural, for error messages. */
export function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${typeof value}s`;
  const prototype = Object.getPrototypeOf(value) as { constructor?: unknown } | null;
  const constructor = prototype?.constructor;
  const name = typeof constructor === 'function' ? constructor.name : '';
  return `${name === '' ? 'class' : name} instances`;
}
