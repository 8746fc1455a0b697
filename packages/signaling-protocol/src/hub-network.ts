import { below } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { SortedRing } from '@peerpigeon/xor';
import type { HubConfig } from './config.js';
import type { ConnectionId } from './hub-io.js';
import type { ClientMessage } from './message.js';

/** An announce, as the hub reads it. */
export type Announce = Extract<ClientMessage, { type: 'announce' }>;

/** A discoverable peer. */
export interface Announcement {
  record: PeerRecord;
  readonly announcedAt: Millis;
  /** Who was told of it, or it was given to: the latest, to be told when it leaves. */
  readonly knownBy: Set<PeerId>;
}

/** How a connection stands with the id it came with. */
export type Standing =
  /** Another connection holds the id and is being probed; its last announce waits with it. */
  | { readonly name: 'waiting'; readonly announce: Announce | undefined }
  /** It holds the id and may signal. */
  | { readonly name: 'connected' }
  /** And others may find it. */
  | { readonly name: 'announced'; readonly announcement: Announcement }
  /** It said goodbye: it holds the id until it closes, but nothing reaches it. */
  | { readonly name: 'left' };

/** One connection. */
export interface Visitor {
  readonly connection: ConnectionId;
  readonly peerId: PeerId;
  network: Network;
  standing: Standing;
  /** When it was accepted; undefined before. */
  connectedAt: Millis | undefined;
  lastHeardAt: Millis;
  malformed: number;
}

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

  /** Whom `id` is to be given: ring neighbours, XOR-nearest and random members, each once. Constant in the size. */
  introduce(id: PeerId, rng: Rng): Set<PeerId> {
    const { ringNeighbours, nearest, random } = this.config;
    const chosen = this.near(id, ringNeighbours, nearest);
    const { ids } = this.ring;
    const wanted = Math.min(chosen.size + random, ids.length - (this.ring.has(id) ? 1 : 0));
    // In a small ring a draw often hits somebody chosen before; a bounded number of draws keeps this constant, too.
    for (let draws = 0; chosen.size < wanted && draws < 8 * random; draws++) {
      const drawn = ids[below(rng, ids.length)];
      if (drawn !== undefined && drawn !== id) chosen.add(drawn);
    }
    return chosen;
  }

  /**
   * Brings those together who seek links: gives `id` the latest seekers, at most as many as it seeks, and remembers it with
   * what is left. A seeker is given away as often as it seeks links, so that no crowd runs after the same free slot.
   */
  match(id: PeerId, seeking: number): Set<PeerId> {
    this.seekers.delete(id);
    const matched = new Set<PeerId>();
    for (const other of [...this.seekers.keys()].reverse()) {
      if (matched.size >= seeking) break;
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

  /** Who is to be told that `id` has come. */
  neighboursToTell(id: PeerId): Set<PeerId> {
    return this.near(id, this.config.tellRingNeighbours, this.config.tellNearest);
  }

  /** Who is to be told that `id` has left: who knows of it, as far as remembered, and its ring neighbours. */
  concerned(id: PeerId, announcement: Announcement): Set<PeerId> {
    const told = this.near(id, 1, 0);
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

  private near(id: PeerId, ringNeighbours: number, nearest: number): Set<PeerId> {
    const found = new Set([
      ...this.ring.predecessors(id, ringNeighbours),
      ...this.ring.successors(id, ringNeighbours),
      // One more, since `id` itself may be among them.
      ...(nearest > 0
        ? this.ring
            .nearest(id, nearest + 1)
            .filter((other) => other !== id)
            .slice(0, nearest)
        : []),
    ]);
    found.delete(id);
    return found;
  }
}
