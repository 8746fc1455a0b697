import { DEFAULTS, MAX_KEY_BYTES, MAX_REPLICAS, MAX_TTL_MS } from '@peerpigeon/dht';
import { encodeContent, isWellFormed, utf8Encode, type Millis } from '@peerpigeon/core';
import { ArgumentRangeError, ArgumentTypeError, checkInteger, checkType } from '../argument.js';
import { MAX_TIMEOUT_MS } from '../options.js';

/** Options of every call that waits for the mesh. */
export interface DhtOptions {
  /** How long the call may take, in ms; default 20,000, of a value over 16 KiB for each of its chunks. */
  readonly timeoutMs?: Millis;
  /** Aborts: rejects with `ABORTED`. What was to be written may have been. */
  readonly signal?: AbortSignal;
}

/** Options of `dhtDelete`. */
export interface DhtDeleteOptions extends DhtOptions {
  /** The version that is replaced, 0: there is no value. If it is another one: `CONFLICT`. Default: whichever there is. */
  readonly expectedVersion?: number;
  /** How many peers shall hold it: 1 to 16, default 8. */
  readonly replicas?: number;
}

/** Options of `dhtPut` and `dhtUpdate`. */
export interface DhtPutOptions extends DhtDeleteOptions {
  /**
   * How long the value lives, in ms: 1 to 172,800,000 (48 h). Default: for an hour after this peer has left the mesh, which
   * until then renews it.
   */
  readonly ttlMs?: Millis;
}

/** Options of `dhtGet`. */
export interface DhtGetOptions extends DhtOptions {
  /** How many holders have to answer once one has the value: 1 to 8, default 3. */
  readonly quorum?: number;
}

/** Largest value, in bytes: raw ones as they are, other data encoded. 64 chunks. */
export const MAX_VALUE_BYTES = 1_048_576;
/** What encoding adds to raw bytes, at most: kind and length. */
const ENCODING_BYTES = 16;
/** Largest encoded value. */
export const MAX_ENCODED_BYTES = MAX_VALUE_BYTES + ENCODING_BYTES;

const WAITING = ['timeoutMs', 'signal'];
const DELETING = [...WAITING, 'expectedVersion', 'replicas'];
const PUTTING = [...DELETING, 'ttlMs'];
const GETTING = [...WAITING, 'quorum'];

/** @throws {ArgumentTypeError} unless it is a well-formed string; {ArgumentRangeError} unless of 1 to 256 bytes of UTF-8 */
export function checkKey(key: string): string {
  checkType('key', key, 'string');
  if (!isWellFormed(key)) throw new ArgumentTypeError('key: expected a well-formed string, got a lone surrogate');
  const bytes = key.length > MAX_KEY_BYTES ? key.length : utf8Encode(key).length;
  if (bytes < 1 || bytes > MAX_KEY_BYTES) {
    throw new ArgumentRangeError(`key: expected 1 to ${MAX_KEY_BYTES} bytes of UTF-8, got ${bytes}`);
  }
  return key;
}

/** Encodes a value. @throws {ArgumentTypeError} for what is not plain data; {ArgumentRangeError} over 1 MiB */
export function encodeValue(value: unknown): Uint8Array {
  if (value === undefined) throw new ArgumentTypeError('value: expected plain data, got nothing');
  const raw = value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? value.byteLength : undefined;
  if (raw !== undefined && raw > MAX_VALUE_BYTES) throw tooLarge(raw);
  try {
    return encodeContent(value, { maxBytes: raw === undefined ? MAX_VALUE_BYTES : MAX_ENCODED_BYTES });
  } catch (error) {
    if (error instanceof TypeError) throw new ArgumentTypeError(error.message.replace(/^content/, 'value'));
    if (error instanceof RangeError) throw tooLarge(encodedLength(value));
    throw error;
  }
}

export function checkWaiting(options: DhtOptions, names: readonly string[] = WAITING): void {
  checkType('options', options, 'object');
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw new ArgumentTypeError(`options.${name}: no such option`);
  }
  const { timeoutMs, signal } = options;
  if (timeoutMs !== undefined) checkInteger('timeoutMs', timeoutMs, 1, MAX_TIMEOUT_MS);
  if (signal !== undefined) checkType('signal', signal, 'object');
}

export function checkDeleting(options: DhtDeleteOptions, names: readonly string[] = DELETING): void {
  checkWaiting(options, names);
  const { expectedVersion, replicas } = options;
  if (expectedVersion !== undefined) checkInteger('expectedVersion', expectedVersion, 0, Number.MAX_SAFE_INTEGER);
  if (replicas !== undefined) checkInteger('replicas', replicas, 1, MAX_REPLICAS);
}

export function checkPutting(options: DhtPutOptions): void {
  checkDeleting(options, PUTTING);
  if (options.ttlMs !== undefined) checkInteger('ttlMs', options.ttlMs, 1, MAX_TTL_MS);
}

export function checkGetting(options: DhtGetOptions): void {
  checkWaiting(options, GETTING);
  if (options.quorum !== undefined) checkInteger('quorum', options.quorum, 1, DEFAULTS.replicas);
}

function tooLarge(got: number | undefined): ArgumentRangeError {
  return new ArgumentRangeError(
    `value: expected at most ${MAX_VALUE_BYTES} bytes, got ${got ?? 'more than can be encoded'}`,
  );
}

/** How long a value is that is too large; undefined beyond what is ever encoded. */
function encodedLength(value: unknown): number | undefined {
  try {
    return encodeContent(value).length;
  } catch {
    return undefined;
  }
}
