import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { compareClockwise } from '@peerpigeon/xor';
import type { Purpose } from './input.js';
import type { Knowledge } from './knowledge.js';
import type { Plan } from './plan.js';
import { assignRoles } from './role.js';
import type { Role } from './role.js';

/** A ready link, as the topology sees it. */
export interface Neighbor {
  readonly peer: PeerId;
  readonly record: PeerRecord;
  readonly since: Millis;
  /** What it is for at this end. */
  role: Role;
  /** What it is for at the other end; undefined until it said so, and then counts as ring. */
  theirRole: Role | undefined;
  theirRingOk: boolean;
  /** The other end's links: one step of the 2-hop table. */
  view: readonly PeerId[];
  /** The last status we sent, so that only changes are sent. */
  sentStatus: string;
  exchangeAt: Millis;
  exchangePeriodMs: Millis;
  /** We asked for it to be closed. */
  closing: boolean;
}

/** A link being made. It holds a slot from the moment it is asked for or granted. */
export interface Pending {
  readonly peer: PeerId;
  readonly purpose: Purpose;
  readonly since: Millis;
  /** We asked. */
  readonly ours: boolean;
}

/** Links that are there and links that are being made; which of them is what. */
export class Neighborhood {
  readonly links = new Map<PeerId, Neighbor>();
  readonly pending = new Map<PeerId, Pending>();
  private readonly self: PeerId;

  constructor(self: PeerId) {
    this.self = self;
  }

  /** Slots taken: links and those being made. */
  get load(): number {
    return this.links.size + this.pending.size;
  }

  add(peer: PeerId, record: PeerRecord, now: Millis): Neighbor {
    this.pending.delete(peer);
    const neighbor: Neighbor = {
      peer,
      record,
      since: now,
      role: 'none',
      theirRole: undefined,
      theirRingOk: false,
      view: [],
      sentStatus: '',
      exchangeAt: now,
      exchangePeriodMs: 0,
      closing: false,
    };
    this.links.set(peer, neighbor);
    return neighbor;
  }

  /** Gives each link its role anew. */
  assign({ slots, policy, farRank }: Plan, knowledge: Knowledge): void {
    const candidates = [...this.links.values()].map(({ peer, record, role }) => {
      const onRing = record.caps.maxPeers >= 2;
      // What is long already stays so until it is much too near (hysteresis), or the mesh would flap as it grows.
      const rank = role === 'finger' || role === 'random' ? farRank >> 1 : farRank;
      return { peer, onRing, far: onRing && knowledge.isFar(peer, rank) };
    });
    const roles = assignRoles(this.self, candidates, slots, policy);
    for (const link of this.links.values()) link.role = roles.get(link.peer) ?? 'none';
  }

  /** The linked ring neighbour on one side, 1: successor, −1: predecessor. */
  ringNeighbor(direction: 1 | -1): PeerId | undefined {
    let best: PeerId | undefined;
    for (const { peer, record } of this.links.values()) {
      if (record.caps.maxPeers < 2) continue;
      if (best === undefined || compareClockwise(this.self, peer, best) * direction < 0) best = peer;
    }
    return best;
  }

  /** Whether `peer` is nearer on some side than the linked neighbour there. */
  improvesRing(peer: PeerId): boolean {
    for (const direction of [1, -1] as const) {
      const present = this.ringNeighbor(direction);
      if (present === undefined || compareClockwise(this.self, peer, present) * direction < 0) return true;
    }
    return false;
  }

  /** Links in roles that take one of the long and near slots. */
  spareLinks(): number {
    let count = 0;
    for (const { role } of this.links.values()) if (role !== 'ring' && role !== 'none') count++;
    return count;
  }

  /** Pending links that will take one of those slots. */
  sparePending(): number {
    let count = 0;
    for (const { purpose } of this.pending.values()) if (purpose !== 'ring') count++;
    return count;
  }

  /** Whether the two ends of a link stay connected without it, over one other neighbour of ours. */
  hasDetour(link: Neighbor): boolean {
    for (const other of this.links.values()) {
      if (other !== link && !other.closing && (other.view.includes(link.peer) || link.view.includes(other.peer)))
        return true;
    }
    return false;
  }

  clear(): void {
    this.links.clear();
    this.pending.clear();
  }
}
