import { DecodeError, SeededRng, bytesToHex, randomBytes } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { DEFAULT_NETWORK, DEFAULT_SETTINGS } from '@peerpigeon/mesh';
import type { Frame, Input, Output } from '@peerpigeon/mesh';
import { CANDIDATES_PER_END, EPOCH_MS, HANDSHAKE_MS, LATENCY_MS } from './config.js';
import { VirtualClock } from './clock.js';
import { Faults } from './faults.js';
import type { Happening } from './happening.js';
import { hash } from './hash.js';
import { Latency } from './latency.js';
import type { SimulatedLink } from './link-end.js';
import { detectionDelayMs, linkConfig } from './liveness.js';
import type { Liveness } from './liveness.js';
import type { JoinOptions, NetworkOptions, Stack } from './network-options.js';
import type { Observer } from './observer.js';
import { SimulatedPeer } from './peer.js';
import { SignalingServer } from './server.js';
import { Transports } from './transports.js';

/** The address of the network's only server, as peers know it. */
const SERVER_URL = 'ws://server.simulated';

/**
 * Peers, links and a signaling server in one process, under a virtual clock: the second interpreter of the mesh
 * machine. The same options and the same calls give the same run, to the last bit.
 */
export class Network {
  /** The signaling server: can be stopped and started. */
  readonly server: SignalingServer;
  /** Everyone who ever joined, in order. */
  readonly peers: SimulatedPeer[] = [];
  /** Messages and other inputs that the machines of peers have handled. */
  handledByPeers = 0;
  /** Frames that did not decode, under `wire`; there should be none. */
  malformed = 0;
  /** What remote misbehaviour machines reported: `code: detail` by count. Among honest peers there is none. */
  readonly violations = new Map<string, number>();
  private readonly byId = new Map<PeerId, SimulatedPeer>();
  private readonly clock: VirtualClock<Happening>;
  private readonly transports: Transports;
  private readonly stack: Stack;
  private readonly seed: number;
  private readonly wire: boolean;
  private readonly liveness: Liveness;
  private readonly observer: Observer | undefined;
  private readonly livenessRng: SeededRng;
  private readonly out: Output[] = [];

  constructor(stack: Stack, options: NetworkOptions = {}) {
    this.stack = stack;
    this.seed = options.seed ?? 1;
    this.wire = options.wire ?? false;
    this.liveness = options.liveness ?? 'full';
    this.observer = options.observer;
    this.livenessRng = new SeededRng(hash(this.seed, 'liveness'));
    this.clock = new VirtualClock((happening) => this.happen(happening));
    const latency = new Latency(this.seed, options.latencyMs ?? LATENCY_MS);
    const faults = new Faults(this.seed, options.loss ?? 0);
    this.transports = new Transports({
      seed: this.seed,
      clock: this.clock,
      latency,
      faults,
      handshakeMs: options.handshakeMs ?? HANDSHAKE_MS,
      candidatesPerEnd: options.candidatesPerEnd ?? CANDIDATES_PER_END,
      gone: (link) => this.update(link),
    });
    this.server = new SignalingServer({
      seed: this.seed,
      clock: this.clock,
      latency,
      faults,
      wire: this.wire,
      wallMs: () => this.wallMs,
      observer: this.observer,
    });
  }

  /** Virtual milliseconds since the network began. */
  get now(): Millis {
    return this.clock.now;
  }

  /** The wall clock of everyone, ms since 1970. */
  get wallMs(): Millis {
    return EPOCH_MS + Math.floor(this.clock.now);
  }

  /** Inputs that machines have handled, messages among them: those of all peers and of the server. */
  get handled(): number {
    return this.handledByPeers + this.server.handled;
  }

  /** Links that opened so far, and those of them that are gone again. */
  get links(): { readonly opened: number; readonly closed: number } {
    return this.transports.counts;
  }

  /** Everyone who is up. */
  get up(): SimulatedPeer[] {
    return this.peers.filter((peer) => peer.state === 'up');
  }

  /** A peer by its id. */
  peer(id: PeerId): SimulatedPeer | undefined {
    return this.byId.get(id);
  }

  /**
   * Adds a peer and lets it join through the signaling server, when the network next runs.
   * @throws {RangeError} when a peer of that id is there already
   */
  join(options: JoinOptions = {}): SimulatedPeer {
    const index = this.peers.length;
    const id = options.id ?? bytesToHex(randomBytes(new SeededRng(hash(this.seed, 'id', String(index))), 20));
    if (this.byId.has(id)) throw new RangeError(`join: expected a new id, got ${id} again`);
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const { session = {}, topology = {}, gossip = {}, routing = {}, link = {} } = options.config ?? {};
    const machine = this.stack.createMesh(
      {
        peerId: id,
        network: DEFAULT_NETWORK,
        epoch: this.wallMs,
        settings,
        session,
        topology,
        gossip,
        routing,
        link: { ...linkConfig(this.liveness), ...link },
      },
      new SeededRng(hash(this.seed, 'peer', String(index))),
    );
    const { onEvent } = options;
    const peer = new SimulatedPeer(this, { id, index, maxPeers: settings.maxPeers, machine, onEvent });
    this.peers.push(peer);
    this.byId.set(id, peer);
    this.observer?.peerUp(peer, this.now);
    this.feed(peer, { type: 'join', url: SERVER_URL });
    return peer;
  }

