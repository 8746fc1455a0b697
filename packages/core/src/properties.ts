import { hexToBytes } from './bytes.js';
import { Values } from './fields.js';
import type { PeerId } from './machine.js';

const HEX = /^(?:[0-9a-f]{2})*$/;
const ID = /^[0-9a-f]{40}$/;

/**
 * Reads a parsed JSON object property by property: what `Fields` is to the binary codec. `at` names the property. Unknown
 * ones are ignored, and only own ones are seen; bytes are lower-case hexadecimal digits.
 */
export class Properties extends Values {
  private readonly values: object;
  private name = '';

  /**
   * @param what what is being read, for the error message
   * @throws {DecodeError} when `value` is not an object, or is an array
   */
  constructor(value: unknown, what: string) {
    super(what);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail('an object', value);
    this.values = value;
  }

  at(name: string): this {
    this.name = name;
    return this;
  }

  any(): unknown {
    return Object.getOwnPropertyDescriptor(this.values, this.name)?.value;
  }

  inner(): Properties {
    return new Properties(this.any(), this.where());
  }

  /** One of a few names. */
  oneOf<T extends string>(names: readonly T[]): T {
    const value = this.any();
    if (!names.includes(value as T)) this.fail(`one of ${names.join(', ')}`, value);
    return value as T;
  }

  override bytes(maxBytes: number, minBytes = 0): Uint8Array {
    const digits = this.string(2 * maxBytes);
    return this.checkBytes(HEX.test(digits) ? hexToBytes(digits) : digits, maxBytes, minBytes);
  }

  /** As it is written already. */
  override peerId(): PeerId {
    const value = this.any();
    return typeof value === 'string' && ID.test(value) ? value : super.peerId();
  }

  protected peek(): unknown {
    return this.any();
  }

  protected where(): string {
    return this.name === '' ? this.what : `${this.what}.${this.name}`;
  }
}
