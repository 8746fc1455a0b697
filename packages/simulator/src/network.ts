import { DecodeError, SeededRng } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { DHT } from '@peerpigeon/dht';
import { DEFAULT_SETTINGS } from '@peerpigeon/mesh';
import type { Frame, Input, Output } from '@peerpigeon/mesh';
import { CANDIDATES_PER_END, EPOCH_MS, HANDSHAKE_MS, LATENCY_MS } from './config.js';
import { Bandwidth } from './bandwidth.js';
import { VirtualClock } from './clock.js';
import { DhtNode } from './dht-node.js';
import { Faults, checkDuration } from './faults.js';
import type { Happening } from './happening.js';
import { hash, hashBetween } from './hash.js';
import { Latency } from './latency.js';
import type { SimulatedLink } from './link-end.js';
import { noticeDelayMs } from './liveness.js';
import type { Liveness } from './liveness.js';
import { meshConfig } from './mesh-config.js';
import type { JoinOptions, NetworkOptions, Stack } from './network-options.js';
import type { Observer } from './observer.js';
import { Partition } from './partition.js';
import type { Group } from './partition.js';
import { SimulatedPeer } from './peer.js';
import { drawId } from './peer-id.js';
import { Reachability } from './reachability.js';
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
  private readonly partition = new Partition();
  private readonly reachability: Reachability;
  private readonly clockSkewMs: Millis;
  private readonly out: Output[] = [];

  /** @throws {RangeError} on an option that is out of its range */
  constructor(stack: Stack, options: NetworkOptions = {}) {
    this.stack = stack;
    this.seed = options.seed ?? 1;
    this.wire = options.wire ?? false;
    this.liveness = options.liveness ?? 'full';
    this.observer = options.observer;
    this.clockSkewMs = checkDuration('clockSkewMs', options.clockSkewMs ?? 0);
    this.reachability = new Reachability(this.seed, options);
    this.clock = new VirtualClock((happening) => this.happen(happening));
    const latency = new Latency(this.seed, options.latencyMs ?? LATENCY_MS);
    const faults = new Faults(this.seed, options);
    const notices = new SeededRng(hash(this.seed, 'liveness'));
    const { partition, reachability } = this;
    this.transports = new Transports({
      seed: this.seed,
      clock: this.clock,
      latency,
      faults,
      bandwidth: new Bandwidth(this.clock, options.bandwidthKbps),
      sizeOf: (frame) => (frame instanceof Uint8Array ? frame : stack.encodeFrame(frame)).length,
      partition,
      reachability,
      handshakeMs: options.handshakeMs ?? HANDSHAKE_MS,
      candidatesPerEnd: options.candidatesPerEnd ?? CANDIDATES_PER_END,
      gone: (link) => this.update(link),
      noticeMs: this.liveness === 'full' ? undefined : () => noticeDelayMs(notices),
    });
    this.server = new SignalingServer({
      seed: this.seed,
      clock: this.clock,
      latency,
      faults,
      partition,
      wire: this.wire,
      wallMs: () => this.wallMs,
      observer: this.observer,
    });
  }

  /** Virtual milliseconds since the network began. */
  get now(): Millis {
    return this.clock.now;
  }

  /** The right wall clock, which the server has, ms since 1970; a peer's own may be off (`peer.wallMs`). */
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

  /** A peer by its id; of several runs of it the latest. */
  peer(id: PeerId): SimulatedPeer | undefined {
    return this.byId.get(id);
  }

  /**
   * Adds a peer and lets it join through the signaling server, when the network next runs.
   * @throws {RangeError} when a peer of that id is there already
   */
  join(options: JoinOptions = {}): SimulatedPeer {
    const index = this.peers.length;
    const id = options.id ?? drawId(this.seed, index, (one) => this.byId.has(one));
    if (this.byId.has(id)) throw new RangeError(`join: expected a new id, got ${id} again`);
    return this.enter(id, options, -Infinity);
  }

  /**
   * A new run of a peer with the same id, as of a page that is loaded anew: the old run, if it is up, falls silent at once,
   * as in a {@link kill}. It joins as the old one did unless `options` say otherwise, with a newer epoch.
   * @throws {RangeError} when `peer` is not the latest run of its id
   */
  restart(peer: SimulatedPeer, options: Omit<JoinOptions, 'id'> = {}): SimulatedPeer {
    if (this.byId.get(peer.id) !== peer) throw new RangeError(`restart: ${peer.id} has been restarted already`);
    this.kill(peer);
    return this.enter(peer.id, { ...peer.joined, ...options }, peer.epoch);
  }

  /** Lets `ms` of virtual time pass. */
  run(ms: Millis): void {
    this.clock.runUntil(this.clock.now + ms);
  }

  /** Calls `act` at a virtual time, while the network runs. */
  at(at: Millis, act: () => void): void {
    this.clock.at(at, { type: 'act', act });
  }

  /** Crashes, all at one instant: the peers stop at once and say nothing. The others notice by their silence. */
  kill(peers: SimulatedPeer | readonly SimulatedPeer[]): void {
    const dying = [peers].flat().filter(({ state }) => state === 'up');
    for (const peer of dying) {
      peer.state = 'killed';
      peer.backlog = undefined;
    }
    for (const peer of dying) {
      this.transports.abandon(peer);
      this.observer?.peerDown(peer, this.now);
    }
  }

  /**
   * Puts a peer to sleep, as browsers do with background tabs: what reaches it and its timers wait, and it sends nothing,
   * until it is resumed. Its links and its WebSocket stay open meanwhile. Without effect on one that is down or asleep.
   */
  freeze(peer: SimulatedPeer): void {
    if (peer.state !== 'up' || peer.isFrozen) return;
    peer.backlog = [];
    this.transports.silencePartners(peer);
  }

  /** Wakes a frozen peer: when the network next runs, all that waited is handled, late and in order. */
  resume(peer: SimulatedPeer): void {
    this.at(this.now, () => {
      const { backlog } = peer;
      if (backlog === undefined) return;
      peer.backlog = undefined;
      this.transports.silencePartners(peer);
      for (const happening of backlog) this.happen(happening);
    });
  }

  /**
   * Makes the open link between two peers half-open, for as long as it lives: what `from` sends is lost and neither end is
   * told, the other direction works. What is on its way still arrives.
   * @throws {RangeError} when they have no open link
   */
  halfOpen(from: SimulatedPeer, to: SimulatedPeer): void {
    const end = from.ends(to.id).find(({ remote, link }) => link?.state === 'open' && remote?.owner === to);
    if (end?.remote === undefined) throw new RangeError(`halfOpen: no open link from ${from.id} to ${to.id}`);
    end.muted = true;
    this.transports.silence(end.remote);
  }

  /**
   * Cuts the network into groups: links between them carry nothing and neither end is told, and none can open across. What
   * is on its way still arrives. Everyone reaches the server, unless `server` names the one group that does. A former cut
   * is over. `groupOf` is called once for each peer, those included that join later.
   */
  cut(groupOf: (peer: SimulatedPeer) => Group, options: { readonly server?: Group } = {}): void {
    this.partition.cut(groupOf, options.server);
    this.silenceAll();
  }

  /** Ends a {@link cut}: whatever is still open carries again. */
  heal(): void {
    this.partition.heal();
    this.silenceAll();
  }

  /** Whether two peers could ever open a link, by `unreachable` and `unreachablePeers`; a cut does not count. */
  canLink(a: PeerId, b: PeerId): boolean {
    return this.reachability.canLink(a, b);
  }

  /** Feeds a peer's machine as soon as the network runs. */
  feed(peer: SimulatedPeer, input: Input): void {
    this.clock.at(this.clock.now, { type: 'input', to: peer, input });
  }

  private silenceAll(): void {
    for (const peer of this.peers) if (peer.state === 'up') this.transports.silencePartners(peer);
  }

  /** Adds a peer's new run, whose epoch is its wall clock or, if that is behind, just above `formerEpoch`. */
  private enter(id: PeerId, options: JoinOptions, formerEpoch: Millis): SimulatedPeer {
    const index = this.peers.length;
    const settings = { ...DEFAULT_SETTINGS, ...options.settings };
    const skewMs = Math.round(
      options.skewMs ?? hashBetween([-this.clockSkewMs, this.clockSkewMs], this.seed, 'clock', id),
    );
    const epoch = Math.max(this.wallMs + skewMs, formerEpoch + 1);
    const rng = (of: string): SeededRng => new SeededRng(hash(this.seed, of, String(index)));
    const node = (): DhtNode =>
      new DhtNode({ ...options.dht, peerId: id, epoch, rng: rng('dht') }, (input) =>
        this.feed(peer, { type: 'protocol', name: DHT, input }),
      );
    const dht = options.dht === undefined ? undefined : node();
    const config = meshConfig(id, epoch, settings, this.liveness, options.config, dht?.protocol);
    const machine = this.stack.createMesh(config, rng('peer'));
    const timerPhase = hashBetween([0, 1], this.seed, 'timers', id);
    const { maxPeers } = settings;
    const joined = options;
    const peer = new SimulatedPeer(this, { id, index, maxPeers, machine, dht, joined, epoch, skewMs, timerPhase });
    this.peers.push(peer);
    this.byId.set(id, peer);
    this.observer?.peerUp(peer, this.now);
    this.feed(peer, { type: 'join', url: SERVER_URL });
    return peer;
  }

  private happen(happening: Happening): void {
    switch (happening.type) {
      case 'frame': {
        const end = happening.to;
        if (end.owner.backlog !== undefined) end.owner.backlog.push(happening);
        else if (end.state === 'open') this.receive(end.owner, end.peer, end.session, happening.frame);
        return;
      }
      case 'input': {
        const { to } = happening;
        if (to.backlog !== undefined) to.backlog.push(happening);
        else this.handle(to, happening.input);
        return;
      }
      case 'transport': {
        const end = happening.to;
        if (end.owner.backlog !== undefined) {
          end.owner.backlog.push(happening);
          return;
        }
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
        this.transports.send(end, output.lane, this.wire ? this.stack.encodeFrame(output.frame) : output.frame);
        return false;
      }
      case 'datagram': {
        const end = peer.end(output.peer, output.session);
        if (end?.state !== 'open') return false;
        this.observer?.frameSent(peer, output.frame, this.clock.now);
        const frame = this.wire ? this.stack.encodeFrame(output.frame) : output.frame;
        this.transports.datagram(end, output.maxRetransmits, frame);
        return false;
      }
      case 'timer':
        this.clock.at(peer.timerAt(output.at), {
          type: 'input',
          to: peer,
          input: { type: 'timer', timer: output.timer },
        });
        return false;
      case 'event':
        this.observer?.event(peer, output.event, this.clock.now);
        peer.onEvent?.(output.event, this.clock.now);
        return output.event.type === 'peerConnected' || output.event.type === 'peerDisconnected';
      case 'transport':
        this.transports.command(peer, output.peer, output.session, output.command);
        return output.command.type !== 'drain';
      case 'signaling':
        this.server.command(peer, output.command);
        return false;
      case 'protocol':
        peer.dht?.perform(output.name, output.output, this.clock.now);
        peer.joined.onProtocol?.(output.name, output.output, this.clock.now);
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
