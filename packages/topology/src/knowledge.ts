import { ExpiringMap, between } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { SortedRing, compareClockwise } from '@peerpigeon/xor';
import type { Config } from './config.js';

/** What is known of a peer. */
export interface Known {
  record: PeerRecord;
  /** When it was last known alive, by ourselves or through others. */
  heardAt: Millis;
  /** When we first heard of it. */
  readonly discoveredAt: Millis;
  /** Until when it may be taken to have a free slot, as it said so itself, to us or to one of our neighbours. */
  openUntil: Millis;
  /** Until when it expects to be asked: the server brought us together. */
  invitedUntil: Millis;
  /** Failed dials in a row. */
  attempts: number;
  /** Not to be dialled before. */
  retryAt: Millis;
  /** Not to be asked for a long link before: it had no room, or was just separated from. */
  refusedUntil: Millis;
}

/** Fractions of the id space are compared at this many hexadecimal digits (52 bits fit a double). */
const FRACTION_DIGITS = 13;

/** How often the old are looked for. A guess: far below `forgetAfterMs`. */
const PRUNE_MS = 10_000;

/** All peers a peer knows of, linked or not, bounded, and where they stand on the ring. */
export class Knowledge {
  private readonly self: PeerId;
  private readonly config: Config;
  private readonly peers = new Map<PeerId, Known>();
  private readonly ring = new SortedRing();
  /** Peers that left, with their epoch: not learnt again before a newer run of them is heard of. */
  private readonly tombstones: ExpiringMap<PeerId, number>;
  private prunedAt: Millis = -Infinity;

  constructor(self: PeerId, config: Config) {
    this.self = self;
    this.config = config;
    this.tombstones = new ExpiringMap({ maxEntries: config.maxKnown, maxAgeMs: config.tombstoneMs });
  }

  get size(): number {
    return this.peers.size;
  }

  get(peer: PeerId): Known | undefined {
    return this.peers.get(peer);
  }

  /** All that is known, in no order. */
  entries(): Iterable<[PeerId, Known]> {
    return this.peers;
  }

  /**
   * Takes note of a peer.
   * @returns whether it is new
   */
  learn(record: PeerRecord, heardAt: Millis, now: Millis): boolean {
    const peer = record.id;
    if (peer === this.self) return false;
    const known = this.peers.get(peer);
    if (known === undefined) {
      const departed = this.tombstones.get(peer, now);
      if (departed !== undefined && departed >= record.epoch) return false;
      if (heardAt + this.config.forgetAfterMs <= now) return false;
      this.peers.set(peer, {
        record,
        heardAt,
        discoveredAt: now,
        openUntil: 0,
        invitedUntil: 0,
        attempts: 0,
        retryAt: 0,
        refusedUntil: 0,
      });
      if (isOnRing(record)) this.ring.add(peer);
      return true;
    }
    const { record: former } = known;
    if (record.epoch > former.epoch) known.attempts = known.retryAt = 0;
    if (record.epoch >= former.epoch) {
      known.record = record;
      if (isOnRing(record) !== isOnRing(former)) {
        if (isOnRing(record)) this.ring.add(peer);
        else this.ring.delete(peer);
      }
    }
    known.heardAt = Math.max(known.heardAt, heardAt);
    return false;
  }

  /** The peer is alive: we have a link with it. */
  alive(peer: PeerId, now: Millis): void {
    const known = this.peers.get(peer);
    if (known === undefined) return;
    known.heardAt = now;
    known.attempts = known.retryAt = 0;
  }

  /** The peer is said to have a free slot; believed until `until`. */
  hasRoom(peer: PeerId, until: Millis): void {
    const known = this.peers.get(peer);
    if (known !== undefined) known.openUntil = Math.max(known.openUntil, until);
  }

  /** The peer has none: it is not asked for a while. */
  hasNoRoom(peer: PeerId, now: Millis, rng: Rng): void {
    const known = this.peers.get(peer);
    if (known === undefined) return;
    known.openUntil = known.invitedUntil = 0;
    known.refusedUntil = now + this.config.refusedMs * between(rng, 0.5, 1.5);
  }

  /** We may ask this peer for a link at once, until `until`. */
  invite(peer: PeerId, until: Millis): void {
    const known = this.peers.get(peer);
    if (known !== undefined) known.invitedUntil = until;
  }

  /** Whether a peer may be taken to have a free slot. */
  isOpen(peer: PeerId, now: Millis): boolean {
    const known = this.peers.get(peer);
    return known !== undefined && known.openUntil > now && known.refusedUntil <= now;
  }

