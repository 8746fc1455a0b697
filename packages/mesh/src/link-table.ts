import type { Millis, PeerId } from '@peerpigeon/core';
import type { Link } from '@peerpigeon/link';
import type { Frame } from './frame.js';

/**
 * How far a link is, as the mesh shows it. `handover`: ready, but above `maxPeers` until the link it replaces has closed;
 * used, and not shown (ARCHITECTURE.md, Topology). `connected`: shown.
 */
export type LinkPhase = 'connecting' | 'handover' | 'connected';

/** One link: its machine and what the mesh remembers of it. */
export interface LinkEntry {
  readonly peer: PeerId;
  /** The session of its transport: what comes from a former one is dropped. */
  session: string;
  readonly link: Link;
  phase: LinkPhase;
  /** Silent for some seconds. */
  degraded: boolean;
  /** When it became ready. */
  readySince: Millis;
  /** Frames of the other protocols that overtook the hello on the second data channel. */
  early: Frame[];
  violations: number;
  /** The server said that the peer is not there. */
  absent: boolean;
}

/** All links of a mesh, at most one for each peer. */
export class LinkTable {
  private readonly entries = new Map<PeerId, LinkEntry>();

  get(peer: PeerId): LinkEntry | undefined {
    return this.entries.get(peer);
  }

  add(peer: PeerId, session: string, link: Link): LinkEntry {
    const entry: LinkEntry = {
      peer,
      session,
      link,
      phase: 'connecting',
      degraded: false,
      readySince: 0,
      early: [],
      violations: 0,
      absent: false,
    };
    this.entries.set(peer, entry);
    return entry;
  }

  /** Removes this very entry; a newer one of the same peer stays. */
  delete(entry: LinkEntry): void {
    if (this.entries.get(entry.peer) === entry) this.entries.delete(entry.peer);
  }

  all(): LinkEntry[] {
    return [...this.entries.values()];
  }

  /** Links in one phase. */
  in(phase: LinkPhase): LinkEntry[] {
    return this.all().filter((entry) => entry.phase === phase);
  }

  /** Peers whose links are shown, in the order in which they became so. */
  connected(): PeerId[] {
    return this.in('connected').map(({ peer }) => peer);
  }
}
