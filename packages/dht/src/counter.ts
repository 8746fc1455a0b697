import { decode, encode, Fields } from '@peerpigeon/core';
import { MAX_RECORD_BYTES } from './config.js';

/**
 * What one author has added to a counter, and what it has taken away: a PN-counter (Shapiro et al., INRIA 7506, 2011,
 * specification 7), whose vector lies in parts, one of each author.
 */
export interface CounterPart {
  /** Integers in [0, 2^53 − 1]; both only grow. */
  readonly up: number;
  readonly down: number;
}

/** The part of an author that has not counted yet. */
export const NOTHING_COUNTED: CounterPart = { up: 0, down: 0 };

/**
 * The part once `n` more has been counted; below 0 it is taken away.
 * @throws {RangeError} unless `n` is an integer in ±(2^53 − 1), or when all that was added, or taken away, would be more
 */
export function count({ up, down }: CounterPart, n: number): CounterPart {
  if (!Number.isSafeInteger(n)) throw new RangeError(`n: expected an integer in ±(2^53 - 1), got ${n}`);
  const next = n > 0 ? { up: up + n, down } : { up, down: down - n };
  if (Number.isSafeInteger(next.up) && Number.isSafeInteger(next.down)) return next;
  const all = n > 0 ? `${up} added` : `${down} taken away`;
  throw new RangeError(`n: expected at most 2^53 - 1 in all, of one author: ${all} so far, got ${n} more`);
}

/**
 * What the counter stands at by these parts: exact in ±(2^53 − 1), beyond it, which takes several authors, the nearest number.
 */
export function counted(parts: Iterable<CounterPart>): number {
  let sum = 0n;
  for (const { up, down } of parts) sum += BigInt(up) - BigInt(down);
  return Number(sum);
}

/** The value of a part's record: `[up, down]`. */
export function encodeCounter({ up, down }: CounterPart): Uint8Array {
  return encode([up, down]);
}

/** Reads what {@link encodeCounter} wrote. @throws {DecodeError} on anything else, and nothing else */
export function decodeCounter(bytes: Uint8Array): CounterPart {
  const fields = new Fields(decode(bytes, { maxBytes: MAX_RECORD_BYTES }), 'counter', 2);
  return { up: fields.integer(0, Number.MAX_SAFE_INTEGER), down: fields.integer(0, Number.MAX_SAFE_INTEGER) };
}