  /** A dial failed: the next one waits, twice as long as the last, ± 50 %. Returns how many failed in a row. */
  failed(peer: PeerId, now: Millis, rng: Rng): number {
    const known = this.peers.get(peer);
    if (known === undefined) return 0;
    const { backoffMs, maxBackoffMs } = this.config;
    const delay = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(known.attempts, 16));
    known.attempts++;
    known.retryAt = now + delay * between(rng, 0.5, 1.5);
    return known.attempts;
  }

  /** Forgets a peer; with `departed` it is not learnt again for a while, unless it starts anew. */
  forget(peer: PeerId, now: Millis, departed: boolean): boolean {
    const known = this.peers.get(peer);
    if (known === undefined) return false;
    this.peers.delete(peer);
    this.ring.delete(peer);
    if (departed) this.tombstones.set(peer, known.record.epoch, now);
    return true;
  }

  /** Whether there is room for a peer that only others told of: in the leaf set always, else while few are known. */
  worthLearning(peer: PeerId): boolean {
    return this.peers.has(peer) || this.peers.size < this.config.maxKnown || this.isLeaf(peer);
  }

  /** Whether a peer is, or would be, one of the nearest on its side of the ring. */
  isLeaf(peer: PeerId): boolean {
    const count = this.config.leafSetSize;
    for (const direction of [1, -1] as const) {
      const side = this.side(direction, count);
      const last = side[count - 1];
      if (last === undefined || compareClockwise(this.self, peer, last) * direction <= 0) return true;
    }
    return false;
  }

  /**
   * Forgets who was not heard of for long, and, a quarter beyond the cap, who is too much: neither kept nor in the leaf
   * set, longest unheard first. Looks every {@link PRUNE_MS}, or at once when there are too many.
   */
  prune(now: Millis, kept: (peer: PeerId) => boolean): PeerId[] {
    const { maxKnown, forgetAfterMs } = this.config;
    const tooMany = this.peers.size > maxKnown + (maxKnown >> 2);
    if (now < this.prunedAt + PRUNE_MS && !tooMany) return [];
    this.prunedAt = now;
    const idle = [...this.peers].filter(([peer]) => !kept(peer));
    const gone = idle.filter(([, known]) => known.heardAt + forgetAfterMs <= now).map(([peer]) => peer);
    if (tooMany) {
      const rest = idle.filter(([peer]) => !this.isLeaf(peer) && !gone.includes(peer));
      rest.sort((a, b) => a[1].heardAt - b[1].heardAt);
      const surplus = this.peers.size - gone.length - maxKnown;
      for (const [peer] of rest.slice(0, Math.max(0, surplus))) gone.push(peer);
    }
    for (const peer of gone) this.forget(peer, now, false);
    return gone;
  }

  /** Up to `count` ring peers on one side of `from` (1: following, −1: preceding), nearest first. */
  side(direction: 1 | -1, count: number, from: PeerId = this.self): PeerId[] {
    return direction === 1 ? this.ring.successors(from, count) : this.ring.predecessors(from, count);
  }

  /**
   * How many peers the mesh has, from the density of the leaf set: as many gaps as it spans, over the share of the id
   * space that they cover. Exact while all are known; else within some ± 25 % (one standard deviation of 16 gaps).
   */
  sizeEstimate(): number {
    const count = this.config.leafSetSize;
    const known = this.ring.size + 1;
    if (known <= 2 * count) return known;
    const after = this.side(1, count);
    const before = this.side(-1, count);
    const from = fraction(before[before.length - 1] as PeerId);
    const to = fraction(after[after.length - 1] as PeerId);
    const span = to > from ? to - from : to - from + 1;
    return Math.max(known, Math.round((after.length + before.length) / span));
  }

  /** The `rank` ring peers on each side of `from`; whoever is not among them is worth a long link. */
  near(rank: number, from?: PeerId): PeerId[] {
    return [...this.side(1, rank, from), ...this.side(-1, rank, from)];
  }

  clear(): void {
    for (const peer of this.peers.keys()) this.forget(peer, 0, false);
    this.tombstones.clear();
  }
}

/** Whether a peer can be on the ring: with a single link it hangs on as a leaf. */
export function isOnRing({ caps }: PeerRecord): boolean {
  return caps.maxPeers >= 2;
}

function fraction(id: PeerId): number {
  return parseInt(id.slice(0, FRACTION_DIGITS), 16) / 16 ** FRACTION_DIGITS;
}
