import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { bucketIndex, predecessor, successor } from '@peerpigeon/xor';
import type { Backoff } from './backoff.js';
import type { Context } from './context.js';
import { Fingers } from './fingers.js';
import type { Purpose } from './input.js';
import { isOnRing } from './known.js';
import { coveredBuckets } from './partner.js';
import { shallowBuckets, spareSlots } from './plan.js';
import type { Plan } from './plan.js';
import { assignRoles } from './role.js';
import type { Role } from './role.js';

/** A ready link, as the topology sees it. */
export interface Neighbour {
  readonly peer: PeerId;
  readonly record: PeerRecord;
  /** It is for a call or a transfer: beyond `maxPeers`, without a slot. */
  readonly extra: boolean;
  /** What it is for at this end. */
  role: Role;
  /** What it is for at the other end; undefined until it said so, and then counts as ring. */
  theirRole: Role | undefined;
  theirRingOk: boolean;
  /** Nothing is heard of it: it has no role and takes no slot, and only liveness closes it. */
  suspect: boolean;
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
  readonly since: Millis;
}

/** Links that are there and links that are being made; which of them is what. */
export class Neighbourhood {
  readonly links = new Map<PeerId, Neighbour>();
  readonly pending = new Map<PeerId, Pending>();
  /** Ring neighbours that cannot be linked, and are held over others; kept by the topology. */
  readonly tunnels = new Set<PeerId>();
  /** The buckets in which fingers are wanted; undefined: any. */
  wanted: ReadonlySet<number> | undefined;
  private readonly self: PeerId;
  private readonly fingers = new Fingers();

  constructor(self: PeerId) {
    this.self = self;
  }

  /** Whom there are links with: peers on the ring, and leaves. */
  get view(): { readonly links: readonly PeerId[]; readonly leaves: readonly PeerId[] } {
    const links: PeerId[] = [];
    const leaves: PeerId[] = [];
    for (const { peer, record } of this.links.values()) (isOnRing(record) ? links : leaves).push(peer);
    return { links, leaves };
  }

  /** Links that take a slot, or would if they had a role: neither extra ones nor suspects. */
  get ordinary(): Neighbour[] {
    return [...this.links.values()].filter(({ extra, suspect }) => !extra && !suspect);
  }

  /** Slots taken: links and those being made. */
  get load(): number {
    return this.ordinary.length + this.pending.size - this.countPending('extra');
  }

  /** There is a link with a peer on the ring, or one is being made. */
  get hangsOn(): boolean {
    const { ordinary, load } = this;
    return load > ordinary.length || ordinary.some(({ record }) => isOnRing(record));
  }

  /** Links beyond `maxPeers`, and those being made. */
  get extras(): number {
    let count = this.countPending('extra');
    for (const { extra } of this.links.values()) if (extra) count++;
    return count;
  }

  /** Whether a link with `peer` is there or being made. */
  has(peer: PeerId): boolean {
    return this.links.has(peer) || this.pending.has(peer);
  }

  add(peer: PeerId, record: PeerRecord, exchange: Backoff): void {
    const extra = this.pending.get(peer)?.purpose === 'extra';
    this.pending.delete(peer);
    this.links.set(peer, {
      peer,
      record,
      extra,
      role: 'none',
      theirRole: undefined,
      theirRingOk: false,
      suspect: false,
      view: [],
      sentStatus: '',
      exchange,
      closing: false,
    });
  }

  /** Gives each link its role anew. */
  assign(plan: Plan, { knowledge, config, rng }: Context, now: Millis): void {
    const { slots, policy, farRank, settings } = plan;
    // With one long link alone it is drawn uniformly: the diameter is what counts then.
    if (policy.spread && settings.maxPeers > 3) {
      const covered = coveredBuckets(this.self, this);
      this.wanted = this.fingers.draw(slots.finger, shallowBuckets(plan), covered, config.redrawMs, now, rng);
    } else this.wanted = undefined;
    const { wanted } = this;
    const adjacent = knowledge.near(1);
    const near = knowledge.near(farRank);
    // What is long already stays so until it is much too near (hysteresis), or the mesh would flap as it grows.
    const tooNear = knowledge.near(farRank >> 1);
    const candidates = [...this.links.values()]
      .filter(({ suspect }) => !suspect)
      .map(({ peer, record, role, theirRole, extra }) => {
        const onRing = isOnRing(record);
        const claimed = theirRole !== 'random' && theirRole !== 'none';
        // A finger into a wanted bucket, here or there, may lead to a near one.
        const finger =
          wanted !== undefined &&
          !adjacent.includes(peer) &&
          (wanted.has(bucketIndex(this.self, peer)) || theirRole === 'finger' || theirRole === undefined);
        const far = finger || !(role === 'finger' || role === 'random' ? tooNear : near).includes(peer);
        return { peer, onRing, far: onRing && far, extra, claimed };
      });
    const roles = assignRoles(this.self, candidates, slots, policy, this);
    for (const link of this.links.values()) link.role = roles.get(link.peer) ?? 'none';
  }

  /**
   * Nothing has changed for long: a link that no slot asks for keeps one that is free, as nothing better was found. Else one
   * such link after the other would be replaced as late as free slots happen to find each other (S105).
   */
  settle(plan: Plan): void {
    for (const link of this.ordinary) {
      if (link.role === 'none' && spareSlots(plan, this) > 0) link.role = 'random';
    }
  }

  /** Whether `peer` is nearer on some side than the neighbour there, linked or tunnelled. */
  improvesRing(peer: PeerId): boolean {
    const linked = this.onRing();
    if (linked.includes(peer)) return false;
    const sides = [...linked, ...this.tunnels, peer];
    return successor(this.self, sides) === peer || predecessor(this.self, sides) === peer;
  }

  /** On how many sides a tunnelled peer is nearer than any link: there is no ring link there. */
  get tunnelled(): number {
    if (this.tunnels.size === 0) return 0;
    const linked = this.onRing();
    const sides = [...linked, ...this.tunnels];
    return [successor(this.self, sides), predecessor(this.self, sides)].filter(
      (peer) => peer !== undefined && !linked.includes(peer),
    ).length;
  }

  /** How many links have one of these roles, and how many are being made for one. */
  count(...roles: readonly Purpose[]): number {
    let count = 0;
    for (const { role } of this.links.values()) if (roles.includes(role)) count++;
    return count + this.countPending(...roles);
  }

  /** Links in roles that take one of the long and near slots, and those being made that will. */
  get spareLoad(): number {
    return this.longLoad + this.count('near', 'leaf');
  }

  /** Of these, the long ones. */
  get longLoad(): number {
    return this.count('random', 'finger') + this.countPending('none', 'manual');
  }

  /** Whether the two ends of a link stay connected without it, over one other neighbour of ours. */
  hasDetour(link: Neighbour): boolean {
    for (const other of this.links.values()) {
      if (other === link || other.closing || other.suspect) continue;
      if (other.view.includes(link.peer) || link.view.includes(other.peer)) return true;
    }
    return false;
  }

  clear(): void {
    this.links.clear();
    this.pending.clear();
    this.tunnels.clear();
  }

  private onRing(): PeerId[] {
    const links = [...this.links.values()].filter(({ record, suspect }) => !suspect && isOnRing(record));
    return links.map(({ peer }) => peer);
  }

  private countPending(...purposes: readonly Purpose[]): number {
    let count = 0;
    for (const { purpose } of this.pending.values()) if (purposes.includes(purpose)) count++;
    return count;
  }
}
