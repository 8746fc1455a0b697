import type { PeerId } from '@peerpigeon/core';
import { peerIdFromName } from '@peerpigeon/identity';

/**
 * Checks of what a caller gives. A mistake is a TypeError or a RangeError, with a stable code beside it.
 */

/** A caller gave a value of the wrong type. */
export class ArgumentTypeError extends TypeError {
  readonly code = 'INVALID_TYPE';
}

/** A caller gave a value that is out of range. */
export class ArgumentRangeError extends RangeError {
  readonly code = 'OUT_OF_RANGE';
}

/** What {@link checkType} tells apart. */
interface Types {
  readonly boolean: boolean;
  readonly function: (...args: never[]) => unknown;
  readonly number: number;
  readonly object: object;
  readonly string: string;
}

/** @throws {ArgumentTypeError} unless its `typeof` is `type`; null is no object */
export function checkType<Type extends keyof Types>(name: string, value: unknown, type: Type): Types[Type] {
  const got = value === null ? 'null' : typeof value;
  if (got !== type) throw new ArgumentTypeError(`${name}: expected ${type}, got ${got}`);
  return value as Types[Type];
}

/** @throws {ArgumentTypeError} unless it is a number; {ArgumentRangeError} unless it is an integer in [`min`, `max`] */
export function checkInteger(name: string, value: unknown, min: number, max: number): number {
  const number = checkType(name, value, 'number');
  if (!Number.isInteger(number) || number < min || number > max) {
    throw new ArgumentRangeError(`${name}: expected an integer in [${min}, ${max}], got ${number}`);
  }
  return number;
}

/** @throws {ArgumentTypeError} unless it is a string; {ArgumentRangeError} unless it has 1 to `maxLength` characters */
export function checkString(name: string, value: unknown, maxLength: number): string {
  const text = checkType(name, value, 'string');
  if (text === '' || text.length > maxLength) {
    throw new ArgumentRangeError(`${name}: expected 1 to ${maxLength} characters, got ${text.length}`);
  }
  return text;
}

/** S8: 40 hex digits are an id, other text is a name. @throws {ArgumentTypeError} for anything else */
export function parseId(peerId: string): PeerId {
  try {
    return peerIdFromName(peerId);
  } catch (error) {
    throw new ArgumentTypeError((error as Error).message);
  }
}
