import { type PeerId, type Rng, sample } from '@peerpigeon/core';
import { DEFAULT_HUB_CONFIG } from './config.js';
import type { Epoch, Member, NodeId, NodeInput, NodeOutput, Search } from './node-io.js';
import { Roster, neighbours } from './roster.js';

/** What a registry is made of. */
export interface RegistryOptions {
  /** Draws random members. */
  readonly rng: Rng;
  /** Hands an input to the hub of a node; false if there is no such node. Called while `handle` runs: hubs queue it. */
  readonly deliver: (node: NodeId, input: NodeInput) => boolean;
  /** A number larger than any given before. Default: 1, 2, 3, … */
  readonly nextEpoch?: () => Epoch;
  /** Members that seek links, remembered to be brought together; the latest. */
  readonly maxSeekers?: number;
}

/** Who holds an id, as the registry has it. */
export interface Owner {
  readonly node: NodeId;
  readonly epoch: Epoch;
}

/** One network in a registry. */
interface Area {
  readonly owners: Map<PeerId, Owner>;
  /** The discoverable of them. */
  readonly members: Map<PeerId, Member>;
  readonly roster: Roster;
}

/**
 * The index that several hubs share, in one process: who holds which id, on which node, and who can be found. What it answers
 * is the reference for any other index.
 */
export class Registry {
  private readonly rng: Rng;
  private readonly deliver: (node: NodeId, input: NodeInput) => boolean;
  private readonly nextEpoch: () => Epoch;
  private readonly maxSeekers: number;
  private readonly areas = new Map<string, Area>();
  private epochs = 0;

  constructor({ rng, deliver, nextEpoch, maxSeekers = DEFAULT_HUB_CONFIG.maxSeekers }: RegistryOptions) {
    this.rng = rng;
    this.deliver = deliver;
    this.nextEpoch = nextEpoch ?? (() => ++this.epochs);
    this.maxSeekers = maxSeekers;
  }

  /** Networks in which somebody holds an id. */
  get networkCount(): number {
    return this.areas.size;
  }

  /** Who holds an id, and whether it can be found. */
  entry(network: string, peerId: PeerId): (Owner & { readonly member: Member | undefined }) | undefined {
    const area = this.areas.get(network);
    const owner = area?.owners.get(peerId);
    return owner && { ...owner, member: area?.members.get(peerId) };
  }

  /** Every id that is held. */
  *entries(): Iterable<Owner & { readonly network: string; readonly peerId: PeerId; readonly member?: Member }> {
    for (const [network, { owners, members }] of this.areas) {
      for (const [peerId, owner] of owners) {
        const member = members.get(peerId);
        yield { ...owner, network, peerId, ...(member && { member }) };
      }
    }
  }

  /** Carries out what the hub of `node` asks. */
  handle(node: NodeId, output: NodeOutput): void {
    switch (output.type) {
      case 'claim':
        return this.claim(node, output);
      case 'announce':
        return this.announce(node, output);
      case 'depart':
        return this.depart(node, output);
      case 'forward':
        return this.forward(node, output);
      case 'post':
        this.deliver(output.node, { type: 'delivered', from: node, message: output.message });
    }
  }

  /** Writes down that `node` holds an id: for an index that has learnt so elsewhere. */
  set(network: string, peerId: PeerId, owner: Owner, member: Member | undefined): void {
    const area = this.area(network);
    area.owners.set(peerId, owner);
    if (member === undefined) return;
    area.members.set(peerId, member);
    area.roster.ring.add(peerId);
  }

  /** Forgets an id. */
  delete(network: string, peerId: PeerId): void {
    const area = this.areas.get(network);
    if (area === undefined) return;
    this.conceal(area, peerId);
    area.owners.delete(peerId);
    if (area.owners.size === 0) this.areas.delete(network);
  }

  /** Forgets what a node holds that is gone. */
  drop(node: NodeId): void {
    for (const [network, { owners }] of this.areas) {
      for (const [peerId, owner] of owners) if (owner.node === node) this.delete(network, peerId);
    }
  }

  private area(network: string): Area {
    let area = this.areas.get(network);
    if (area === undefined) {
      area = { owners: new Map(), members: new Map(), roster: new Roster(this.maxSeekers) };
      this.areas.set(network, area);
    }
    return area;
  }

