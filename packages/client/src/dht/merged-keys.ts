import { DEFAULTS } from '@peerpigeon/dht';
import type { PeerId } from '@peerpigeon/core';
import { Merged, type DataType, type PartPort } from './merged.js';

/** All keys of data types that are in use at this peer. */
export class MergedKeys {
  private readonly store: PartPort;
  private readonly self: PeerId;
  private readonly keys = new Map<string, Merged<unknown>>();

  constructor(store: PartPort, self: PeerId) {
    this.store = store;
    this.self = self;
  }

  /** Authors whose part of a key was none when that was last looked at, of all keys. */
  get unreadable(): number {
    return [...this.keys.values()].reduce((sum, { unreadable }) => sum + unreadable, 0);
  }

  /**
   * That of a key; the kind of its type is in its name. Beyond as many as a peer renews parts of, those give way in which nothing
   * is under way: the own part is read back when such a one is used again.
   */
  get<Part>(name: string, type: DataType<Part>): Merged<Part> {
    const known = this.keys.get(name) as Merged<Part> | undefined;
    if (known !== undefined) return known;
    for (const [other, { idle }] of this.keys) {
      if (this.keys.size < DEFAULTS.maxPublished) break;
      if (idle) this.keys.delete(other);
    }
    const merged = new Merged(name, type, this.store, this.self);
    this.keys.set(name, merged as Merged<unknown>);
    return merged;
  }

  /** This mesh leaves: watches end; what is known stays, for the next time. */
  leave(): void {
    for (const merged of this.keys.values()) merged.leave();
  }
}