  /** Lets `ms` of virtual time pass. */
  run(ms: Millis): void {
    this.clock.runUntil(this.clock.now + ms);
  }

  /** Calls `act` at a virtual time, while the network runs. */
  at(at: Millis, act: () => void): void {
    this.clock.at(at, { type: 'act', act });
  }

  /** A crash: the peer stops at once and says nothing. The others notice by its silence. */
  kill(peer: SimulatedPeer): void {
    if (peer.state !== 'up') return;
    peer.state = 'killed';
    const partners = peer
      .ends()
      .flatMap((end) => (end.state === 'open' && end.remote !== undefined ? [end.remote] : []));
    this.transports.abandon(peer);
    this.observer?.peerDown(peer, this.now);
    if (this.liveness === 'full') return;
    for (const end of partners) this.transports.closeLater(end, detectionDelayMs(this.livenessRng), 'no sign of life');
  }

  /** Feeds a peer's machine as soon as the network runs. */
  feed(peer: SimulatedPeer, input: Input): void {
    this.clock.at(this.clock.now, { type: 'input', to: peer, input });
  }

  private happen(happening: Happening): void {
    switch (happening.type) {
      case 'frame': {
        const end = happening.to;
        if (end.state === 'open') this.receive(end.owner, end.peer, end.session, happening.frame);
        return;
      }
      case 'input':
        this.handle(happening.to, happening.input);
        return;
      case 'transport': {
        const end = happening.to;
        const event = this.transports.arrived(end, happening.event);
        if (event === undefined) return;
        this.handle(end.owner, { type: 'transport', peer: end.peer, session: end.session, event });
        return;
      }
      case 'act':
        happening.act();
    }
  }

  private receive(peer: SimulatedPeer, from: PeerId, session: string, arrived: Frame | Uint8Array): void {
    let frame: Frame;
    try {
      frame = arrived instanceof Uint8Array ? this.stack.decodeFrame(arrived) : arrived;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.malformed++;
      this.handle(peer, { type: 'malformed', peer: from, session, error });
      return;
    }
    this.observer?.frameReceived(peer, frame, this.clock.now);
    this.handle(peer, { type: 'frame', peer: from, session, frame });
  }

  private handle(peer: SimulatedPeer, input: Input): void {
    if (peer.state !== 'up') return;
    this.handledByPeers++;
    const { out } = this;
    peer.machine.handle(input, this.clock.now, out);
    let structural = mayReadyHandover(input);
    for (let i = 0; i < out.length; i++) if (this.carryOut(peer, out[i] as Output)) structural = true;
    out.length = 0;
    if (structural) this.inspect(peer);
    if (input.type !== 'leave') return;
    peer.state = 'left';
    this.transports.abandon(peer);
    this.observer?.peerDown(peer, this.clock.now);
  }

  /** Carries out one output; tells whether the machine's links may have changed by it. */
  private carryOut(peer: SimulatedPeer, output: Output): boolean {
    switch (output.type) {
      case 'frame': {
        const end = peer.end(output.peer, output.session);
        if (end?.state !== 'open') return false;
        this.observer?.frameSent(peer, output.frame, this.clock.now);
        this.transports.send(end, this.wire ? this.stack.encodeFrame(output.frame) : output.frame);
        return false;
      }
      case 'timer':
        this.clock.at(output.at, { type: 'input', to: peer, input: { type: 'timer', timer: output.timer } });
        return false;
      case 'event':
        this.observer?.event(peer, output.event, this.clock.now);
        peer.onEvent?.(output.event, this.clock.now);
        return output.event.type === 'peerConnected' || output.event.type === 'peerDisconnected';
      case 'transport':
        this.transports.command(peer, output.peer, output.session, output.command);
        return true;
      case 'signaling':
        this.server.command(peer, output.command);
        return false;
      case 'violation': {
        const what = `${output.code}: ${output.detail}`;
        this.violations.set(what, (this.violations.get(what) ?? 0) + 1);
        return false;
      }
    }
  }

  /** Compares what the machine says of its links with what was known. */
  private inspect(peer: SimulatedPeer): void {
    const ends = peer.ends();
    if (ends.length === 0) return;
    const links = peer.machine.report.links();
    for (const end of ends) {
      if (end.link === undefined) continue;
      end.kind = links.find((link) => link.peer === end.peer)?.kind;
      this.update(end.link);
    }
  }

  private update(link: SimulatedLink): void {
    const kind = link.agreedKind();
    if (kind === link.kind) return;
    link.kind = kind;
    this.observer?.linkChanged(link, kind, this.clock.now);
  }
}

/**
 * Whether a link can become ready by this input without an event: it does so as a handover, by the other end's hello.
 * Whatever else changes links shows in the outputs.
 */
function mayReadyHandover(input: Input): boolean {
  return input.type === 'frame' && input.frame.channel === 'link' && input.frame.message.type === 'hello';
}
