import type { PeerId } from '@peerpigeon/core';
import type { PeerState } from './peer.js';

/** What the live mesh needs of a peer; `SimulatedPeer` is one. */
export interface Member {
  readonly id: PeerId;
  /** Its place among all that ever joined. */
  readonly index: number;
  readonly maxPeers: number;
  readonly state: PeerState;
  readonly machine: {
    readonly report: {
      /** Ready links, and those of them in which nothing has been heard for some seconds. */
      links(): readonly { readonly peer: PeerId; readonly degraded?: boolean }[];
      /** Peers that are held over common neighbours, in place of a link. */
      tunnels?(): readonly PeerId[];
      /** Bounded maps by name. */
      mapSizes?(): Readonly<Record<string, { readonly size: number; readonly cap: number }>>;
    };
  };
}

/** The connected components at one moment. */
export interface Components {
  readonly count: number;
  /** Members of the largest. */
  readonly largest: number;
  /** Members without any link. */
  readonly alone: number;
  /** The number of each member's component by the member's index; −1 for those that are gone. */
  readonly labels: Int32Array;
}

/**
 * Who is up and who is linked with whom at this moment: kept up to date by every link that opens and closes, so that
 * one look at the whole mesh takes time in proportion to its links. A peer that is killed takes its links with it.
 */
export class LiveMesh {
  /**
   * Whether nothing can pass between two members although a link between them has not closed: while the network is cut.
   * Such a link counts as none.
   */
  severed: ((a: Member, b: Member) => boolean) | undefined;
  private readonly members: (Member | undefined)[] = [];
  private readonly neighbours: number[][] = [];
  private order: readonly Member[] | undefined;
  private onRing: readonly Member[] | undefined;
  private count = 0;

  /** How many are up. */
  get size(): number {
    return this.count;
  }

  /** All that are up, by id. */
  get all(): readonly Member[] {
    this.order ??= this.members.filter((member) => member !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1));
    return this.order;
  }

  /** Those that belong on the ring, by id: all but the leaves, which may have one link. */
  get ring(): readonly Member[] {
    this.onRing ??= this.all.filter(({ maxPeers }) => maxPeers >= 2);
    return this.onRing;
  }

  add(member: Member): void {
    while (this.neighbours.length <= member.index) this.neighbours.push([]);
    if (this.members[member.index] === undefined) this.count++;
    this.members[member.index] = member;
    this.order = this.onRing = undefined;
  }

  remove(member: Member): void {
    if (this.members[member.index] === undefined) return;
    this.members[member.index] = undefined;
    this.count--;
    this.order = this.onRing = undefined;
  }

  /** A link opened; two may have several. */
  link(a: Member, b: Member): void {
    this.neighbours[a.index]?.push(b.index);
    this.neighbours[b.index]?.push(a.index);
  }

  /** One link between the two is gone. */
  unlink(a: Member, b: Member): void {
    drop(this.neighbours[a.index], b.index);
    drop(this.neighbours[b.index], a.index);
  }

  /** Members that are linked with `member`, each as often as there are links. */
  neighboursOf(member: Member): Member[] {
    return (this.neighbours[member.index] ?? []).flatMap((index) => this.members[index] ?? []);
  }

  /** Components among those that are up, by links of any kind; tunnels are none. */
  components(): Components {
    const { members, neighbours, severed } = this;
    const labels = new Int32Array(members.length).fill(-1);
    const queue = new Int32Array(this.count);
    let [count, largest, alone] = [0, 0, 0];
    for (let start = 0; start < members.length; start++) {
      if (labels[start] !== -1 || members[start] === undefined) continue;
      labels[start] = count;
      queue[0] = start;
      let end = 1;
      for (let head = 0; head < end; head++) {
        const at = queue[head] as number;
        for (const next of neighbours[at] as number[]) {
          const other = members[next];
          if (other === undefined || labels[next] !== -1 || severed?.(members[at] as Member, other)) continue;
          labels[next] = count;
          queue[end++] = next;
        }
      }
      count++;
      largest = Math.max(largest, end);
      if (end === 1) alone++;
    }
    return { count, largest, alone, labels };
  }

  /**
   * How many of {@link ring} have neither a link nor a tunnel with their true successor: 0 is a right ring.
   * @param labels each component is a ring of its own; without them all are one
   */
  ringErrors(labels?: Int32Array): number {
    const ends = new Map<number, { readonly first: Member; last: Member }>();
    let errors = 0;
    for (const member of this.ring) {
      const label = labels?.[member.index] ?? 0;
      const end = ends.get(label);
      if (end === undefined) {
        ends.set(label, { first: member, last: member });
        continue;
      }
      if (!this.joined(end.last, member)) errors++;
      end.last = member;
    }
    for (const { first, last } of ends.values()) if (first !== last && !this.joined(last, first)) errors++;
    return errors;
  }

  /** Pairs of members of which at least one holds the other over a tunnel. */
  tunnels(): number {
    const pairs = new Set<string>();
    for (const { id, machine } of this.all) {
      for (const peer of machine.report.tunnels?.() ?? []) pairs.add([id, peer].sort().join(' '));
    }
    return pairs.size;
  }

  private joined(member: Member, successor: Member): boolean {
    const linked = this.neighbours[member.index]?.includes(successor.index) === true;
    if (linked) return this.severed?.(member, successor) !== true;
    return member.machine.report.tunnels?.().includes(successor.id) === true;
  }
}

function drop(list: number[] | undefined, value: number): void {
  const at = list?.indexOf(value) ?? -1;
  if (at !== -1) list?.splice(at, 1);
}
