import type { Millis, PeerId } from '@peerpigeon/core';
import { compareRingDistance } from '@peerpigeon/xor';
import type { Context } from './context.js';
import { isOnRing } from './known.js';
import type { Message } from './message.js';
import type { Output } from './output.js';
import type { Route } from './route.js';

/** Says where a leaf is. */
export type Lodge = Extract<Message, { readonly kind: 'lodge' }>;

interface Lodger {
  readonly route: Route;
  /** When the way was good. */
  readonly at: Millis;
}

/**
 * Ways to leaves: peers with a single link, which are not on the ring. What is sent to one comes, strictly nearer with each
 * choice, to the ring peer nearest to its id; so each leaf says now and then to that peer where it is (it probes for its
 * own id). The peer that would be nearest without that one is told as well, and so is a nearer one that comes later.
 */
export class Lodgers {
  private readonly context: Context;
  private readonly lodgers = new Map<PeerId, Lodger>();

  constructor(context: Context) {
    this.context = context;
  }

  get size(): number {
    return this.lodgers.size;
  }

  /**
   * A leaf is reached over `route` (empty: it is our neighbour), which was good `ageMs` ago.
   * @param from who says so: the leaf itself, or one who kept the way before
   */
  take(peer: PeerId, route: Route, ageMs: Millis, from: PeerId, now: Millis, out: Output[]): void {
    const { self, config, neighbourhood } = this.context;
    const at = now - ageMs;
    const former = this.lodgers.get(peer);
    if (peer === self || at + config.lodgerTtlMs <= now || (former !== undefined && former.at >= at)) return;
    if (!neighbourhood.links.has(peer)) this.keep(peer, { route, at }, out);
    const next = this.nearest(peer, from);
    if (next === undefined) return;
    // From one to another it goes strictly nearer, so that it ends.
    if (from === peer || compareRingDistance(peer, next, self) < 0) this.tell(next, peer, { route, at }, now, out);
  }

  /** A link with a ring peer is there: it learns of the leaves that it is nearest to, ourselves left out. */
  gained(neighbour: PeerId, now: Millis, out: Output[]): void {
    for (const [peer, lodger] of this.lodgers) {
      if (this.nearest(peer) === neighbour) this.tell(neighbour, peer, lodger, now, out);
    }
  }

  /** Drops those that were not heard of for long; returns when to look again. */
  review(now: Millis, out: Output[]): Millis {
    const { lodgerTtlMs } = this.context.config;
    let next: Millis = Infinity;
    for (const [peer, { at }] of this.lodgers) {
      if (at + lodgerTtlMs > now) next = Math.min(next, at + lodgerTtlMs);
      else this.drop(peer, out);
    }
    return next;
  }

  clear(): void {
    this.lodgers.clear();
  }

  private keep(peer: PeerId, lodger: Lodger, out: Output[]): void {
    const { self, config } = this.context;
    this.lodgers.set(peer, lodger);
    out.push({ type: 'lodger', peer, route: lodger.route });
    if (this.lodgers.size <= config.maxLodgers) return;
    // The farthest one has others nearer to it, more likely than any.
    this.drop(
      [...this.lodgers.keys()].reduce((a, b) => (compareRingDistance(self, a, b) > 0 ? a : b)),
      out,
    );
  }

  private drop(peer: PeerId, out: Output[]): void {
    this.lodgers.delete(peer);
    out.push({ type: 'lodger', peer, route: undefined });
  }

  private tell(to: PeerId, peer: PeerId, { route, at }: Lodger, now: Millis, out: Output[]): void {
    const message: Lodge = { kind: 'lodge', peer, route, ageMs: Math.round(now - at) };
    out.push({ type: 'send', to, message });
  }

  /** The neighbour on the ring that is nearest to a leaf, but `except`. */
  private nearest(leaf: PeerId, except?: PeerId): PeerId | undefined {
    let best: PeerId | undefined;
    for (const { peer, record } of this.context.neighbourhood.ordinary) {
      if (peer === except || peer === leaf || !isOnRing(record)) continue;
      if (best === undefined || compareRingDistance(leaf, peer, best) < 0) best = peer;
    }
    return best;
  }
}
