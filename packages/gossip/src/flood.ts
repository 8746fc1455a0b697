import type { PeerId } from '@peerpigeon/core';
import type { Payload } from './message.js';
import type { Output } from './output.js';

/**
 * The forwarding policy: to whom a message goes. This one floods: everyone but the link it came from and the peers that it
 * has passed (S26). A policy knows links and nothing of what has been seen; a spanning tree takes this room later.
 */
export class Flood {
  private readonly links = new Set<PeerId>();

  /** How many links there are. */
  get size(): number {
    return this.links.size;
  }

  /** Whom there are links with. */
  get peers(): readonly PeerId[] {
    return [...this.links];
  }

  /** A link is ready. */
  add(peer: PeerId): void {
    this.links.add(peer);
  }

  /** A link is gone. */
  delete(peer: PeerId): void {
    this.links.delete(peer);
  }

  /**
   * Sends `message` on, one object for all receivers. `message.path` ends with the own id and, before it, the link that
   * it came from.
   * @returns how many copies were sent
   */
  send(message: Payload, out: Output[]): number {
    let copies = 0;
    for (const to of this.links) {
      if (message.path.includes(to)) continue;
      out.push({ type: 'send', to, message });
      copies++;
    }
    return copies;
  }
}
