import type { Millis, PeerId } from '@peerpigeon/core';
import type { LiveMesh, Member } from './live-mesh.js';

/**
 * When those who survive a kill have noticed it: until then each holds a link with somebody dead that it takes for
 * healthy. Noticed is a link that is closed, or that is called degraded.
 */
export class Detection {
  private readonly pending = new Map<Member, Set<PeerId>>();
  private noticedMs: Millis | null = null;

  /** @param doomed those about to be killed, still with their links */
  constructor(mesh: LiveMesh, doomed: readonly Member[]) {
    const dead = new Set<Member>(doomed);
    for (const victim of doomed) {
      for (const survivor of mesh.neighboursOf(victim)) {
        if (dead.has(survivor)) continue;
        const lost = this.pending.get(survivor);
        if (lost === undefined) this.pending.set(survivor, new Set([victim.id]));
        else lost.add(victim.id);
      }
    }
  }

  /** When the last of them was first seen to have noticed; null before. */
  get atMs(): Millis | null {
    return this.noticedMs;
  }

  /** Looks at those who have not noticed yet. */
  sample(now: Millis): void {
    if (this.noticedMs !== null) return;
    for (const [survivor, lost] of this.pending) {
      const links = survivor.state === 'up' ? survivor.machine.report.links() : [];
      if (!links.some((link) => link.degraded !== true && lost.has(link.peer))) this.pending.delete(survivor);
    }
    if (this.pending.size === 0) this.noticedMs = now;
  }
}
