import type { Envelope, Machine, Millis, PeerId, Rng } from '@peerpigeon/core';
import { Gossip } from '@peerpigeon/gossip';
import type { Input as GossipInput, Output as GossipOutput } from '@peerpigeon/gossip';
import type { PeerRecord } from '@peerpigeon/identity';
import { linkConfig } from '@peerpigeon/link';
import { Routing } from '@peerpigeon/routing';
import type { Event as RoutingEvent, Input as RoutingInput, Output as RoutingOutput } from '@peerpigeon/routing';
import { Session } from '@peerpigeon/signaling-protocol';
import type { Input as SessionInput, Output as SessionOutput } from '@peerpigeon/signaling-protocol';
import { Topology } from '@peerpigeon/topology';
import type { Input as TopologyInput, Output as TopologyOutput } from '@peerpigeon/topology';
import { addressOf } from './address.js';
import { Author } from './author.js';
import type { Draft } from './author.js';
import { LEFT, LIMITS } from './config.js';
import type { Config, MeshSettings } from './config.js';
import type { Event } from './event.js';
import type { Frame } from './frame.js';
import type { Input } from './input.js';
import { LinkBoard } from './link-board.js';
import type { Output } from './output.js';
import { ProtocolBoard, protocolBits } from './protocol-board.js';
import { Report } from './report.js';
import { Signaler } from './signaler.js';
import type { Output as SignalerOutput } from './signaler.js';
import type { Timer } from './timer.js';

/** A protocol that runs over ready links. */
type Channel = Exclude<Frame['channel'], 'link' | 'datagram' | 'protocol'>;

/** What each of these protocols may ask for. */
type Common = Extract<GossipOutput | RoutingOutput | TopologyOutput, { type: 'send' | 'timer' | 'violation' }>;

/**
 * The mesh: the session with the server, one link machine per peer, the topology that says which links, and the protocols
 * that run over them. It holds no protocol of its own: it hands the outputs of one machine to another as inputs.
 *
 * Outputs of session, topology and links wait in a queue until the machine has returned, so that none is ever re-entered.
 * Gossip and routing ask nothing of each other or of the topology, so theirs are carried out at once.
 */
export class Mesh implements Machine<Input, Output> {
  /** Read-only views for the façade, the simulator and tools. */
  readonly report: Report;
  private readonly author: Author;
  private readonly session: Session;
  private readonly topology: Topology;
  private readonly gossip: Gossip;
  private readonly routing: Routing;
  private readonly links: LinkBoard;
  private readonly signaler: Signaler;
  private readonly protocols: ProtocolBoard;
  private readonly epoch: Millis;
  /** The first input's time, which was at the epoch by the wall clock. */
  private bornAt: Millis | undefined;
  private readonly tasks: (() => void)[] = [];
  private settings: MeshSettings;
  private record: PeerRecord;
  private now: Millis = 0;
  private out: Output[] = [];

