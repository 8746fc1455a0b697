import { bucketIndex } from './distance.js';
import { checkId, ID_BITS, type Id } from './id.js';
import { nearest } from './nearest.js';

/** What a table may hold: anything with an id. */
export interface Contact {
  readonly id: Id;
}

/**
 * Kademlia's routing table (§2.2): for each common-prefix length 0…159 a bucket of at most `bucketSize` contacts, the
 * least recently seen first. Old contacts are kept while they answer, since who has been up long stays up longest.
 * It does no I/O: `add` names the contact to ping, the owner pings. Deviation: buckets are never split on demand (§2.4);
 * all 160 exist from the start, as in §2.2. Bounded by 160 · bucketSize, in practice about log2(peers) · bucketSize.
 */
export class KBuckets<C extends Contact> {
  private readonly self: Id;
  private readonly bucketSize: number;
  /**
   * Least recently seen first, as a Map iterates in insertion order. One map serves all buckets: each is the part of it
   * with its prefix length, in the same order. Seeing a contact again costs O(1), only a newcomer is a pass over all.
   */
  private readonly contacts = new Map<Id, C>();

  /**
   * @param self the owner's id; it is never a contact
   * @param bucketSize contacts per bucket, Kademlia's k; 20 is the paper's example (§2.2)
   * @throws TypeError, RangeError as `checkId` for `self`
   * @throws RangeError for a `bucketSize` that is not an integer of at least 1
   */
  constructor(self: Id, bucketSize = 20) {
    if (!Number.isInteger(bucketSize) || bucketSize < 1) {
      throw new RangeError(`expected a bucketSize of 1 or more, got ${bucketSize}`);
    }
    this.self = checkId(self);
    this.bucketSize = bucketSize;
  }

  /** How many contacts it holds. */
  get size(): number {
    return this.contacts.size;
  }

  /**
   * Notes that `contact` was seen just now: adds it, or replaces it and makes it the most recently seen.
   * Returns undefined if it is in the table; if its bucket is full of others, the least recently seen of them, and nothing
   * has changed. Ping that one: if it answers, `add` it; if not, `delete` it and `add` the newcomer. Own id: ignored.
   * @throws TypeError, RangeError as `checkId`
   */
  add(contact: C): C | undefined {
    const bucket = bucketIndex(this.self, checkId(contact.id));
    if (bucket === ID_BITS) return undefined;
    if (!this.contacts.delete(contact.id)) {
      const others = [...this.contacts.values()].filter(({ id }) => bucketIndex(this.self, id) === bucket);
      if (others.length >= this.bucketSize) return others[0];
    }
    this.contacts.set(contact.id, contact);
    return undefined;
  }

  /** The contact with this id, if it is in the table. */
  get(id: Id): C | undefined {
    return this.contacts.get(id);
  }

  /** Removes a contact; false if it was not there. */
  delete(id: Id): boolean {
    return this.contacts.delete(id);
  }

  /** The `k` contacts nearest to `target` by XOR distance, nearest first; all if there are fewer. */
  closest(target: Id, k: number): C[] {
    return nearest(target, this.contacts.keys(), k).map((id) => this.contacts.get(id)!);
  }
}
