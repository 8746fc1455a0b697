import { compareDistance } from './distance.js';
import { digitAt, type Id } from './id.js';

/** Below this many ids inserting one by one beats packing keys (measured: they meet near 64). */
const SMALL = 64;

/** A key packs 32 distance bits above 21 index bits: 53, all that a double holds exactly. */
const INDEX_SPAN = 2 ** 21;

/**
 * The `k` ids nearest to `target` by XOR distance, nearest first; all of them, sorted, if there are fewer.
 * The target itself counts if it is among them; equal ids keep their order. Sorts only what is kept: about one
 * comparison per id and O(k) per id kept, meant for small k; for most of a large set `sortByDistance` is faster.
 * Hot path: no validation; `k` ≤ 0 gives an empty array.
 */
export function nearest(target: Id, ids: Iterable<Id>, k: number): Id[] {
  const kept: Id[] = [];
  if (!(k > 0)) return kept;
  for (const id of ids) {
    let high = kept.length;
    if (high >= k) {
      if (compareDistance(target, id, kept[high - 1]!) >= 0) continue;
      high--; // the farthest one falls out
    }
    let low = 0;
    let free = high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareDistance(target, id, kept[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    for (; free > low; free--) kept[free] = kept[free - 1]!;
    kept[low] = id;
  }
  return kept;
}

/**
 * The ids in a new array, nearest to `target` by XOR distance first; equal ids keep their order.
 * Sorts packed doubles natively and orders only the few whose first 32 distance bits are equal by comparison.
 * Hot path: no validation.
 */
export function sortByDistance(target: Id, ids: Iterable<Id>): Id[] {
  const list = [...ids];
  const count = list.length;
  const compare = (a: Id, b: Id): number => compareDistance(target, a, b);
  if (count <= SMALL) return nearest(target, list, count);
  if (count > INDEX_SPAN) return list.sort(compare);

  const keys = new Float64Array(count);
  const origin = firstBits(target);
  for (let i = 0; i < count; i++) keys[i] = ((firstBits(list[i]!) ^ origin) >>> 0) * INDEX_SPAN + i;
  keys.sort();

  const sorted: Id[] = [];
  for (let start = 0; start < count;) {
    const bits = Math.floor(keys[start]! / INDEX_SPAN);
    const run: Id[] = [];
    for (; Math.floor(keys[start]! / INDEX_SPAN) === bits; start++) run.push(list[keys[start]! % INDEX_SPAN]!);
    for (const id of run.length > 1 ? run.sort(compare) : run) sorted.push(id);
  }
  return sorted;
}

/** The first 8 digits as a signed 32-bit integer. */
function firstBits(id: Id): number {
  let bits = 0;
  for (let i = 0; i < 8; i++) bits = (bits << 4) | digitAt(id, i);
  return bits;
}
