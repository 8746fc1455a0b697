import type { PeerId } from '@peerpigeon/core';

/** More than there are links. */
const MAX_COMEBACKS = 64;

/**
 * Peers whose link has lost its path, and with whom a new one is being made: until that is there, or their time is up, they are
 * shown as if nothing had happened.
 */
export class Comebacks {
  private readonly reasons = new Map<PeerId, string>();

  /** Who is awaited. */
  get peers(): PeerId[] {
    return [...this.reasons.keys()];
  }

  has(peer: PeerId): boolean {
    return this.reasons.has(peer);
  }

  /** Awaits a peer, whose link has ended for this reason. False: too many are awaited. */
  add(peer: PeerId, reason: string): boolean {
    if (this.reasons.size >= MAX_COMEBACKS) return false;
    this.reasons.set(peer, reason);
    return true;
  }

  /** A peer is awaited no more; returns why its link had ended, undefined if it was not awaited. */
  end(peer: PeerId): string | undefined {
    const reason = this.reasons.get(peer);
    this.reasons.delete(peer);
    return reason;
  }
}
