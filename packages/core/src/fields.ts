import { bytesToHex } from './bytes.js';
import { DecodeError } from './errors.js';
import type { DecodeErrorCode } from './errors.js';
import type { PeerId } from './machine.js';

const ID_BYTES = 20;

/**
 * Reads values from outside one by one, with a check on each: what {@link Fields} and `Properties` share. Wrong values
 * end in a {@link DecodeError} and nowhere else.
 */
export abstract class Values {
  protected readonly what: string;

  /** @param what what is being read, for the error message */
  constructor(what: string) {
    this.what = what;
  }

  /** Names the value to be read next: where there are names, that finds it. */
  abstract at(name: string): this;

  /** The next value, as it is; undefined when there is none. */
  abstract any(): unknown;

  /** What {@link any} will give. */
  protected abstract peek(): unknown;

  /** What stands for the value last read in an error message. */
  protected abstract where(): string;

  /** What is inside the next value, to be read the same way. */
  abstract inner(): Values;

  integer(min: number, max: number): number {
    const value = this.any();
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      this.fail(`an integer in [${min}, ${max}]`, value);
    }
    return value as number;
  }

  /** Any finite number. */
  number(): number {
    const value = this.any();
    if (typeof value !== 'number' || !Number.isFinite(value)) this.fail('a finite number', value);
    return value;
  }

  boolean(): boolean {
    const value = this.any();
    if (typeof value !== 'boolean') this.fail('a boolean', value);
    return value;
  }

  /** @param maxLength in UTF-16 code units */
  string(maxLength: number): string {
    const value = this.any();
    if (typeof value !== 'string') this.fail('a string', value);
    return this.limited(value, maxLength);
  }

  bytes(maxBytes: number, minBytes = 0): Uint8Array {
    return this.checkBytes(this.any(), maxBytes, minBytes);
  }

  /** 20 bytes, as the 40 hexadecimal digits that ids are written in. */
  peerId(): PeerId {
    return bytesToHex(this.bytes(ID_BYTES, ID_BYTES));
  }

  /** An array, each element read by `read`. */
  list<T>(max: number, read: (elements: Fields) => T): T[] {
    const value = this.any();
    if (!Array.isArray(value)) this.fail('a list', value);
    const elements = new Fields(this.limited(value, max), this.what, 0);
    return value.map(() => read(elements));
  }

  /** The next value, or undefined where it is null, undefined or absent. */
  optional<T>(read: () => T): T | undefined {
    const value = this.peek();
    if (value !== null && value !== undefined) return read();
    this.any();
    return undefined;
  }

  protected checkBytes(value: unknown, maxBytes: number, minBytes: number): Uint8Array {
    if (!(value instanceof Uint8Array) || value.length > maxBytes || value.length < minBytes) {
      this.fail(`${minBytes === maxBytes ? '' : `${minBytes} to `}${maxBytes} bytes`, value);
    }
    return value;
  }

  private limited<T extends { readonly length: number }>(value: T, max: number): T {
    if (value.length > max) this.fail(`a length of at most ${max}`, value.length, 'OVER_LIMIT');
    return value;
  }

  protected fail(expected: string, got: unknown, code: DecodeErrorCode = 'UNEXPECTED'): never {
    throw new DecodeError(code, `${this.where()}: expected ${expected}, got ${shown(got)}`);
  }
}

/** A value from outside as it stands in a message: without what would break lines or steer a terminal where it is logged. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 40).replace(/[^ -~]/g, '?')}'`;
  if (typeof value === 'number' || value === null) return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return Array.isArray(value) ? 'a list' : typeof value;
}

/**
 * Reads a decoded array field by field. Every message of every protocol is read through it.
 *
 * A longer array than expected is accepted: later versions may append fields.
 */
export class Fields extends Values {
  private readonly values: readonly unknown[];
  private index = 0;

  /**
   * @param what what is being read, for the error message
   * @param least how many fields there must be
   * @throws {DecodeError} when `value` is not an array of at least `least` elements
   */
  constructor(value: unknown, what: string, least: number) {
    super(what);
    if (!Array.isArray(value) || value.length < least) this.fail(`an array of at least ${least}`, value);
    this.values = value;
  }

  /** Fields have no names: the order of reading is theirs. */
  at(_name: string): this {
    return this;
  }

  any(): unknown {
    return this.values[this.index++];
  }

  inner(): Fields {
    return new Fields(this.any(), this.what, 0);
  }

  protected peek(): unknown {
    return this.values[this.index];
  }

  protected where(): string {
    return this.index === 0 ? this.what : `${this.what}, field ${this.index - 1}`;
  }
}
