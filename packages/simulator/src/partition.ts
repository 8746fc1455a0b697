import type { SimulatedPeer } from './peer.js';

/** A name of one part of a network that is cut. */
export type Group = number | string;

/** Which peers carry nothing to each other now, and which do not reach the server. */
export class Partition {
  private groupOf: ((peer: SimulatedPeer) => Group) | undefined;
  private serverGroup: Group | undefined;
  /** Each peer is asked for once, at the first thing it sends or is sent. */
  private readonly groups = new Map<SimulatedPeer, Group>();

  /** Cuts the network along `groupOf`; a former cut is over. Without `server` everyone reaches the server. */
  cut(groupOf: (peer: SimulatedPeer) => Group, server?: Group): void {
    this.heal();
    this.groupOf = groupOf;
    this.serverGroup = server;
  }

  /** All is one network again. */
  heal(): void {
    this.groupOf = undefined;
    this.serverGroup = undefined;
    this.groups.clear();
  }

  /** Whether nothing passes between the two. */
  separates(a: SimulatedPeer, b: SimulatedPeer): boolean {
    return this.groupOf !== undefined && this.group(a, this.groupOf) !== this.group(b, this.groupOf);
  }

  /** Whether the peer reaches the server. */
  reachesServer(peer: SimulatedPeer): boolean {
    const { groupOf, serverGroup } = this;
    return groupOf === undefined || serverGroup === undefined || this.group(peer, groupOf) === serverGroup;
  }

  private group(peer: SimulatedPeer, groupOf: (peer: SimulatedPeer) => Group): Group {
    let group = this.groups.get(peer);
    if (group === undefined) {
      group = groupOf(peer);
      this.groups.set(peer, group);
    }
    return group;
  }
}
