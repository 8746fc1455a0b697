import { below, between } from '@peerpigeon/core';
import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { SortedRing, compareClockwise } from '@peerpigeon/xor';
import type { Config } from './config.js';
import { isOnRing, known as newlyKnown } from './known.js';
import type { DialFailure } from './input.js';
import type { Known } from './known.js';
import type { LeafSet } from './leaf-set.js';
import { Losses } from './losses.js';
import type { Route } from './route.js';

/** Fractions of the id space are compared at this many hexadecimal digits (52 bits fit a double). */
const FRACTION_DIGITS = 13;

/** How often the old are looked for. A guess: far below `forgetAfterMs`. */
const PRUNE_MS = 10_000;

/**
 * All peers a peer knows of, linked or not, bounded; how each can be reached, and where they stand on the ring.
 *
 * Only who can be reached is on the ring: over the mesh by a route, or, while the server is up, by the server. Peers that
 * cannot be would fill the leaf set, and nothing would converge.
 */
export class Knowledge {
  /** Peers that are gone, not to be learnt again from those who have not noticed. */
  readonly losses: Losses;
  private readonly self: PeerId;
  private readonly config: Config;
  private readonly peers = new Map<PeerId, Known>();
  private readonly ring = new SortedRing();
  /** Most of what is looked up; undefined after the ring has changed. */
  private leaves: LeafSet | undefined;
  /** How many peers the mesh has; the same. */
  private estimate: number | undefined;
  private online = false;
  private someSilent = false;
  private prunedAt: Millis = -Infinity;

  constructor(self: PeerId, config: Config) {
    this.self = self;
    this.config = config;
    this.losses = new Losses(config);
  }

  get size(): number {
    return this.peers.size;
  }

  /** There are more than the cap allows: time to prune. */
  get overfull(): boolean {
    const { maxKnown } = this.config;
    return this.peers.size > maxKnown + (maxKnown >> 2);
  }

  get(peer: PeerId): Known | undefined {
    return this.peers.get(peer);
  }

  /** All that is known, in no order. */
  entries(): Iterable<[PeerId, Known]> {
    return this.peers;
  }

  /** Whether the server can reach peers to whom no route is known. */
  setOnline(online: boolean): void {
    if (online === this.online) return;
    this.online = online;
    for (const [peer, known] of this.peers) this.place(peer, known);
  }

  /**
   * Takes note of a peer.
   * @returns whether it is new
   */
  learn(record: PeerRecord, heardAt: Millis, now: Millis): boolean {
    const peer = record.id;
    if (peer === this.self) return false;
    const known = this.peers.get(peer);
    if (known !== undefined) {
      this.refresh(known, record, heardAt, now);
      return false;
    }
    if (this.losses.has(peer, record.epoch, heardAt, now)) return false;
    if (heardAt + this.config.forgetAfterMs <= now) return false;
    const fresh = newlyKnown(record, heardAt, now);
    this.peers.set(peer, fresh);
    this.place(peer, fresh);
    return true;
  }

  /** Takes note of a sign of life of a known peer. */
  refresh(known: Known, record: PeerRecord, heardAt: Millis, now: Millis): void {
    if (record.epoch > known.record.epoch) known.attempts = known.retryAt = 0;
    const former = known.record;
    if (record.epoch >= former.epoch) known.record = record;
    if (heardAt > known.heardAt) known.heardAt = heardAt;
    // Heard of by others since it did not answer us: worth another try.
    if (known.silentSince !== undefined && heardAt > known.silentSince) {
      known.silentSince = undefined;
      known.retryAt = Math.min(known.retryAt, now + this.config.backoffMs);
      this.place(record.id, known);
    } else if (isOnRing(former) !== isOnRing(known.record)) this.place(record.id, known);
  }

  /**
   * Takes note of a way to a peer that was good at `at`: one that is known to be good later than the way known so far, or
   * about as late and shorter. A rumour of a way that broke since is none.
   */
  learnRoute(peer: PeerId, route: Route, at: Millis): void {
    const known = this.peers.get(peer);
    if (known === undefined) return;
    const { route: former, routedAt: formerAt } = known;
    if (former?.length === 0) known.detourAt = Math.max(known.detourAt, at);
    else if (this.wantsRoute(known, at, route.length)) {
      known.route = route;
      known.routedAt = at;
      if (former !== undefined) return;
      this.place(peer, known);
      // If there was none for long the network between us may have been cut: then what could not be linked can be now. A few
      // times this is tried.
      const { unlinkableAfter, cutMs, unroutedMs } = this.config;
      if (known.unlinked > 0 && known.unlinked < 2 * unlinkableAfter && formerAt + unroutedMs <= at)
        known.retryAt = Math.min(known.retryAt, at + cutMs);
    }
  }

