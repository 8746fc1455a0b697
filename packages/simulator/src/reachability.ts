import type { PeerId } from '@peerpigeon/core';
import { checkShare } from './faults.js';
import { hashBetween } from './hash.js';

/** Which pairs never find a path to each other. */
export interface ReachabilityOptions {
  /** Share in [0, 1] of all pairs of peers that can never open a link (NATs without a TURN server between); default 0. */
  readonly unreachable?: number;
  /** Share in [0, 1] of peers that can open links only with the others (behind symmetric NATs); default 0. */
  readonly unreachablePeers?: number;
}

/**
 * Which pairs can open a transport, for all time: by a hash of the seed and the ids, so that it depends neither on order
 * nor on anything else drawn. Pairs that cannot exchange offer and answer as all do, and then ICE finds no path.
 */
export class Reachability {
  private readonly seed: number;
  private readonly pairs: number;
  private readonly peers: number;

  /** @throws {RangeError} when a share is not in [0, 1] */
  constructor(seed: number, { unreachable = 0, unreachablePeers = 0 }: ReachabilityOptions = {}) {
    this.seed = seed;
    this.pairs = checkShare('unreachable', unreachable);
    this.peers = checkShare('unreachablePeers', unreachablePeers);
  }

  /** Whether a link between the two can open. The same both ways. */
  canLink(a: PeerId, b: PeerId): boolean {
    if (this.isHidden(a) && this.isHidden(b)) return false;
    if (this.pairs === 0) return true;
    const [low, high] = a < b ? [a, b] : [b, a];
    return this.draw('unreachable pair', low, high) >= this.pairs;
  }

  /** Whether a peer is one of those that can link only with the others. */
  isHidden(peer: PeerId): boolean {
    return this.peers > 0 && this.draw('unreachable peer', peer) < this.peers;
  }

  private draw(...parts: string[]): number {
    return hashBetween([0, 1], this.seed, ...parts);
  }
}
