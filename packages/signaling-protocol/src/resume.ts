import type { Rng } from '@peerpigeon/core';

/**
 * What a server gave a connection in `connected`: whoever presents it, with the same id, takes that connection over at once
 * instead of waiting until it has proved dead. A secret between the two; it ends with the connection.
 */
export interface Resume {
  /** The server that gave it: presented there, and to others that are said to be of the same deployment. */
  readonly url: string;
  readonly token: string;
}

/** Longest token, in UTF-16 code units; ours have 32. */
export const MAX_TOKEN_LENGTH = 128;

/** Of 128 bits. */
const WORDS = 4;

/** A fresh token: 32 hexadecimal digits, as hard to guess as `rng` is. */
export function drawToken(rng: Rng): string {
  return Array.from({ length: WORDS }, () => rng.uint32().toString(16).padStart(8, '0')).join('');
}

/** Whether a token is the expected one, in a time that tells nothing of where they differ. */
export function isSameToken(expected: string | undefined, given: string | undefined): boolean {
  if (expected === undefined || given === undefined || expected.length !== given.length) return false;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) difference |= expected.charCodeAt(i) ^ given.charCodeAt(i);
  return difference === 0;
}