  /** Whether a way that was good at `at` may be worth more than what is known: if it is as short as `length`. */
  wantsRoute({ route, routedAt, silentSince }: Known, at: Millis, length = 1): boolean {
    if (route === undefined) return at > routedAt && silentSince === undefined;
    const { routeFreshMs } = this.config;
    return at > routedAt + routeFreshMs || (length < route.length && at + routeFreshMs > routedAt);
  }

  /** Whether a request can get to a known peer. */
  reaches({ route, silentSince }: Known): boolean {
    return route !== undefined || (this.online && silentSince === undefined);
  }

  /** Up to `count` ring peers drawn at random. */
  draw(rng: Rng, count: number): PeerId[] {
    const { ids } = this.ring;
    const drawn: PeerId[] = [];
    for (let i = 0; i < count && i < ids.length; i++) drawn.push(ids[below(rng, ids.length)] as PeerId);
    return drawn;
  }

  /** Whether there is a link with a peer, as far as it is to be relied on. */
  isNeighbour(peer: PeerId): boolean {
    return this.peers.get(peer)?.route?.length === 0;
  }

  /** The peer is alive, and a neighbour: we have heard it over the link. */
  alive(peer: PeerId, now: Millis): void {
    const known = this.peers.get(peer);
    if (known === undefined) return;
    known.heardAt = now;
    if (known.route?.length === 0) return;
    known.route = [];
    known.routedAt = now;
    known.attempts = known.retryAt = known.unlinked = 0;
    known.silentSince = undefined;
    this.place(peer, known);
  }

  /** The peer is a neighbour no more, and no way leads over it. */
  parted(peer: PeerId, now: Millis): void {
    for (const [id, known] of this.peers) {
      if (id === peer || known.route?.[0] === peer) this.unroute(id, now);
    }
  }

  /** The way to a peer is broken. */
  unroute(peer: PeerId, now: Millis): void {
    const known = this.peers.get(peer);
    if (known === undefined) return;
    known.route = undefined;
    known.routedAt = now;
    this.place(peer, known);
  }

  /** The peer did not answer: until it is heard of again, or tried again, it does not count. */
  silent(peer: PeerId, now: Millis): void {
    const known = this.peers.get(peer);
    if (known === undefined || known.route?.length === 0) return;
    known.silentSince ??= now;
    this.someSilent = true;
    known.retryAt = Math.max(known.retryAt, now + this.config.maxRingBackoffMs);
    this.unroute(peer, now);
  }

  /** The peer seems to be gone: others are told, and nothing that was heard of it before counts. */
  bury(peer: PeerId, now: Millis): void {
    const known = this.peers.get(peer);
    if (known !== undefined) this.losses.add(peer, known.record.epoch, now, now);
  }

  /**
   * The server named those that are alive next to us, after it looked: whoever stands nearer, and was not heard of since
   * we asked, is taken to be silent.
   */
  named(ids: ReadonlySet<PeerId>, askedAt: Millis, now: Millis): void {
    for (const direction of [1, -1] as const) {
      const side = this.side(direction, this.ring.size);
      const last = side.findIndex((peer) => ids.has(peer));
      for (const peer of side.slice(0, Math.max(0, last))) {
        if ((this.peers.get(peer)?.heardAt ?? now) < askedAt) this.silent(peer, now);
      }
    }
  }

