import { digitAt, ID_BITS, checkId, type Id } from './id.js';

// Ring order: ids in numeric order, the largest followed by the smallest. Clockwise is upwards.

/** Orders ids numerically: negative, 0 or positive. No allocation, no validation. */
export function compareIds(a: Id, b: Id): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Orders `a` and `b` by clockwise distance from `from`: negative if `a` comes first going upwards, positive if `b` does,
 * 0 if they are equal. `from` itself is at distance 0. Hot path: no allocation and no validation.
 */
export function compareClockwise(from: Id, a: Id, b: Id): number {
  const wrapped = a < from;
  return wrapped === b < from ? compareIds(a, b) : wrapped ? 1 : -1;
}

/** Which of `a` and `b` comes first going clockwise from `from` (`a` if they are equal). No allocation, no validation. */
export function clockwiseCloser(from: Id, a: Id, b: Id): Id {
  return compareClockwise(from, a, b) <= 0 ? a : b;
}

/**
 * Whether `id` lies strictly between `from` and `to` going clockwise: Chord's open interval (from, to). If `from` and `to`
 * are equal that is the whole ring but for them. No allocation, no validation.
 */
export function isBetween(id: Id, from: Id, to: Id): boolean {
  return from < to ? from < id && id < to : from < id || id < to;
}

/**
 * Orders `a` and `b` by ring distance to `target`, the shorter way round: negative if `a` is nearer, positive if `b` is,
 * 0 if they are equally far (equal, or one on either side). Hot path: no allocation and no validation.
 */
export function compareRingDistance(target: Id, a: Id, b: Id): number {
  const aAbove = compareSides(target, a, a) <= 0;
  const bAbove = compareSides(target, b, b) <= 0;
  if (aAbove !== bAbove) return aAbove ? compareSides(target, a, b) : 0 - compareSides(target, b, a);
  return aAbove ? compareClockwise(target, a, b) : compareClockwise(target, b, a);
}

/**
 * The sign of (clockwise distance from `target` to `above`) − (clockwise distance from `below` to `target`),
 * which is above + below − 2·target + wraps·2^160, summed digit by digit from the top.
 */
function compareSides(target: Id, above: Id, below: Id): number {
  let sum = (above < target ? 1 : 0) - (below > target ? 1 : 0);
  for (let i = 0; i < target.length; i++) {
    sum = 16 * sum + digitAt(above, i) + digitAt(below, i) - 2 * digitAt(target, i);
    // The digits still to come are worth less than 2 units of this one, so the sign can no longer change.
    if (sum >= 2 || sum <= -2) break;
  }
  return sum;
}

/**
 * The way from `from` to `to` going clockwise: (to − from) mod 2^160. For display, estimates and oracles; code that only
 * compares uses `compareClockwise`.
 * @throws TypeError, RangeError as `checkId`
 */
export function clockwiseDistance(from: Id, to: Id): bigint {
  return BigInt.asUintN(ID_BITS, BigInt('0x' + checkId(to)) - BigInt('0x' + checkId(from)));
}

/**
 * The id that follows `id` on the ring of `ids`, in any order and with or without `id`; undefined if there is no other.
 * One pass without allocation; `SortedRing` answers in O(log n). No validation.
 */
export function successor(id: Id, ids: Iterable<Id>): Id | undefined {
  return firstOther(id, ids, 1);
}

/** The id that precedes `id` on the ring of `ids`; otherwise as `successor`. */
export function predecessor(id: Id, ids: Iterable<Id>): Id | undefined {
  return firstOther(id, ids, -1);
}

/** The first of `ids` met from `id` on, without `id` itself: clockwise for direction 1, the other way for -1. */
function firstOther(id: Id, ids: Iterable<Id>, direction: 1 | -1): Id | undefined {
  let best: Id | undefined;
  for (const other of ids) {
    if (other !== id && (best === undefined || compareClockwise(id, other, best) * direction < 0)) best = other;
  }
  return best;
}
