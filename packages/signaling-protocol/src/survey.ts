import type { PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { SortedRing } from '@peerpigeon/xor';
import type { Member, NodeInput } from './node-io.js';
import type { Census, Fits } from './roster.js';

/** What the index found for one announce: of each kind as many as were asked for, so that choosing from it is exact. */
export class Survey implements Census {
  readonly ring: SortedRing;
  private readonly members: ReadonlyMap<PeerId, Member>;
  private readonly drawn: readonly PeerId[];
  private readonly seeking: readonly PeerId[];
  private readonly held: ReadonlySet<PeerId>;

  constructor({ members, drawn, seeking, held }: Extract<NodeInput, { type: 'found' }>) {
    this.members = new Map(members.map((member) => [member.record.id, member]));
    this.ring = new SortedRing(this.members.keys());
    this.drawn = drawn;
    this.seeking = seeking;
    this.held = new Set(held);
  }

  record(id: PeerId): PeerRecord | undefined {
    return this.members.get(id)?.record;
  }

  isOurs(id: PeerId): boolean {
    return this.members.get(id)?.isOurs ?? false;
  }

  /** Of those that the index has drawn. */
  draw(id: PeerId, count: number, others: ReadonlySet<PeerId>, fits: Fits): Set<PeerId> {
    const left = this.drawn.filter((other) => other !== id && !others.has(other) && fits(other));
    return new Set(left.slice(0, Math.max(0, count)));
  }

  /** The index has brought them together already; whoever does not fit is left out. */
  match(_id: PeerId, seeking: number, fits: Fits): Set<PeerId> {
    return new Set(this.seeking.filter(fits).slice(0, seeking));
  }

  holds(id: PeerId): boolean {
    return this.members.has(id) || this.held.has(id);
  }

  latestSeekers(): PeerId[] {
    return [...this.seeking];
  }
}