  constructor(config: Config, rng: Rng) {
    const { peerId, publicKey, network, epoch, settings } = config;
    this.settings = settings;
    const protocols = config.protocols ?? [];
    const caps = { maxPeers: settings.maxPeers, ...protocolBits(protocols) };
    const record = { id: peerId, epoch, caps, expires: epoch + LIMITS.recordLifetimeMs };
    this.record = publicKey === undefined ? record : { ...record, publicKey };
    this.author = new Author(network, peerId, epoch);
    this.epoch = epoch;
    this.session = new Session({ record: this.record, network, rng, config: config.session });
    this.topology = new Topology(this.record, settings, config.topology, rng);
    this.gossip = new Gossip({ ...config.gossip, peerId, network, rng });
    this.routing = new Routing({ ...config.routing, peerId, network, rng });
    this.links = new LinkBoard(network, linkConfig(config.link), config.comebackMs ?? LIMITS.comebackMs, rng, {
      now: () => this.now,
      record: () => this.record,
      maxPeers: () => this.settings.maxPeers,
      defer: (task) => this.tasks.push(task),
      put: (output) => this.out.push(output),
      relay: (...said) => this.signal((out) => this.signaler.send(...said, this.wall, this.now, out)),
      patienceMs: (way) => this.signaler.patienceMs(way),
      tellTopology: (input) => {
        if (input.type === 'peerDown' && input.cause === 'left')
          this.runRouting({ type: 'departed', peer: input.peer });
        this.tellTopology(input);
      },
      isExtra: (peer) => this.topology.neighbourhood.links.get(peer)?.extra === true,
      peer: (type, peer) => {
        if (type === 'suspect' || type === 'recovered') this.tellTopology({ type, peer });
        this.runGossip({ type, peer });
        this.runRouting({ type, peer });
        this.protocols.peer(type, peer);
      },
      received: (from, frame) => this.received(from, frame),
      writable: (peer) => this.protocols.writable(peer),
    });
    this.protocols = new ProtocolBoard(protocols, {
      now: () => this.now,
      put: (output) => this.out.push(output),
      links: () => this.links,
      parcel: (address, body) => this.runRouting({ type: 'parcel', address, body }),
      pass: (to, { body, path, ttl }) => this.runRouting({ type: 'pass', to, body, path, ttl }),
      leaves: () => this.topology.knowledge.leafSet,
      protocolsOf: (peer) => this.topology.knowledge.get(peer)?.record.caps.protocols ?? 0,
      tellTopology: (input) => this.tellTopology(input),
    });
    this.signaler = new Signaler(this.author, () => ({
      links: this.links.table.alive,
      online: this.session.state.name === 'connected',
    }));
    const { session, topology, gossip, routing, signaler, links } = this;
    const read = (): MeshSettings => this.settings;
    const machines = { links, session, topology, gossip, routing, signaler, protocols: this.protocols };
    this.report = new Report({ self: peerId, ...machines, settings: read });
  }

  /** Seals a message of this peer: its id is known before anything is sent. */
  compose(draft: Draft): Envelope {
    return this.author.seal(draft);
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    this.now = now;
    this.bornAt ??= now;
    this.out = out;
    try {
      this.dispatch(input);
      for (let i = 0; i < this.tasks.length; i++) (this.tasks[i] as () => void)();
    } finally {
      // After a bug, too: what was carried out must not be carried out again with the next input.
      this.tasks.length = 0;
    }
  }

  private dispatch(input: Input): void {
    switch (input.type) {
      case 'frame':
        return this.links.receive(input.peer, input.session, input.frame);
      case 'timer':
        return this.fire(input.timer);
      case 'transport':
        return this.links.transport(input);
      case 'malformed':
        return this.links.malformed(input.peer, input.session, input.error);
      case 'join':
        this.signaler.join();
        this.tellTopology({ type: 'start' });
        this.runGossip({ type: 'start', sinceMs: input.history?.sinceMs });
        if (input.url !== undefined) this.runSession({ ...input, url: input.url, seeking: this.topology.seeking });
        return;
      case 'leave':
        return this.leave();
      case 'hasten':
        return this.runSession(input);
      case 'configure':
        return this.configure(input.settings);
      case 'broadcast':
        this.runGossip({ type: 'size', peers: this.topology.sizeEstimate });
        return this.runGossip(input);
      case 'direct':
        return this.runRouting({ ...input, type: 'route' });
      case 'abort':
        return this.runRouting(input);
      case 'datagram':
        return this.links.sender.datagram(input);
      case 'dial':
        return this.tellTopology({ ...input, purpose: input.kind === 'extra' ? 'extra' : 'manual' });
      case 'adopt':
        return this.links.adopt(input.peer, input.session);
      case 'hangup':
        return this.links.tell(input.peer, input);
      case 'protocol':
        return this.protocols.feed(input.name, input.input);
      case 'signaling':
        return this.runSession(input.event);
    }
  }

