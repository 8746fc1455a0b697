import { DecodeError } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { MAX_PARTS } from './config.js';
import type { DhtRecord } from './record.js';

/** A part as it was last seen; null: it is gone, or cannot be read. */
interface Seen<Part> {
  readonly version: number;
  readonly part: Part | null;
  readonly readable: boolean;
}

/**
 * What one peer knows of a data type whose state lies in parts, one of each author: the newest part of each. Versions decide, so
 * that it is the same whatever order parts come in, how often, and in how many pieces (a join semilattice: Shapiro et al., *A
 * comprehensive study of Convergent and Commutative Replicated Data Types*, INRIA 7506, 2011, §2.3).
 */
export class Replica<Part> {
  private readonly decode: (bytes: Uint8Array) => Part;
  private readonly seen = new Map<PeerId, Seen<Part>>();

  /** @param decode throws a {@link DecodeError} for what is no part */
  constructor(decode: (bytes: Uint8Array) => Part) {
    this.decode = decode;
  }

  /** By author: what lives and can be read. */
  get parts(): Map<PeerId, Part> {
    const parts = new Map<PeerId, Part>();
    for (const [author, { part }] of this.seen) if (part !== null) parts.set(author, part);
    return parts;
  }

  /** Authors whose part is none: their bytes are passed over. */
  get unreadable(): number {
    return [...this.seen.values()].filter(({ readable }) => !readable).length;
  }

  /** A record came in. False: it, or a newer one of its author, was known; or there are too many authors. */
  take({ author, version, form, value }: Pick<DhtRecord, 'author' | 'version' | 'form' | 'value'>): boolean {
    const known = this.seen.get(author);
    // One that is gone can come back as it was: its author has renewed it.
    if (known !== undefined && (version < known.version || (version === known.version && known.part !== null))) {
      return false;
    }
    if (known === undefined && !this.hasRoom()) return false;
    this.seen.set(author, { version, ...(form === 'plain' ? this.read(value) : { part: null, readable: true }) });
    return true;
  }

  /** The part of an author is over, as of that version. False: there was none, or a newer one is known. */
  drop(author: PeerId, version: number): boolean {
    const known = this.seen.get(author);
    if (known === undefined || version < known.version) return false;
    this.seen.set(author, { version, part: null, readable: true });
    return known.part !== null;
  }

  private read(bytes: Uint8Array): { readonly part: Part | null; readonly readable: boolean } {
    try {
      return { part: this.decode(bytes), readable: true };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { part: null, readable: false };
    }
  }

  /** Makes room by forgetting who is gone, the longest known first. */
  private hasRoom(): boolean {
    for (const [author, { part }] of this.seen) {
      if (this.seen.size < MAX_PARTS) break;
      if (part === null) this.seen.delete(author);
    }
    return this.seen.size < MAX_PARTS;
  }
}
