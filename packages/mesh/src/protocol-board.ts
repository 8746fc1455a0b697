import { DecodeError, assert } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerCaps } from '@peerpigeon/identity';
import type { Address, Event as RoutingEvent } from '@peerpigeon/routing';
import type { LeafSet, Input as TopologyInput } from '@peerpigeon/topology';
import { compareRingDistance } from '@peerpigeon/xor';
import { addressOf } from './address.js';
import { encodeParcel, readParcel } from './frame.js';
import type { LinkBoard } from './link-board.js';
import type { MapSizes } from './map-sizes.js';
import type { Output } from './output.js';
import { MAX_TAG, MIN_TAG } from './protocol.js';
import type { Protocol, ProtocolInput, ProtocolOutput } from './protocol.js';

/** What optional protocols ask of the mesh. */
export interface ProtocolHost {
  now(): Millis;
  put(output: Output): void;
  links(): LinkBoard;
  /** Sends a parcel. */
  parcel(address: Address, body: Uint8Array): void;
  tellTopology(input: TopologyInput): void;
  /** Has a parcel that ended here go on to that peer. */
  pass(to: PeerId, parcel: ArrivedParcel): void;
  /** The leaf set. */
  leaves(): LeafSet;
  /** What a peer is known to hold: see `PeerCaps.protocols`. */
  protocolsOf(peer: PeerId): number;
}

type ArrivedParcel = Extract<RoutingEvent, { readonly type: 'parcel' }>;

/** The protocols of a list, as a peer's record says them: nothing of none. */
export function protocolBits(protocols: readonly Pick<Protocol, 'tag'>[]): Pick<PeerCaps, 'protocols'> {
  const bits = protocols.reduce((sum, { tag }) => sum | bitOf(tag), 0);
  return bits === 0 ? {} : { protocols: bits };
}

function bitOf(tag: number): number {
  return 1 << (tag - MIN_TAG);
}

/** Why an extra link ends that nothing asks for any more. */
const UNUSED = 'no longer used';

/** The optional protocols of a mesh: tells them what happens, and carries out what they ask for. */
export class ProtocolBoard {
  private readonly protocols: readonly Protocol[];
  private readonly host: ProtocolHost;

  /** @throws {AssertionError} when two have the same name or tag, or a tag is out of range */
  constructor(protocols: readonly Protocol[], host: ProtocolHost) {
    const tags = new Set(protocols.map(({ tag }) => tag));
    const names = new Set(protocols.map(({ name }) => name));
    assert(tags.size === protocols.length && names.size === protocols.length, 'each protocol has a name and a tag');
    for (const tag of tags) assert(tag >= MIN_TAG && tag <= MAX_TAG, `a tag from ${MIN_TAG} to ${MAX_TAG}`);
    this.protocols = protocols;
    this.host = host;
  }

  /** What their bounded maps hold and may hold. */
  get mapSizes(): MapSizes {
    return Object.assign({}, ...this.protocols.map(({ machine }) => machine.mapSizes)) as MapSizes;
  }

  /** Tells all of them of a link. */
  peer(type: 'peerUp' | 'suspect' | 'recovered' | 'peerDown', peer: PeerId): void {
    if (type !== 'peerUp') return this.tell({ type, peer });
    this.tell({ type, peer, maxFrameBytes: this.host.links().sender.maxFrameBytes(peer) });
    this.writable(peer);
  }

  /** A link takes more. */
  writable(peer: PeerId): void {
    for (const protocol of this.protocols) this.tellRoom(protocol, peer);
  }

  /** A parcel of ours could go no further. */
  bounced(to: PeerId): void {
    this.tell({ type: 'bounced', to });
  }

  /** The leaf set, first told when the mesh has been joined. */
  leaves({ after, before, whole, member }: LeafSet & { readonly member: boolean }): void {
    for (const protocol of this.protocols) {
      const held = (peer: PeerId): boolean => this.holds(peer, protocol.tag);
      const input: ProtocolInput = {
        type: 'leaves',
        after: after.filter(held),
        before: before.filter(held),
        whole,
        member,
      };
      this.run(protocol, input);
    }
  }

  leave(): void {
    this.tell({ type: 'leave' });
  }

  /** An input of the interpreter, or a timer that comes back, for one of them. */
  feed(name: string, input: unknown): void {
    const protocol = this.protocols.find((each) => each.name === name);
    assert(protocol !== undefined, `no protocol ${name}`);
    this.run(protocol, input);
  }