  private fire(timer: Timer): void {
    switch (timer.machine) {
      case 'session':
        return this.runSession({ type: 'timer', timer: timer.timer });
      case 'topology':
        return this.tellTopology({ type: 'timer', timer: timer.timer });
      case 'gossip':
        return this.runGossip({ type: 'timer', timer: timer.timer });
      case 'routing':
        return this.runRouting({ type: 'timer', timer: timer.timer });
      case 'signaler':
        return this.signal((out) => this.signaler.expire(timer.timer, out));
      case 'protocol':
        return this.protocols.feed(timer.name, { type: 'timer', timer: timer.timer });
      case 'comeback':
        return this.links.missed(timer.peer);
      case 'link':
        return this.links.tell(timer.peer, { type: 'timer', timer: timer.timer });
    }
  }

  private leave(): void {
    this.signaler.leave();
    this.protocols.leave();
    this.runRouting({ type: 'leave' });
    this.tellTopology({ type: 'stop' });
    this.links.leave();
    for (const { peer } of this.links.table.all()) this.links.tell(peer, { type: 'hangup', reason: LEFT });
    // Whoever we were about to link with is told so first.
    this.tasks.push(() => this.runSession({ type: 'leave' }));
  }

  private get wall(): Millis {
    return this.epoch + Math.floor(this.now - (this.bornAt ?? this.now));
  }

  private signal(act: (out: SignalerOutput[]) => void): void {
    const outputs: SignalerOutput[] = [];
    act(outputs);
    for (const output of outputs) this.forSignaler(output);
  }

  private forSignaler(output: SignalerOutput): void {
    switch (output.type) {
      case 'server':
        return this.runSession({ type: 'send', to: output.to, kind: output.signal.type, data: output.signal.data });
      case 'mesh':
        return this.runRouting({ ...output, type: 'route' });
      case 'timer':
        this.out.push({ ...output, timer: { machine: 'signaler', timer: output.timer } });
        return;
      case 'event':
        return this.links.unreached(output.event.peer, output.event.absent);
    }
  }

  private configure(settings: Partial<MeshSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.record = { ...this.record, caps: { ...this.record.caps, maxPeers: this.settings.maxPeers } };
    this.runSession({ type: 'record', record: this.record });
    this.tellTopology({ type: 'configure', settings: this.settings });
    this.links.showHandovers();
  }

  private received(from: PeerId, frame: Extract<Frame, { channel: Channel | 'protocol' }>): void {
    switch (frame.channel) {
      case 'protocol':
        return this.protocols.received(frame.tag, frame.message, [from], false);
      case 'gossip':
        return this.runGossip({ type: 'received', from, message: frame.message });
      case 'routing':
        return this.runRouting({ type: 'received', from, message: frame.message });
      case 'topology':
        return this.tellTopology({ type: 'received', from, message: frame.message });
    }
  }

  private emit(event: Event): void {
    this.out.push({ type: 'event', event });
  }

  private outputsOf<I, O>(machine: Machine<I, O>, input: I): O[] {
    const outputs: O[] = [];
    machine.handle(input, this.now, outputs);
    return outputs;
  }

  private runSession(input: SessionInput): void {
    for (const output of this.outputsOf(this.session, input)) this.tasks.push(() => this.forSession(output));
  }

  private tellTopology(input: TopologyInput): void {
    for (const output of this.outputsOf(this.topology, input)) this.tasks.push(() => this.forTopology(output));
  }

  private runGossip(input: GossipInput): void {
    for (const output of this.outputsOf(this.gossip, input)) {
      if (output.type !== 'event') this.carryOut('gossip', output);
      else if (output.event.type === 'message') this.emit({ ...output.event, verified: false });
      else this.emit(output.event);
    }
  }

  private runRouting(input: RoutingInput): void {
    for (const output of this.outputsOf(this.routing, input)) {
      if (output.type === 'event') this.forRoutingEvent(output.event);
      else this.carryOut('routing', output);
    }
  }

