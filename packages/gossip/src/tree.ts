import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { ShortId } from './recent.js';

/** One link as a tree has it. */
interface Edge {
  /** Messages go over it; over a lazy one they are announced. */
  state: 'eager' | 'lazy';
  /** Until then messages go over a lazy one, too, since an eager one is lost. */
  promotedUntil: Millis;
  /** When it was last asked to become lazy. */
  prunedAt: Millis;
  /** How often it became eager since `countedAt`: one that flaps is left eager. */
  grafts: number;
  countedAt: Millis;
}

type TreeConfig = Pick<Config, 'flapMs' | 'flapMax' | 'roundTripMs' | 'pruneMs'>;

/**
 * A spanning tree, as one peer sees it: which of its links belong to it (Plumtree, Leitão et al. 2007). Nothing but the
 * messages themselves makes it: a link that brings a second copy is pruned, one that announces what does not come otherwise
 * is grafted.
 */
export class Tree {
  /** When it was last used. */
  usedAt: Millis = -Infinity;
  private readonly edges = new Map<PeerId, Edge>();
  /** Which message cut links off last, and since when. */
  private cut: { readonly by: ShortId; readonly at: Millis } = { by: '', at: -Infinity };
  private readonly config: TreeConfig;

  constructor(peers: Iterable<PeerId>, config: TreeConfig) {
    this.config = config;
    for (const peer of peers) this.add(peer, 'eager');
  }

  /** Whether messages go over any link but that with `except`. */
  hasEager(except?: PeerId): boolean {
    for (const [peer, { state }] of this.edges) if (state === 'eager' && peer !== except) return true;
    return false;
  }

  add(peer: PeerId, state: Edge['state']): void {
    const never = -Infinity;
    this.edges.set(peer, { state, promotedUntil: never, prunedAt: never, grafts: 0, countedAt: never });
  }

  /** Tells whether the link was eager. */
  delete(peer: PeerId): boolean {
    const edge = this.edges.get(peer);
    this.edges.delete(peer);
    return edge?.state === 'eager';
  }

  /** Whether messages go over the link with `peer`. */
  isEager(peer: PeerId, now: Millis): boolean {
    const edge = this.edges.get(peer);
    return edge !== undefined && (edge.state === 'eager' || edge.promotedUntil > now);
  }

  /** Messages go over the link from now on; tells whether that is new. */
  graft(peer: PeerId, now: Millis): boolean {
    const edge = this.edges.get(peer);
    if (edge === undefined || edge.state === 'eager') return false;
    edge.state = 'eager';
    if (edge.countedAt + this.config.flapMs < now) {
      edge.grafts = 0;
      edge.countedAt = now;
    }
    edge.grafts++;
    return true;
  }

  /** The link brought a first copy. Tells whether it was lazy: not if that copy was on its way when the other end was told so. */
  adopt(peer: PeerId, now: Millis): boolean {
    const prunedAt = this.edges.get(peer)?.prunedAt ?? now;
    return prunedAt + 2 * this.config.roundTripMs <= now && this.graft(peer, now);
  }

  /** The other end wants announcements only. */
  demote(peer: PeerId): void {
    const edge = this.edges.get(peer);
    if (edge === undefined) return;
    edge.state = 'lazy';
    edge.promotedUntil = -Infinity;
  }

  /**
   * The link brought a second copy of message `id`. Tells whether the other end is to be told to announce only. Two messages at
   * once might cut a circle at two places: so one at a time does.
   */
  prune(peer: PeerId, id: ShortId, now: Millis): boolean {
    const edge = this.edges.get(peer);
    if (edge === undefined) return false;
    const { flapMs, flapMax, roundTripMs, pruneMs } = this.config;
    if (this.cut.by !== id && this.cut.at + pruneMs > now) return false;
    if (edge.grafts > flapMax && edge.countedAt + flapMs >= now) return false;
    // What was on its way when it was told is no reason to tell it again.
    if (edge.prunedAt + 2 * roundTripMs > now && edge.state === 'lazy') return false;
    this.demote(peer);
    edge.prunedAt = now;
    this.cut = { by: id, at: this.cut.by === id ? this.cut.at : now };
    return true;
  }

  /** An eager link is lost, or silent: for some time messages go over all. */
  promoteAll(until: Millis): void {
    for (const edge of this.edges.values()) edge.promotedUntil = until;
  }
}
