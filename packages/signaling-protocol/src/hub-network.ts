import type { PeerId } from '@peerpigeon/core';
import type { HubConfig } from './config.js';
import type { Stranger } from './node-io.js';
import { Roster } from './roster.js';
import type { Announcement, Visitor } from './visitor.js';

/** One mesh on a hub: who holds which id, and who can be found. Nothing leads from one network to another. */
export class Network {
  readonly name: string;
  /** Who of this hub's visitors holds each id. */
  readonly holders = new Map<PeerId, Visitor>();
  /** Who waits for an id that another connection holds, or for the index: one at most for each. */
  readonly contenders = new Map<PeerId, Visitor | Stranger>();
  /** Everybody who can be found, if this hub is alone; else the index knows. */
  readonly roster: Roster;
  private readonly config: HubConfig;

  constructor(name: string, config: HubConfig) {
    this.name = name;
    this.config = config;
    this.roster = new Roster(config.maxSeekers);
  }

  get isEmpty(): boolean {
    return this.holders.size === 0 && this.contenders.size === 0;
  }

  /** The announcement of `id`, which may be anybody's; undefined for a peer of another node. */
  announcement(id: PeerId): Announcement | undefined {
    const standing = this.holders.get(id)?.standing;
    return standing?.name === 'announced' ? standing.announcement : undefined;
  }

  /** Remembers that `knower` knows of the peer of `announcement`. */
  note({ knownBy }: Announcement, knower: PeerId): void {
    knownBy.delete(knower);
    knownBy.add(knower);
    if (knownBy.size <= this.config.maxKnownBy) return;
    for (const oldest of knownBy) {
      knownBy.delete(oldest);
      return;
    }
  }
}