  /** What a protocol sends, and the timers it sets, come back to it: they are of its own type, whichever it is. */
  private carryOut(channel: Channel, output: Common): void {
    switch (output.type) {
      case 'send':
        return this.links.send(output.to, { channel, message: output.message } as Frame);
      case 'timer':
        this.out.push({ ...output, timer: { machine: channel, timer: output.timer } as Timer });
        return;
      case 'violation':
        return this.links.violation(output.peer, output.code, output.detail);
    }
  }

  private forSession(output: SessionOutput): void {
    switch (output.type) {
      case 'open':
      case 'write':
      case 'close':
        this.out.push({ type: 'signaling', command: output });
        return;
      case 'timer':
        this.out.push({ ...output, timer: { machine: 'session', timer: output.timer } });
        return;
      case 'event':
        return this.signaled(output.event);
    }
  }

  private signaled(event: Extract<SessionOutput, { type: 'event' }>['event']): void {
    switch (event.type) {
      case 'connected':
        this.tellTopology({ type: 'reach', online: true });
        return this.emit({ ...event, type: 'signalingConnected' });
      case 'disconnected': {
        // An attempt that failed is no new loss.
        const lost = this.topology.online;
        this.tellTopology({ type: 'reach', online: false });
        this.emit({ ...event, type: 'signalingDisconnected' });
        if (lost) this.emit({ type: 'warning', code: 'signaling-lost', message: `signaling is down: ${event.reason}` });
        return;
      }
      case 'discovered':
      case 'departed':
        return this.tellTopology(event);
      case 'signal':
        return this.links.signal(event.from, event.kind, event.data);
      case 'absent':
        return this.absent(event.peer);
      case 'unsent':
        return this.links.unreached(event.peer, false);
      case 'error':
        return this.emit({ type: 'warning', code: 'signaling-error', message: `${event.code}: ${event.message}` });
    }
  }

  private absent(peer: PeerId): void {
    const entry = this.links.table.get(peer);
    if (entry?.phase === 'connecting') this.signal((out) => this.signaler.absent(entry.way, out));
  }

  private forTopology(output: TopologyOutput): void {
    switch (output.type) {
      case 'dial':
        return this.links.dial(output);
      case 'route':
      case 'probe':
      case 'walk':
        return this.runRouting({ type: 'parcel', address: addressOf(output), body: output.message });
      case 'tunnel':
      case 'lodger':
        return this.runRouting(output);
      case 'grant':
      case 'refuse':
      case 'hangup':
        return this.links.tell(output.peer, output);
      case 'discover':
        return this.runSession(output);
      case 'send':
      case 'timer':
        return this.carryOut('topology', output);
      case 'event':
        if (output.event.type === 'leafSet') return this.protocols.leaves(output.event);
        if (output.event.type !== 'view') return this.emit(output.event);
        return this.runRouting({ ...output.event, neighbours: output.event.links });
    }
  }

  private forRoutingEvent(event: RoutingEvent): void {
    switch (event.type) {
      case 'message':
        if (event.envelope.kind === 'signal') return this.links.routed(event.envelope, event.path);
        return this.emit({ ...event, verified: false });
      case 'delivered':
      case 'failed':
        return this.settled(event);
      case 'bounced':
        // It may come at once, while what was routed is only one of the things to carry out.
        this.tasks.push(() => this.protocols.bounced(event.to));
        return this.tellTopology({ type: 'unreachable', peer: event.to });
      case 'parcel':
        return this.protocols.unpack(event);
    }
  }

  private settled(event: Extract<RoutingEvent, { type: 'delivered' | 'failed' }>): void {
    let isSignal = false;
    this.signal((out) => (isSignal = this.signaler.settle(event.messageId, event.type === 'delivered', out)));
    if (isSignal) return;
    if (event.type === 'delivered') this.emit({ ...event, type: 'messageDelivered' });
    else this.emit({ ...event, type: 'messageFailed' });
  }
}
