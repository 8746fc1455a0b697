import type { PeerId } from '@peerpigeon/core';
import { compareRingDistance } from '@peerpigeon/xor';

/** Where a message goes next. */
export interface Hop {
  /** The link to send it over. */
  readonly next: PeerId;
  /** The neighbour of `next` that it is meant for; null for `next` itself. */
  readonly goal: PeerId | null;
  /** From here on only links count. */
  readonly ring: boolean;
}

const NONE: readonly PeerId[] = [];

/**
 * The links, the 2-hop table (what each neighbour's neighbours are), and the choice of the next hop.
 *
 * Nearness is ring distance, the shorter way round: a peer with right ring neighbours always has one that is strictly
 * nearer to any other live peer. So a message that goes strictly nearer with every choice ends at its target, or where
 * the ring is broken; it cannot circle.
 */
export class Neighbourhood {
  private readonly self: PeerId;
  private readonly maxViewPeers: number;
  private readonly views = new Map<PeerId, readonly PeerId[]>();

  constructor(self: PeerId, maxViewPeers: number) {
    this.self = self;
    this.maxViewPeers = maxViewPeers;
  }

  /** How many links there are. */
  get size(): number {
    return this.views.size;
  }

  /** A link is ready; nothing is known of its other end's neighbours. */
  add(peer: PeerId): void {
    this.views.set(peer, NONE);
  }

  /** A link is gone, and with it its row of the 2-hop table. */
  delete(peer: PeerId): void {
    this.views.delete(peer);
  }

  /** Forgets everything. */
  clear(): void {
    this.views.clear();
  }

  /** Whether there is a link with `peer`. */
  has(peer: PeerId): boolean {
    return this.views.has(peer);
  }

  /** Sets what a neighbour's neighbours are, cut at the configured number; a peer without a link is ignored. */
  setView(peer: PeerId, neighbours: readonly PeerId[]): void {
    if (this.views.has(peer)) this.views.set(peer, neighbours.slice(0, this.maxViewPeers));
  }

  /**
   * The next hop of a message for `target` that came with `goal` and `ring`; undefined at a local minimum.
   *
   * A hop that was chosen for one of its neighbours (`goal`) may itself lie farther away. It goes on to that neighbour, or
   * to one that is nearer still; so two hops at most lie between choices, and each choice is strictly nearer than the last.
   * If it has no link with the goal any more, the table was wrong: the message goes on from here in ring mode, over links
   * alone, which are never wrong.
   */
  next(target: PeerId, goal: PeerId | null, ring: boolean): Hop | undefined {
    if (this.views.has(target)) return { next: target, goal: null, ring };
    if (ring || (goal !== null && !this.views.has(goal))) {
      const next = this.nearestLink(target);
      return next === undefined ? undefined : { next, goal: null, ring: true };
    }
    if (goal === null) return this.nearest(target, this.self);
    return this.nearest(target, goal) ?? { next: goal, goal: null, ring };
  }

  /**
   * The first hop of an own message: the best one that was not tried. A hop that leads away from the target is better than
   * one that was tried, since the way on from there may be another. When all were tried, all are free again.
   * @param tried first hops tried before; the choice is not added
   */
  first(target: PeerId, tried: Set<PeerId>): Hop | undefined {
    const fresh = this.nearest(target, this.self, tried) ?? this.nearest(target, null, tried);
    if (fresh !== undefined || tried.size === 0) return fresh;
    tried.clear();
    return this.first(target, tried);
  }

  /** The link nearest to `target`, if it is strictly nearer than we are. */
  nearestLink(target: PeerId): PeerId | undefined {
    let best = this.self;
    for (const link of this.views.keys()) {
      if (compareRingDistance(target, link, best) < 0) best = link;
    }
    return best === this.self ? undefined : best;
  }

  /** The link or neighbour of a link nearest to `target`, strictly nearer than `bound` (null: however far). */
  private nearest(target: PeerId, bound: PeerId | null, except?: ReadonlySet<PeerId>): Hop | undefined {
    let best = bound;
    let next: PeerId | undefined;
    // Links first: of two ways to one peer the shorter wins.
    for (const link of this.views.keys()) {
      if (except?.has(link) === true) continue;
      if (best === null || compareRingDistance(target, link, best) < 0) {
        best = link;
        next = link;
      }
    }
    for (const [link, view] of this.views) {
      if (except?.has(link) === true) continue;
      for (const peer of view) {
        if (peer !== this.self && compareRingDistance(target, peer, best as PeerId) < 0) {
          best = peer;
          next = link;
        }
      }
    }
    return next === undefined ? undefined : { next, goal: best === next ? null : best, ring: false };
  }
}
