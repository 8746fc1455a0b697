import type { Envelope, EnvelopeKind, Machine, MessageId, Millis, PeerId } from '@peerpigeon/core';
import type { Event, Input, Output } from '@peerpigeon/mesh';
import type { DhtNode } from './dht-node.js';
import type { Happening } from './happening.js';
import type { LinkEnd } from './link-end.js';
import type { JoinOptions } from './network-options.js';
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

/** `up` from its joining, while frozen too; `left` said goodbye; `killed` fell silent. The last two are final. */
export type PeerState = 'up' | 'left' | 'killed';

/**
 * When the timers of a tab fire: when they are due, or as browsers do in background tabs only at whole seconds (Chromium,
 * Firefox, Safari) or whole minutes (Chromium's intensive throttling) of the tab's own phase. Messages come promptly.
 */
export type TimerThrottle = 'prompt' | 'second' | 'minute';

const TIMER_PERIODS_MS: { readonly [Throttle in TimerThrottle]: Millis } = { prompt: 0, second: 1_000, minute: 60_000 };

/** What a peer needs of the network it is in. */
interface Host {
  readonly now: Millis;
  readonly wallMs: Millis;
  feed(peer: SimulatedPeer, input: Input): void;
}

/** What a peer is made of. */
interface PeerOptions extends Pick<
  SimulatedPeer,
  'id' | 'index' | 'maxPeers' | 'machine' | 'dht' | 'joined' | 'epoch' | 'skewMs'
> {
  /** Where in the period of throttled timers its own begin, in [0, 1). */
  readonly timerPhase: number;
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
  /** Its dht, if it joined with one. */
  readonly dht: DhtNode | undefined;
  /** Called with every event of the machine. */
  readonly onEvent: ((event: Event, now: Millis) => void) | undefined;
  /** How it joined. */
  readonly joined: JoinOptions;
  /** Its run, as its records and envelopes say: ms since 1970 by its own clock. */
  readonly epoch: Millis;
  /** How much its wall clock is ahead, in ms. */
  readonly skewMs: Millis;
  state: PeerState = 'up';
  /** What waits while it is frozen, in order; undefined while it is not. */
  backlog: Happening[] | undefined = undefined;
  /** Transports constructed so far: RTCPeerConnections, in a browser. */
  constructed = 0;
  private readonly host: Host;
  private readonly timerPeriodMs: Millis;
  private readonly timerPhaseMs: Millis;
  private readonly byPeer = new Map<PeerId, LinkEnd[]>();

  constructor(host: Host, options: PeerOptions) {
    this.host = host;
    this.id = options.id;
    this.index = options.index;
    this.maxPeers = options.maxPeers;
    this.machine = options.machine;
    this.dht = options.dht;
    this.joined = options.joined;
    this.onEvent = options.joined.onEvent;
    this.epoch = options.epoch;
    this.skewMs = options.skewMs;
    this.timerPeriodMs = TIMER_PERIODS_MS[options.joined.timers ?? 'prompt'];
    this.timerPhaseMs = options.timerPhase * this.timerPeriodMs;
  }

  /** Whether it sleeps: up, and yet neither its timers nor what reaches it are handled. */
  get isFrozen(): boolean {
    return this.backlog !== undefined;
  }

  /** Its wall clock, ms since 1970. */
  get wallMs(): Millis {
    return this.host.wallMs + this.skewMs;
  }

  /** When a timer set for `at` fires: then, or later where timers are throttled. */
  timerAt(at: Millis): Millis {
    const { timerPeriodMs: period, timerPhaseMs: phase } = this;
    if (period === 0) return at;
    return phase + Math.ceil((Math.max(at, this.host.now) - phase) / period) * period;
  }

  /** Ids of the peers it has a ready mesh link with. */
  get peers(): readonly PeerId[] {
    return this.state === 'up' ? this.machine.report.peers() : [];
  }

  /**
   * Broadcasts bytes. It happens when the network next runs.
   * @param options `ttl` pins the TTL; by default it follows the size of the mesh
   * @returns the message's id
   */
  broadcast(content: Uint8Array, options: { readonly channel?: string; readonly ttl?: number } = {}): MessageId {
    const { channel = CHANNEL, ttl } = options;
    const envelope = this.machine.compose({ kind: 'broadcast', channel, content, timestamp: this.wallMs });
    this.host.feed(this, { type: 'broadcast', envelope, ...(ttl === undefined ? {} : { ttl }) });
    return envelope.id;
  }

  /** Sends bytes to one peer. It happens when the network next runs. Returns the message's id. */
  sendDirect(to: PeerId, content: Uint8Array, options: { readonly channel?: string } = {}): MessageId {
    const { channel = CHANNEL } = options;
    const envelope = this.machine.compose({ kind: 'direct', channel, to, content, timestamp: this.wallMs });
    this.host.feed(this, { type: 'direct', envelope });
    return envelope.id;
  }

  /** Feeds the machine any input of the application: `configure`, `dial`, `hangup`, … when the network next runs. */
  input(input: Extract<Input, { type: 'configure' | 'datagram' | 'dial' | 'hangup' | 'protocol' }>): void {
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
    this.constructed++;
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
