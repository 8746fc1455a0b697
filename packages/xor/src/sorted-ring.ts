import { checkId, digitAt, type Id } from './id.js';
import { nearest } from './nearest.js';

/** Ranges up to this size are scanned instead of split; any small number does. */
const SCAN = 32;

/**
 * A set of ids kept in ring order, for whoever knows many: lookups by binary search, O(log n); adding and deleting move
 * the ids behind, which for 100,000 ids is some microseconds. As large as its owner lets it grow.
 */
export class SortedRing {
  private readonly sorted: Id[];

  /** @throws TypeError, RangeError as `checkId`. Repeated ids count once. */
  constructor(ids: Iterable<Id> = []) {
    this.sorted = [...new Set(ids)].sort();
    this.sorted.forEach(checkId);
  }

  /** How many ids it holds. */
  get size(): number {
    return this.sorted.length;
  }

  /** The ids in numeric order: a live view, for a random pick or a walk. */
  get ids(): readonly Id[] {
    return this.sorted;
  }

  /** Whether `id` is in the set. */
  has(id: Id): boolean {
    return this.sorted[this.firstFrom(id)] === id;
  }

  /**
   * Adds `id`; false if it was there.
   * @throws TypeError, RangeError as `checkId`
   */
  add(id: Id): boolean {
    const index = this.firstFrom(checkId(id));
    if (this.sorted[index] === id) return false;
    this.sorted.splice(index, 0, id);
    return true;
  }

  /** Removes `id`; false if it was not there. */
  delete(id: Id): boolean {
    const index = this.firstFrom(id);
    if (this.sorted[index] !== id) return false;
    this.sorted.splice(index, 1);
    return true;
  }

  /** The id that follows `id`, which need not be in the set; undefined if there is no other. */
  successor(id: Id): Id | undefined {
    return this.successors(id, 1)[0];
  }

  /** The id that precedes `id`, which need not be in the set; undefined if there is no other. */
  predecessor(id: Id): Id | undefined {
    return this.predecessors(id, 1)[0];
  }

  /** Up to `k` ids that follow `id`, nearest first, each once and never `id` itself. */
  successors(id: Id, k: number): Id[] {
    return this.walk(id, k, this.firstFrom(id), 1);
  }

  /** Up to `k` ids that precede `id`, nearest first, each once and never `id` itself. */
  predecessors(id: Id, k: number): Id[] {
    return this.walk(id, k, this.firstFrom(id) - 1, -1);
  }

  /** The `k` ids nearest to `target` by XOR distance, nearest first, as the function `nearest`, without visiting all. */
  nearest(target: Id, k: number): Id[] {
    return this.collect(target, k, '', []);
  }

  /** Walks once around at most, from index `start` in steps of `step`, leaving out `id`. */
  private walk(id: Id, k: number, start: number, step: 1 | -1): Id[] {
    const found: Id[] = [];
    const count = this.sorted.length;
    for (let i = 0; i < count && found.length < k; i++) {
      const other = this.sorted[(start + step * i + count) % count]!;
      if (other !== id) found.push(other);
    }
    return found;
  }

  /** `found` and the ids that begin with `prefix`, nearest first, until there are `k`. */
  private collect(target: Id, k: number, prefix: string, found: Id[]): Id[] {
    const start = this.firstFrom(prefix);
    const end = this.firstFrom(prefix + 'g'); // 'g' sorts after every digit
    if (end - start <= SCAN) {
      return found.concat(nearest(target, this.sorted.slice(start, end), k - found.length));
    }
    // Subtrees in order of their digit's distance to the target's: each holds only ids nearer than the next one's.
    const digit = digitAt(target, prefix.length);
    for (let distance = 0; distance < 16 && found.length < k; distance++) {
      found = this.collect(target, k, prefix + (digit ^ distance).toString(16), found);
    }
    return found;
  }

  /** The index of the first id ≥ `bound`, the size if there is none. `bound` may be a prefix. */
  private firstFrom(bound: string): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle]! < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
