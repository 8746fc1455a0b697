import { hexToBytes } from './bytes.js';
import { DecodeError } from './errors.js';
import type { PeerId } from './machine.js';

const PEER_ID = /^[0-9a-f]{40}$/;
const HEX = /^(?:[0-9a-f]{2})*$/;

/**
 * Reads a parsed JSON object property by property, with a check on each: what {@link Fields} is to the binary codec.
 * Wrong properties from outside end in a {@link DecodeError} and nowhere else; unknown ones are ignored, and only own
 * ones are seen.
 */
export class Properties {
  private readonly values: Readonly<Record<string, unknown>>;
  private readonly what: string;

  /**
   * @param what what is being read, for the error message
   * @throws {DecodeError} when `value` is not an object, or is an array
   */
  constructor(value: unknown, what: string) {
    this.what = what;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new DecodeError('UNEXPECTED', `${what}: expected an object, got ${show(value)}`);
    }
    this.values = value as Record<string, unknown>;
  }

  /** The property, unchecked; undefined when absent. */
  any(name: string): unknown {
    return Object.prototype.hasOwnProperty.call(this.values, name) ? this.values[name] : undefined;
  }

  /** Whether the property is there and not null. */
  has(name: string): boolean {
    const value = this.any(name);
    return value !== undefined && value !== null;
  }

  /** An integer in [`min`, `max`]. */
  integer(name: string, min: number, max: number): number {
    const value = this.any(name);
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      this.fail(name, `an integer in [${min}, ${max}]`, value);
    }
    return value as number;
  }

  /** A finite number. */
  number(name: string): number {
    const value = this.any(name);
    if (typeof value !== 'number' || !Number.isFinite(value)) this.fail(name, 'a finite number', value);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.any(name);
    if (typeof value !== 'boolean') this.fail(name, 'a boolean', value);
    return value;
  }

  /** A string of at most `maxLength` UTF-16 code units. */
  string(name: string, maxLength: number): string {
    const value = this.any(name);
    if (typeof value !== 'string') this.fail(name, 'a string', value);
    if (value.length > maxLength) {
      throw new DecodeError('OVER_LIMIT', `${this.what}.${name}: longer than ${maxLength}`);
    }
    return value;
  }

  /** One of `names`. */
  oneOf<T extends string>(name: string, names: readonly T[]): T {
    const value = this.any(name);
    if (!names.includes(value as T)) this.fail(name, `one of ${names.join(', ')}`, value);
    return value as T;
  }

  /** Bytes in lower-case hexadecimal digits, at most `maxBytes` of them. */
  hex(name: string, maxBytes: number): Uint8Array {
    const value = this.string(name, 2 * maxBytes);
    if (!HEX.test(value)) this.fail(name, 'bytes in lower-case hexadecimal digits', value);
    return hexToBytes(value);
  }

  /** A peer id, 40 lower-case hexadecimal digits. */
  peerId(name: string): PeerId {
    const value = this.any(name);
    if (typeof value === 'string' && PEER_ID.test(value)) return value;
    return this.fail(name, 'a peer id of 40 hexadecimal digits', value);
  }

  /** An array of at most `max` elements, each read by `read`. */
  list<T>(name: string, max: number, read: (value: unknown) => T): T[] {
    const value = this.any(name);
    if (!Array.isArray(value)) this.fail(name, 'an array', value);
    if (value.length > max) {
      throw new DecodeError('OVER_LIMIT', `${this.what}.${name}: more than ${max} elements`);
    }
    return value.map((element: unknown) => read(element));
  }

  /** Undefined when the property is absent or null, else what `read` reads of it. */
  optional<T>(name: string, read: (name: string) => T): T | undefined {
    return this.has(name) ? read(name) : undefined;
  }

  private fail(name: string, expected: string, got: unknown): never {
    throw new DecodeError('UNEXPECTED', `${this.what}.${name}: expected ${expected}, got ${show(got)}`);
  }
}

function show(got: unknown): string {
  if (got === null) return 'null';
  return typeof got === 'string' ? JSON.stringify(got.slice(0, 40)) : typeof got;
}