  private claim(node: NodeId, { connection, network, peerId, over }: Extract<NodeOutput, { type: 'claim' }>): void {
    const area = this.area(network);
    const owner = area.owners.get(peerId);
    if (owner !== undefined && owner.node !== node && owner.epoch !== over) {
      this.deliver(node, { type: 'held', connection, network, ...owner });
      return;
    }
    const epoch = this.nextEpoch();
    area.owners.set(peerId, { node, epoch });
    const former = area.members.get(peerId);
    this.deliver(node, { type: 'claimed', connection, network, peerId, epoch, ...(former && { former }) });
    if (owner === undefined || owner.node === node) return;
    this.deliver(owner.node, { type: 'superseded', network, peerId, epoch: owner.epoch });
  }

  private announce(node: NodeId, output: Extract<NodeOutput, { type: 'announce' }>): void {
    const { network, peerId, epoch, member, search, ticket } = output;
    const area = this.areas.get(network);
    if (area?.owners.get(peerId)?.epoch !== epoch) {
      this.deliver(node, { type: 'superseded', network, peerId, epoch });
      this.deliver(node, { type: 'found', ticket, members: [], drawn: [], seeking: [], held: [] });
      return;
    }
    area.members.set(peerId, member);
    area.roster.ring.add(peerId);
    const { drawn, seeking, ids } = this.search(area, peerId, search);
    const members = Array.from(ids, (id) => area.members.get(id) as Member);
    const held = search.also.filter((id) => area.owners.has(id));
    this.deliver(node, { type: 'found', ticket, members, drawn, seeking, held });
  }

  private search(
    { members, roster }: Area,
    peerId: PeerId,
    { around, nearest, random, seeking, also }: Search,
  ): { drawn: PeerId[]; seeking: PeerId[]; ids: Set<PeerId> } {
    const { ring } = roster;
    // All of a small ring, since draws that hit the same member again would leave some out.
    const isSmall = ring.size <= 4 * random;
    const drawn = isSmall
      ? sample(this.rng, ring.ids, random)
      : [...roster.draw(peerId, random, new Set(), () => true, this.rng)];
    const matched = [...roster.match(peerId, seeking, () => true)];
    const ids = new Set([
      ...ring.predecessors(peerId, around),
      ...ring.successors(peerId, around),
      ...ring.nearest(peerId, nearest + 1),
      ...also.filter((id) => members.has(id)),
      ...drawn,
      ...matched,
    ]);
    ids.delete(peerId);
    return { drawn: drawn.filter((id) => id !== peerId), seeking: matched, ids };
  }

  private depart(node: NodeId, output: Extract<NodeOutput, { type: 'depart' }>): void {
    const { network, peerId, epoch, stays, knownBy, told } = output;
    const area = this.areas.get(network);
    if (area?.owners.get(peerId)?.epoch !== epoch) return;
    const wasMember = area.members.has(peerId);
    if (stays) this.conceal(area, peerId);
    else this.delete(network, peerId);
    if (!wasMember) return;
    const { ring } = area.roster;
    const to = neighbours(ring, peerId, { ring: 1, nearest: 0, reach: 1 }, () => true);
    for (const id of knownBy) if (ring.has(id)) to.add(id);
    for (const id of told) to.delete(id);
    const message = { type: 'write', message: { type: 'peer-disconnected', peerId } } as const;
    this.forward(node, { type: 'forward', network, to: [...to], message });
  }

  private conceal({ members, roster }: Area, peerId: PeerId): void {
    members.delete(peerId);
    roster.ring.delete(peerId);
  }

  private forward(node: NodeId, { network, to, message, sender }: Extract<NodeOutput, { type: 'forward' }>): void {
    const byNode = new Map<NodeId, PeerId[]>();
    const absent: PeerId[] = [];
    for (const id of to) {
      const owner = this.areas.get(network)?.owners.get(id);
      if (owner === undefined) absent.push(id);
      else byNode.set(owner.node, [...(byNode.get(owner.node) ?? []), id]);
    }
    for (const [target, ids] of byNode) {
      const from = { from: node, network, to: ids, message };
      const isThere = this.deliver(target, { type: 'delivered', ...from, ...(sender !== undefined && { sender }) });
      if (!isThere) absent.push(...ids);
    }
    if (sender === undefined) return;
    for (const peerId of absent) this.deliver(node, { type: 'absent', connection: sender, peerId });
  }
}