  /** Something came over a link, or, `routed`, over other peers. */
  received(tag: number, value: unknown, path: readonly PeerId[], routed: boolean): void {
    const protocol = this.protocols.find((each) => each.tag === tag);
    if (protocol === undefined) return;
    const from = path[0] as PeerId;
    let message: unknown;
    try {
      message = protocol.decode(value);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const detail = `${protocol.name}: ${error.message}`;
      // Who sent it over other peers may be anybody: no link is to suffer.
      if (routed) this.host.put({ type: 'violation', peer: from, code: 'malformed', detail });
      else this.host.links().violation(from, 'malformed', detail);
      return;
    }
    this.run(protocol, { type: 'received', from, message, path } satisfies ProtocolInput);
  }

  /** A parcel for us: topology's, or one of an optional protocol. */
  unpack(arrived: ArrivedParcel): void {
    const { body, path } = arrived;
    const from = path[0] as PeerId;
    try {
      const parcel = readParcel(body);
      if (parcel.channel === 'protocol') {
        if (arrived.key !== undefined && this.protocols.every(({ tag }) => tag !== parcel.tag)) {
          return this.passOn(arrived, arrived.key, parcel.tag);
        }
        return this.received(parcel.tag, parcel.message, path, true);
      }
      const route = path.slice(1).reverse();
      this.host.tellTopology({ type: 'routed', from, route, message: parcel.message });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.host.put({ type: 'violation', peer: from, code: 'malformed', detail: `parcel: ${error.message}` });
    }
  }

  /** What seeks a key and a protocol that is not held here goes on to whoever holds it next to us. */
  private passOn(parcel: ArrivedParcel, key: PeerId, tag: number): void {
    const { after, before } = this.host.leaves();
    const holders = [...after, ...before].filter((peer) => peer !== parcel.from && this.holds(peer, tag));
    const [first, ...rest] = holders;
    if (first === undefined) return;
    this.host.pass(
      rest.reduce((best, peer) => (compareRingDistance(key, peer, best) < 0 ? peer : best), first),
      parcel,
    );
  }

  private holds(peer: PeerId, tag: number): boolean {
    return (this.host.protocolsOf(peer) & bitOf(tag)) !== 0;
  }

  private tell(input: ProtocolInput): void {
    for (const protocol of this.protocols) this.run(protocol, input);
  }

  private tellRoom(protocol: Protocol, peer: PeerId): void {
    const bytes = Math.floor(this.host.links().sender.writable(peer, protocol.name));
    if (bytes > 0) this.run(protocol, { type: 'writable', peer, bytes } satisfies ProtocolInput);
  }

  private run(protocol: Protocol, input: unknown): void {
    const outputs: { readonly type: string }[] = [];
    protocol.machine.handle(input, this.host.now(), outputs);
    const sentTo = new Set<PeerId>();
    for (const output of outputs) this.carryOut(protocol, output as ProtocolOutput, sentTo);
    // What it may send now depends on what it has sent.
    for (const peer of sentTo) this.tellRoom(protocol, peer);
  }

  private carryOut(protocol: Protocol, output: ProtocolOutput, sentTo: Set<PeerId>): void {
    const { host } = this;
    const { name, tag } = protocol;
    switch (output.type) {
      case 'send': {
        const contentBytes = protocol.contentBytes(output.message);
        const frame = { channel: 'protocol', tag, contentBytes, message: protocol.encode(output.message) } as const;
        host.links().send(output.to, frame, name);
        if (contentBytes > 0) sentTo.add(output.to);
        return;
      }
      case 'route':
      case 'seek':
        return host.parcel(addressOf(output), encodeParcel(tag, protocol.encode(output.message)));
      case 'dial':
        return host.tellTopology({ type: 'dial', peer: output.peer, purpose: 'extra' });
      case 'release': {
        const isExtra = host.links().table.get(output.peer)?.phase === 'extra';
        if (isExtra) host.links().tell(output.peer, { type: 'hangup', reason: UNUSED });
        return;
      }
      case 'timer':
        return host.put({ ...output, timer: { machine: 'protocol', name, timer: output.timer } });
      case 'violation':
        return host.links().violation(output.peer, output.code, output.detail);
      default:
        return host.put({ type: 'protocol', name, output: output satisfies never });
    }
  }
}
