import type { PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { predecessor, successor } from '@peerpigeon/xor';
import type { Backoff } from './backoff.js';
import type { Purpose } from './input.js';
import { isOnRing } from './knowledge.js';
import type { Knowledge } from './knowledge.js';
import type { Plan } from './plan.js';
import { assignRoles } from './role.js';
import type { Role } from './role.js';

/** A ready link, as the topology sees it. */
export interface Neighbour {
  readonly peer: PeerId;
  readonly record: PeerRecord;
  /** What it is for at this end. */
  role: Role;
  /** What it is for at the other end; undefined until it said so, and then counts as ring. */
  theirRole: Role | undefined;
  theirRingOk: boolean;
  /** The other end's links: one step of the 2-hop table. */
  view: readonly PeerId[];
  /** The last status we sent, so that only changes are sent. */
  sentStatus: string;
  /** When it is told next what we know. */
  readonly exchange: Backoff;
  /** We asked for it to be closed. */
  closing: boolean;
}

/** A link being made. It holds a slot from the moment it is asked for or granted. */
export interface Pending {
  readonly purpose: Purpose;
  /** We asked. */
  readonly ours: boolean;
}

/** Links that are there and links that are being made; which of them is what. */
export class Neighbourhood {
  readonly links = new Map<PeerId, Neighbour>();
  readonly pending = new Map<PeerId, Pending>();
  private readonly self: PeerId;

  constructor(self: PeerId) {
    this.self = self;
  }

  /** Slots taken: links and those being made. */
  get load(): number {
    return this.links.size + this.pending.size;
  }

  /** Whether a link with `peer` is there or being made. */
  has(peer: PeerId): boolean {
    return this.links.has(peer) || this.pending.has(peer);
  }

  add(peer: PeerId, record: PeerRecord, exchange: Backoff): void {
    this.pending.delete(peer);
    this.links.set(peer, {
      peer,
      record,
      role: 'none',
      theirRole: undefined,
      theirRingOk: false,
      view: [],
      sentStatus: '',
      exchange,
      closing: false,
    });
  }

  /** Gives each link its role anew. */
  assign({ slots, policy, farRank }: Plan, knowledge: Knowledge): void {
    const near = knowledge.near(farRank);
    // What is long already stays so until it is much too near (hysteresis), or the mesh would flap as it grows.
    const tooNear = knowledge.near(farRank >> 1);
    const candidates = [...this.links.values()].map(({ peer, record, role }) => {
      const onRing = isOnRing(record);
      const far = !(role === 'finger' || role === 'random' ? tooNear : near).includes(peer);
      return { peer, onRing, far: onRing && far };
    });
    const roles = assignRoles(this.self, candidates, slots, policy);
    for (const link of this.links.values()) link.role = roles.get(link.peer) ?? 'none';
  }

  /** Whether `peer` is nearer on some side than the linked neighbour there. */
  improvesRing(peer: PeerId): boolean {
    const ring = [...this.links.values()].filter(({ record }) => isOnRing(record)).map((link) => link.peer);
    if (ring.includes(peer)) return false;
    ring.push(peer);
    return successor(this.self, ring) === peer || predecessor(this.self, ring) === peer;
  }

  /** Links in roles that take one of the long and near slots, and those being made that will. */
  get spareLoad(): number {
    let count = 0;
    for (const { role } of this.links.values()) if (role !== 'ring' && role !== 'none') count++;
    for (const { purpose } of this.pending.values()) if (purpose !== 'ring') count++;
    return count;
  }

  /** Whether the two ends of a link stay connected without it, over one other neighbour of ours. */
  hasDetour(link: Neighbour): boolean {
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
