import { checkHex, digitAt, ID_BITS, ID_BYTES, parseId, type Id } from './id.js';

/**
 * The XOR distance of two ids as a number (Kademlia §2.1); the same metric everywhere in PeerPigeon.
 * Takes ids, and any two hex strings of equal length, in either case: `0x1234abcd ⊕ 0x1345cdef = 0x01716622`.
 * For display and for users; code that only compares distances uses `compareDistance`, which is far cheaper.
 * @throws TypeError if an argument is not a string
 * @throws RangeError if it is empty, holds other characters than hex digits, or the lengths differ
 */
export function calculateXorDistance(a: string, b: string): bigint {
  const distance = parseHex(a) ^ parseHex(b);
  if (a.length !== b.length) throw new RangeError(`expected equal lengths, got ${a.length} and ${b.length}`);
  return distance;
}

function parseHex(hex: string): bigint {
  return BigInt('0x' + checkHex(hex, /^[0-9a-f]+$/i, 'hex digits'));
}

/**
 * The XOR distance of two ids as 20 bytes, most significant first. `formatId` of it is the distance in hex.
 * @throws TypeError, RangeError as `checkId`
 */
export function distanceBytes(a: Id, b: Id): Uint8Array<ArrayBuffer> {
  const distance = parseId(a);
  const other = parseId(b);
  for (let i = 0; i < ID_BYTES; i++) distance[i]! ^= other[i]!;
  return distance;
}

/**
 * Orders `a` and `b` by XOR distance to `target`: negative if `a` is nearer, positive if `b` is, 0 if they are equal.
 * The first digit in which `a` and `b` differ decides, since the digits before it are equally far from the target's.
 * Hot path: no allocation and no validation; all three must be ids (or lower-case hex of equal length).
 */
export function compareDistance(target: Id, a: Id, b: Id): number {
  for (let i = 0; i < a.length; i++) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) {
      const digit = digitAt(target, i);
      return (digitAt(a, i) ^ digit) - (digitAt(b, i) ^ digit);
    }
  }
  return 0;
}

/**
 * The k-bucket of `b` as seen from `a`: the length of their common prefix in bits, 0…159. Bucket 0 is the far half
 * of all ids; Kademlia's bucket i (2^i ≤ distance < 2^(i+1), §2.2) is 159 − this. 160 if the ids are equal: an id has
 * no bucket for itself.
 * Hot path: no allocation and no validation.
 */
export function bucketIndex(a: Id, b: Id): number {
  for (let i = 0; i < a.length; i++) {
    // clz32 counts within 32 bits, a digit fills the last 4 of them.
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return 4 * i + Math.clz32(digitAt(a, i) ^ digitAt(b, i)) - 28;
  }
  return ID_BITS;
}
