import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Context } from './context.js';

/** Members that could not be reached in a row until the mesh is suspected to be in pieces: one may just have left. */
const MISSES = 2;

/**
 * Whether the mesh may be in pieces: members that the server names, and to whom no way is known, are asked for a sign of
 * life over the mesh. Who is at the server and cannot be reached so is in another piece.
 */
export class Partition {
  private readonly context: Context;
  private asked: { readonly peer: PeerId; readonly until: Millis } | undefined = undefined;
  private askedAt: Millis = -Infinity;
  private misses = 0;

  constructor(context: Context) {
    this.context = context;
  }

  get suspected(): boolean {
    return this.misses >= MISSES;
  }

  /** The server named these members: whom to ask now. */
  named(records: readonly PeerRecord[], now: Millis): PeerId | undefined {
    const { knowledge, neighbourhood, config } = this.context;
    if (this.asked !== undefined || this.askedAt + config.partitionMs > now) return undefined;
    if (neighbourhood.ordinary.length === 0) return undefined;
    // One far off: a way to a near one is not known while the ring is open.
    const far = records.filter(({ id }) => knowledge.get(id)?.route === undefined && !knowledge.isLeaf(id));
    const peer = far[far.length - 1]?.id;
    if (peer === undefined) return undefined;
    this.askedAt = now;
    this.asked = { peer, until: now + config.partitionMs };
    return peer;
  }

  /** A peer answered over the mesh. */
  heard(peer: PeerId): void {
    if (this.asked?.peer !== peer) return;
    this.asked = undefined;
    this.misses = 0;
  }

  /** Nothing leads to a peer; tells whether that is a new reason for suspicion. */
  missed(peer: PeerId): boolean {
    if (this.asked?.peer !== peer) return false;
    this.asked = undefined;
    this.askedAt = -Infinity;
    return ++this.misses >= MISSES;
  }

  /** Who has not answered in time counts as missed; tells whether that is a new reason for suspicion. */
  review(now: Millis): boolean {
    return this.asked !== undefined && this.asked.until <= now && this.missed(this.asked.peer);
  }

  clear(): void {
    this.asked = undefined;
    this.misses = 0;
  }
}
