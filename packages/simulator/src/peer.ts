import type { Envelope, EnvelopeKind, Machine, MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Event, Input, Output } from '@peerpigeon/mesh';
import type { LinkEnd } from './link-end.js';
import type { LinkKind } from './observer.js';

/** What the simulator needs of a mesh; `Mesh` of @peerpigeon/mesh is one. */
export interface MeshMachine extends Machine<Input, Output> {
  readonly report: {
    /** Peers with a ready mesh link. */
    peers(): readonly PeerId[];
    /** Ready links of every kind. */
    links(): readonly { readonly peer: PeerId; readonly kind: LinkKind }[];
  };
  /** Makes an envelope of content, numbered by the machine. */
  compose(draft: {
    readonly kind: EnvelopeKind;
    readonly channel: string;
    readonly to?: PeerId;
    readonly content: Uint8Array;
    readonly timestamp: Millis;
  }): Envelope;
}

/** `up` from its joining; `left` said goodbye; `killed` fell silent. The last two are final. */
export type PeerState = 'up' | 'left' | 'killed';

/** What a peer needs of the network it is in. */
interface Host {
  readonly now: Millis;
  readonly wallMs: Millis;
  feed(peer: SimulatedPeer, input: Input): void;
}

/** The channel of chat messages (README), and of those that name no other. */
const CHANNEL = 'chat';

/** One peer of a {@link Network}: the real mesh machine over virtual transports. */
export class SimulatedPeer {
  readonly id: PeerId;
  /** Its place in the network's list, by order of joining. */
  readonly index: number;
  readonly maxPeers: number;
  /** The machine itself, to look into; feeding it is the network's work. */
  readonly machine: MeshMachine;
  /** Called with every event of the machine. */
  readonly onEvent: ((event: Event, now: Millis) => void) | undefined;
  state: PeerState = 'up';
  private readonly host: Host;
  private readonly byPeer = new Map<PeerId, LinkEnd[]>();

  constructor(
    host: Host,
    options: Pick<SimulatedPeer, 'id' | 'index' | 'maxPeers' | 'machine'> & Partial<Pick<SimulatedPeer, 'onEvent'>>,
  ) {
    this.host = host;
    this.id = options.id;
    this.index = options.index;
    this.maxPeers = options.maxPeers;
    this.machine = options.machine;
    this.onEvent = options.onEvent;
  }

  /** Ids of the peers it has a ready mesh link with. */
  get peers(): readonly PeerId[] {
    return this.state === 'up' ? this.machine.report.peers() : [];
  }

  /**
   * Broadcasts bytes. It happens when the network next runs.
   * @param ttl pins the TTL; by default it follows the size of the mesh
   * @returns the message's id
   */
  broadcast(content: Uint8Array, options: { readonly channel?: string; readonly ttl?: number } = {}): MessageId {
    const { channel = CHANNEL, ttl } = options;
    const envelope = this.machine.compose({ kind: 'broadcast', channel, content, timestamp: this.host.wallMs });
    this.host.feed(this, { type: 'broadcast', envelope, ...(ttl === undefined ? {} : { ttl }) });
    return envelope.id;
  }

  /** Sends bytes to one peer. It happens when the network next runs. Returns the message's id. */
  sendDirect(to: PeerId, content: Uint8Array, options: { readonly channel?: string } = {}): MessageId {
    const { channel = CHANNEL } = options;
    const envelope = this.machine.compose({ kind: 'direct', channel, to, content, timestamp: this.host.wallMs });
    this.host.feed(this, { type: 'direct', envelope });
    return envelope.id;
  }

  /** Feeds the machine any input of the application: `configure`, `dial`, `hangup`, … when the network next runs. */
  input(input: Extract<Input, { type: 'configure' | 'dial' | 'hangup' }>): void {
    this.host.feed(this, input);
  }

  /** Says goodbye and goes, when the network next runs. */
  leave(): void {
    this.host.feed(this, { type: 'leave' });
  }

  /** Its transport of `session` with `peer`. */
  end(peer: PeerId, session: string): LinkEnd | undefined {
    const ends = this.byPeer.get(peer);
    if (ends === undefined) return undefined;
    for (const end of ends) if (end.session === session) return end;
    return undefined;
  }

  /** Its transports: all of them, or those with one peer. A copy. */
  ends(peer?: PeerId): LinkEnd[] {
    return peer === undefined ? [...this.byPeer.values()].flat() : [...(this.byPeer.get(peer) ?? [])];
  }

  addEnd(end: LinkEnd): void {
    const ends = this.byPeer.get(end.peer);
    if (ends === undefined) this.byPeer.set(end.peer, [end]);
    else ends.push(end);
  }

  removeEnd(end: LinkEnd): void {
    const ends = this.byPeer.get(end.peer);
    const at = ends?.indexOf(end) ?? -1;
    if (ends === undefined || at === -1) return;
    if (ends.length === 1) this.byPeer.delete(end.peer);
    else ends.splice(at, 1);
  }
}
