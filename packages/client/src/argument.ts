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

/** @throws {ArgumentTypeError} unless it is a number; {ArgumentRangeError} unless it is an integer in [`min`, `max`] */
export function checkInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') throw new ArgumentTypeError(`${name}: expected a number, got ${typeOf(value)}`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentRangeError(`${name}: expected an integer in [${min}, ${max}], got ${value}`);
  }
  return value;
}

/** @throws {ArgumentTypeError} unless it is a boolean */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new ArgumentTypeError(`${name}: expected a boolean, got ${typeOf(value)}`);
  return value;
}

/** @throws {ArgumentTypeError} unless it is a string; {ArgumentRangeError} unless it has 1 to `maxLength` characters */
export function checkString(name: string, value: unknown, maxLength: number): string {
  if (typeof value !== 'string') throw new ArgumentTypeError(`${name}: expected a string, got ${typeOf(value)}`);
  if (value === '' || value.length > maxLength) {
    throw new ArgumentRangeError(`${name}: expected 1 to ${maxLength} characters, got ${value.length}`);
  }
  return value;
}

/** @throws {ArgumentTypeError} unless it is a function */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new ArgumentTypeError(`${name}: expected a function, got ${typeOf(value)}`);
}

/** `typeof`, with null apart. */
export function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
