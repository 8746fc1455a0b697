import { bytesToHex } from './bytes.js';
import { DecodeError } from './errors.js';
import type { PeerId } from './machine.js';

const ID_BYTES = 20;

/**
 * Reads a decoded array field by field, with a check on each. Every message of every protocol is read through it, so
 * that wrong fields from outside end in a {@link DecodeError} and nowhere else.
 *
 * A longer array than expected is accepted: later versions may append fields.
 */
export class Fields {
  private readonly values: readonly unknown[];
  private readonly what: string;
  private index = 0;

  /**
   * @param what what is being read, for the error message
   * @param least how many fields there must be
   * @throws {DecodeError} when `value` is not an array of at least `least` elements
   */
  constructor(value: unknown, what: string, least: number) {
    this.what = what;
    if (!Array.isArray(value)) throw new DecodeError('UNEXPECTED', `${what}: expected an array, got ${typeof value}`);
    if (value.length < least) {
      throw new DecodeError('UNEXPECTED', `${what}: expected ${least} fields, got ${value.length}`);
    }
    this.values = value;
  }

  /** The next field, unchecked. */
  any(): unknown {
    return this.values[this.index++];
  }

  /** An integer in [`min`, `max`]. */
  integer(min: number, max: number): number {
    const value = this.any();
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      this.fail(`an integer in [${min}, ${max}]`, value);
    }
    return value as number;
  }

  /** A finite number. */
  number(): number {
    const value = this.any();
    if (typeof value !== 'number' || !Number.isFinite(value)) this.fail('a finite number', value);
    return value as number;
  }

  boolean(): boolean {
    const value = this.any();
    if (typeof value !== 'boolean') this.fail('a boolean', value);
    return value as boolean;
  }

  /** A string of at most `maxLength` UTF-16 code units. */
  string(maxLength: number): string {
    const value = this.any();
    if (typeof value !== 'string' || value.length > maxLength) this.fail(`a string of at most ${maxLength}`, value);
    return value as string;
  }

  /** A byte string of at most `maxBytes`. */
  bytes(maxBytes: number): Uint8Array {
    const value = this.any();
    if (!(value instanceof Uint8Array) || value.length > maxBytes) this.fail(`at most ${maxBytes} bytes`, value);
    return value as Uint8Array;
  }

  /** A peer id, 20 bytes on the wire. */
  peerId(): PeerId {
    const value = this.any();
    if (!(value instanceof Uint8Array) || value.length !== ID_BYTES) this.fail('a peer id of 20 bytes', value);
    return bytesToHex(value as Uint8Array);
  }

  /** An array of at most `max` elements, each read by `read` from its own position. */
  list<T>(max: number, read: (fields: Fields) => T): T[] {
    const value = this.any();
    if (!Array.isArray(value) || value.length > max) this.fail(`a list of at most ${max}`, value);
    const inner = new Fields(value, this.what, 0);
    return (value as unknown[]).map(() => read(inner));
  }

  /** Undefined when the next field is null, else what `read` reads of it. */
  optional<T>(read: () => T): T | undefined {
    const value = this.values[this.index];
    if (value !== null && value !== undefined) return read();
    this.index++;
    return undefined;
  }

  private fail(expected: string, got: unknown): never {
    const shown = typeof got === 'object' ? Object.prototype.toString.call(got) : String(got).slice(0, 40);
    throw new DecodeError('UNEXPECTED', `${this.what}, field ${this.index - 1}: expected ${expected}, got ${shown}`);
  }
}
