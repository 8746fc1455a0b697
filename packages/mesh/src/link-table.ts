import type { Millis, PeerId } from '@peerpigeon/core';
import { MIN_FRAME_BYTES } from '@peerpigeon/link';
import type { Link, SendScheduler } from '@peerpigeon/link';
import type { Frame } from './frame.js';
import type { FrameOutput } from './sender.js';
import type { Way } from './way.js';

/**
 * How far a link is, as the mesh shows it. `handover`: ready, but above `maxPeers` until the link it replaces has closed;
 * used, and not shown (ARCHITECTURE.md, Topology). `connected`: shown. `extra`: ready, beside the mesh links for a call or a
 * transfer; not shown either.
 */
export type LinkPhase = 'connecting' | 'handover' | 'connected' | 'extra';

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
  /** What is sent over it, and when. */
  readonly scheduler: SendScheduler<FrameOutput>;
  /** The largest frame that both ends take; known once it is ready. */
  maxFrameBytes: number;
  /** Messages that were dropped because too many waited. */
  dropped: number;
  /** How its signals go until it is ready. */
  readonly way: Way;
}

/** All links of a mesh, at most one for each peer. */
export class LinkTable {
  private readonly entries = new Map<PeerId, LinkEntry>();

  /** The link with `peer`; one that has just ended, and whose end is yet to be told, is none. */
  get(peer: PeerId): LinkEntry | undefined {
    const entry = this.entries.get(peer);
    return entry?.link.state === 'closed' ? undefined : entry;
  }

  add(session: string, link: Link, scheduler: SendScheduler<FrameOutput>, way: Way): LinkEntry {
    const { peer } = way;
    const entry: LinkEntry = {
      peer,
      session,
      link,
      phase: 'connecting',
      degraded: false,
      readySince: 0,
      early: [],
      violations: 0,
      scheduler,
      maxFrameBytes: MIN_FRAME_BYTES,
      dropped: 0,
      way,
    };
    this.entries.set(peer, entry);
    return entry;
  }

  /** Removes this very entry; a newer one of the same peer stays. */
  delete(entry: LinkEntry): void {
    entry.way.over = true;
    if (this.entries.get(entry.peer) === entry) this.entries.delete(entry.peer);
  }

  all(): LinkEntry[] {
    return [...this.entries.values()];
  }

  get size(): number {
    return this.entries.size;
  }

  /** How many links are ready and not silent. */
  get alive(): number {
    let count = 0;
    for (const { phase, degraded } of this.entries.values()) if (phase !== 'connecting' && !degraded) count++;
    return count;
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
