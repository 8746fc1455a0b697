import { below } from '@peerpigeon/core';
import type { PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { SortedRing } from '@peerpigeon/xor';
import type { HubConfig } from './config.js';
import type { Announcement, Visitor } from './visitor.js';

/** Draws for each random member wanted, at most: in a small ring a draw often hits somebody chosen before. */
const DRAWS = 8;

/** Who may be given to others. */
export type Fits = (member: Visitor) => boolean;

/** One mesh on a hub: who holds which id, and who can be found. Nothing leads from one network to another. */
export class Network {
  readonly name: string;
  /** Who holds each id. */
  readonly holders = new Map<PeerId, Visitor>();
  /** Who waits for an id that another connection holds: one at most for each. */
  readonly contenders = new Map<PeerId, Visitor>();
  /** The discoverable ids, in ring order. */
  readonly ring = new SortedRing();
  /** Members that seek links and how many, the latest last. */
  private readonly seekers = new Map<PeerId, number>();
  private readonly config: HubConfig;

  constructor(name: string, config: HubConfig) {
    this.name = name;
    this.config = config;
  }

  get isEmpty(): boolean {
    return this.holders.size === 0 && this.contenders.size === 0;
  }

  /** The announcement of `id`, which may be anybody's. */
  announcement(id: PeerId): Announcement | undefined {
    const standing = this.holders.get(id)?.standing;
    return standing?.name === 'announced' ? standing.announcement : undefined;
  }

  /**
   * Whom `id` is to be given besides random members: ring neighbours on each side and its XOR-nearest, of those who fit.
   * @param least how many on each side are looked at, at least
   */
  neighbours(id: PeerId, ringNeighbours: number, nearest: number, fits: Fits, least = 0): Set<PeerId> {
    const { probeRingNeighbours } = this.config;
    const reach = Math.max(least, probeRingNeighbours, ringNeighbours, nearest + 1); // `id` may be among its nearest
    const first = (ids: readonly PeerId[], count: number): PeerId[] =>
      ids.filter((other) => other !== id && this.isFit(other, fits)).slice(0, count);
    return new Set([
      ...first(this.ring.predecessors(id, reach), ringNeighbours),
      ...first(this.ring.successors(id, reach), ringNeighbours),
      ...(nearest > 0 ? first(this.ring.nearest(id, reach), nearest) : []),
    ]);
  }

  /** Up to `count` uniformly drawn members that fit, none of them `id` or `others`. A bounded number of draws. */
  draw(id: PeerId, count: number, others: ReadonlySet<PeerId>, fits: Fits, rng: Rng): Set<PeerId> {
    const drawn = new Set<PeerId>();
    const { ids } = this.ring;
    const left = ids.length - others.size - (this.ring.has(id) ? 1 : 0);
    for (let draws = 0; drawn.size < Math.min(count, left) && draws < DRAWS * count; draws++) {
      const other = ids[below(rng, ids.length)];
      if (other !== undefined && other !== id && !others.has(other) && this.isFit(other, fits)) drawn.add(other);
    }
    return drawn;
  }

  /**
   * Brings those together who seek links: gives `id` the latest seekers that fit, at most as many as it seeks, and remembers
   * it with what is left. A seeker is given away as often as it seeks links, so that no crowd runs after the same free slot.
   */
  match(id: PeerId, seeking: number, fits: Fits): Set<PeerId> {
    this.seekers.delete(id);
    const matched = new Set<PeerId>();
    for (const other of this.latestSeekers()) {
      if (matched.size >= seeking) break;
      if (this.ring.has(other) && !this.isFit(other, fits)) continue;
      const left = this.seekers.get(other) as number;
      if (left > 1) this.seekers.set(other, left - 1);
      else this.seekers.delete(other);
      if (this.ring.has(other)) matched.add(other);
    }
    if (seeking > matched.size) this.seekers.set(id, seeking - matched.size);
    for (const oldest of this.seekers.keys()) {
      if (this.seekers.size <= this.config.maxSeekers) break;
      this.seekers.delete(oldest);
    }
    return matched;
  }

  /** Members that seek links, the latest first. */
  latestSeekers(): PeerId[] {
    return [...this.seekers.keys()].reverse();
  }

  /** The records of `ids`, of which `knower` knows from now on. */
  give(ids: Iterable<PeerId>, knower: PeerId): PeerRecord[] {
    const records: PeerRecord[] = [];
    for (const id of ids) {
      const announcement = this.announcement(id);
      if (announcement === undefined) continue;
      this.note(announcement, knower);
      records.push(announcement.record);
    }
    return records;
  }

  /** Who is to be told that `id` has left: who knows of it, as far as remembered, and its ring neighbours. */
  concerned(id: PeerId, announcement: Announcement): Set<PeerId> {
    const told = this.neighbours(id, 1, 0, () => true);
    for (const other of announcement.knownBy) if (this.ring.has(other)) told.add(other);
    return told;
  }

  /** Remembers that `knower` knows of the peer of `announcement`. */
  note(announcement: Announcement, knower: PeerId): void {
    const { knownBy } = announcement;
    knownBy.delete(knower);
    knownBy.add(knower);
    if (knownBy.size <= this.config.maxKnownBy) return;
    for (const oldest of knownBy) {
      knownBy.delete(oldest);
      return;
    }
  }

  /** Whether `id` is held by one that fits. */
  isFit(id: PeerId, fits: Fits): boolean {
    const member = this.holders.get(id);
    return member !== undefined && fits(member);
  }
}