  /** Others say that a run of a peer is lost since `at`; tells whether we knew that peer and know it no more. */
  lost(peer: PeerId, epoch: number, at: Millis, now: Millis): boolean {
    // What is that old was learnt here already, or never matters: else it would be told around for ever.
    if (at + this.config.tombstoneMs <= now) return false;
    const known = this.peers.get(peer);
    if (known !== undefined && (known.route?.length === 0 || known.heardAt > at || known.record.epoch > epoch)) {
      return false;
    }
    if (!this.losses.add(peer, epoch, at, now) || known === undefined) return false;
    this.remove(peer);
    return true;
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
  failed(peer: PeerId, now: Millis, rng: Rng, cause: DialFailure = 'silent', ring = false): number {
    const known = this.peers.get(peer);
    if (known === undefined) return 0;
    const { backoffMs, maxBackoffMs, maxRingBackoffMs, unlinkableAfter, unlinkableMs } = this.config;
    let delay = Math.min(ring ? maxRingBackoffMs : maxBackoffMs, backoffMs * 2 ** Math.min(known.attempts, 16));
    known.attempts++;
    if (cause === 'failed' && ++known.unlinked >= unlinkableAfter && known.route !== undefined) delay = unlinkableMs;
    known.retryAt = now + delay * between(rng, 0.5, 1.5);
    return known.attempts;
  }

  /** Silent peers whose time has come count again, to be tried again. */
  retry(now: Millis): void {
    if (!this.someSilent) return;
    this.someSilent = false;
    for (const [peer, known] of this.peers) {
      if (known.silentSince === undefined) continue;
      if (known.retryAt <= now) {
        known.silentSince = undefined;
        this.place(peer, known);
      } else this.someSilent = true;
    }
  }

  /** Forgets a peer; with `departed` it is not learnt again for a while, unless it starts anew. */
  forget(peer: PeerId, now: Millis, departed: boolean): boolean {
    const known = this.peers.get(peer);
    if (known === undefined) return false;
    this.remove(peer);
    if (departed) this.losses.add(peer, known.record.epoch, Infinity, now);
    return true;
  }

  /** Whether there is room for a peer that only others told of: in the leaf set always, else while few are known. */
  worthLearning(peer: PeerId): boolean {
    return this.peers.has(peer) || this.peers.size < this.config.maxKnown || this.isLeaf(peer);
  }

  /** Whether a peer is, or would be, one of the nearest `count` on its side of the ring. */
  isLeaf(peer: PeerId, count: number = this.config.leafSetSize): boolean {
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
    const tooMany = this.overfull;
    if (now < this.prunedAt + PRUNE_MS && !tooMany) return [];
    this.prunedAt = now;
    const idle = [...this.peers].filter(([peer]) => !kept(peer));
    const gone = idle.filter(([, known]) => known.heardAt + forgetAfterMs <= now).map(([peer]) => peer);
    if (tooMany) {
      const rest = idle.filter(([peer]) => !(this.ring.has(peer) && this.isLeaf(peer)) && !gone.includes(peer));
      rest.sort((a, b) => a[1].heardAt - b[1].heardAt);
      const surplus = this.peers.size - gone.length - maxKnown;
      for (const [peer] of rest.slice(0, Math.max(0, surplus))) gone.push(peer);
    }
    for (const peer of gone) this.remove(peer);
    return gone;
  }

  /** The nearest on our own two sides: the same object until the ring has changed. */
  get leafSet(): LeafSet {
    const { self, ring, config } = this;
    const { leafSetSize } = config;
    return (this.leaves ??= {
      after: ring.successors(self, leafSetSize),
      before: ring.predecessors(self, leafSetSize),
      whole: ring.size <= 2 * leafSetSize,
    });
  }

  /** Up to `count` ring peers on one side of `from` (1: following, −1: preceding), nearest first. */
  side(direction: 1 | -1, count: number, from: PeerId = this.self): readonly PeerId[] {
    const { leafSetSize } = this.config;
    if (from === this.self && count <= leafSetSize) {
      const { after, before } = this.leafSet;
      const side = direction === 1 ? after : before;
      return count >= side.length ? side : side.slice(0, count);
    }
    return direction === 1 ? this.ring.successors(from, count) : this.ring.predecessors(from, count);
  }

  /**
   * How many peers the mesh has, from the density of the leaf set: as many gaps as it spans, over the share of the id
   * space that they cover. Exact while all are known; else within some ± 25 % (one standard deviation of 16 gaps).
   */
  sizeEstimate(): number {
    return (this.estimate ??= this.estimateSize());
  }

  private estimateSize(): number {
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
    for (const peer of this.peers.keys()) this.remove(peer);
    this.losses.clear();
  }

  private ringChanged(): void {
    this.leaves = this.estimate = undefined;
  }

  private remove(peer: PeerId): void {
    this.peers.delete(peer);
    if (this.ring.delete(peer)) this.ringChanged();
  }

  /** Puts a peer on the ring, or takes it off. */
  private place(peer: PeerId, known: Known): void {
    const changed = this.reaches(known) && isOnRing(known.record) ? this.ring.add(peer) : this.ring.delete(peer);
    if (changed) this.ringChanged();
  }
}

function fraction(id: PeerId): number {
  return parseInt(id.slice(0, FRACTION_DIGITS), 16) / 16 ** FRACTION_DIGITS;
}
