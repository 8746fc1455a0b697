import type { Envelope, Machine, Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { linkConfig } from '@peerpigeon/link';
import { Session } from '@peerpigeon/signaling-protocol';
import type { Input as SessionInput, Output as SessionOutput } from '@peerpigeon/signaling-protocol';
import { Topology } from '@peerpigeon/topology';
import type { Input as TopologyInput, Output as TopologyOutput } from '@peerpigeon/topology';
import { Author } from './author.js';
import type { Draft } from './author.js';
import { LEFT, LIMITS } from './config.js';
import type { Config, MeshSettings } from './config.js';
import type { Event } from './event.js';
import type { Frame } from './frame.js';
import type { Input } from './input.js';
import { LinkBoard } from './link-board.js';
import type { LinkHost } from './link-board.js';
import type { Output } from './output.js';
import { Overlay } from './overlay.js';
import type { OverlayHost } from './overlay.js';
import { Report } from './report.js';
import type { Timer } from './timer.js';

/**
 * The mesh: the session with the server, one link machine per peer, the topology that says which links, and the protocols
 * that run over them. It holds no protocol of its own: it hands the outputs of one machine to another as inputs.
 *
 * Outputs of session, topology and links wait in a queue until the machine has returned, so that none is ever re-entered.
 */
export class Mesh implements Machine<Input, Output> {
  /** Read-only views for the façade, the simulator and tools. */
  readonly report: Report;
  private readonly author: Author;
  private readonly session: Session;
  private readonly topology: Topology;
  private readonly overlay: Overlay;
  private readonly links: LinkBoard;
  private readonly tasks: (() => void)[] = [];
  private settings: MeshSettings;
  private record: PeerRecord;
  private now: Millis = 0;
  private out: Output[] = [];

  constructor(config: Config, rng: Rng) {
    const { peerId, publicKey, network, epoch, settings } = config;
    this.settings = settings;
    const caps = { maxPeers: settings.maxPeers };
    const record = { id: peerId, epoch, caps, expires: epoch + LIMITS.recordLifetimeMs };
    this.record = publicKey === undefined ? record : { ...record, publicKey };
    this.author = new Author(network, peerId, epoch);
    this.session = new Session({ record: this.record, network, rng, config: config.session });
    this.topology = new Topology(this.record, settings, config.topology, rng);
    const host = this.host();
    this.links = new LinkBoard(network, linkConfig(config.link), rng, host);
    this.overlay = new Overlay(config, host);
    this.report = new Report(peerId, this.links.table, this.topology, this.overlay, this.session, () => this.settings);
  }

  /** Seals a message of this peer: its id is known before anything is sent. */
  compose(draft: Draft): Envelope {
    return this.author.seal(draft);
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    this.now = now;
    this.out = out;
    this.dispatch(input);
    for (let i = 0; i < this.tasks.length; i++) (this.tasks[i] as () => void)();
    this.tasks.length = 0;
  }

  private dispatch(input: Input): void {
    switch (input.type) {
      case 'frame':
        return this.links.receive(input.peer, input.session, input.frame);
      case 'timer':
        return this.fire(input.timer);
      case 'transport':
        return this.links.tell(input.peer, input);
      case 'malformed':
        return this.links.malformed(input.peer, input.session, input.error);
      case 'join':
        this.tellTopology({ type: 'start' });
        return this.runSession({ ...input, seeking: this.topology.seeking });
      case 'leave':
        return this.leave();
      case 'configure':
        return this.configure(input.settings);
      case 'broadcast':
        this.overlay.runGossip({ type: 'size', peers: this.topology.sizeEstimate });
        return this.overlay.runGossip(input);
      case 'direct':
        return this.overlay.runRouting({ type: 'route', envelope: input.envelope });
      case 'dial':
        return this.tellTopology(input);
      case 'hangup':
        return this.links.tell(input.peer, { type: 'hangup', reason: input.reason });
      case 'signalingOpened':
        return this.runSession({ type: 'opened' });
      case 'signalingMessage':
        return this.runSession({ type: 'message', message: input.message });
      case 'signalingMalformed':
        return this.runSession({ type: 'malformed', error: input.error });
      case 'signalingClosed':
        return this.runSession({ type: 'closed', code: input.code, reason: input.reason });
    }
  }

  private fire(timer: Timer): void {
    switch (timer.machine) {
      case 'session':
        return this.runSession({ type: 'timer', timer: timer.timer });
      case 'topology':
        return this.tellTopology({ type: 'timer', timer: timer.timer });
      case 'gossip':
        return this.overlay.runGossip({ type: 'timer', timer: timer.timer });
      case 'routing':
        return this.overlay.runRouting({ type: 'timer', timer: timer.timer });
      case 'link':
        return this.links.tell(timer.peer, { type: 'timer', timer: timer.timer });
    }
  }

  private leave(): void {
    this.overlay.runRouting({ type: 'leave' });
    this.tellTopology({ type: 'stop' });
    for (const { peer } of this.links.table.all()) this.links.tell(peer, { type: 'hangup', reason: LEFT });
    this.runSession({ type: 'leave' });
  }

  private configure(settings: Partial<MeshSettings>): void {
    this.settings = { ...this.settings, ...settings };
    this.record = { ...this.record, caps: { maxPeers: this.settings.maxPeers } };
    this.runSession({ type: 'record', record: this.record });
    this.tellTopology({ type: 'configure', settings: this.settings });
    this.links.showHandovers();
  }

  /** What links and protocols may ask of this mesh. */
  private host(): LinkHost & OverlayHost {
    return {
      now: () => this.now,
      record: () => this.record,
      maxPeers: () => this.settings.maxPeers,
      defer: (task) => this.tasks.push(task),
      put: (output) => this.out.push(output),
      emit: (event) => this.emit(event),
      timer: (at, timer) => this.timer(at, timer),
      send: (to, frame) => this.links.send(to, frame),
      violation: (peer, code, detail) => this.links.violation(peer, code, detail),
      relay: (to, kind, data) => this.runSession({ type: 'send', to, kind, data }),
      tellTopology: (input) => this.tellTopology(input),
      peer: (type, peer) => {
        this.overlay.runGossip({ type, peer });
        this.overlay.runRouting({ type, peer });
      },
      received: (from, frame) => this.received(from, frame),
    };
  }

  private received(from: PeerId, frame: Exclude<Frame, { channel: 'link' }>): void {
    switch (frame.channel) {
      case 'gossip':
        return this.overlay.runGossip({ type: 'received', from, message: frame.message });
      case 'routing':
        return this.overlay.runRouting({ type: 'received', from, message: frame.message });
      case 'topology':
        return this.tellTopology({ type: 'received', from, message: frame.message });
    }
  }

  private put(output: Output): void {
    this.out.push(output);
  }

  private emit(event: Event): void {
    this.out.push({ type: 'event', event });
  }

  private timer(at: Millis, timer: Timer): void {
    this.out.push({ type: 'timer', at, timer });
  }

  // Session and topology, and what becomes of their outputs.

  private runSession(input: SessionInput): void {
    const outputs: SessionOutput[] = [];
    this.session.handle(input, this.now, outputs);
    for (const output of outputs) this.tasks.push(() => this.forSession(output));
  }

  private tellTopology(input: TopologyInput): void {
    const outputs: TopologyOutput[] = [];
    this.topology.handle(input, this.now, outputs);
    for (const output of outputs) this.tasks.push(() => this.forTopology(output));
  }

  private forSession(output: SessionOutput): void {
    switch (output.type) {
      case 'open':
        return this.put({ type: 'signalingOpen', url: output.url });
      case 'write':
        return this.put({ type: 'signalingWrite', message: output.message });
      case 'close':
        return this.put({ type: 'signalingClose' });
      case 'timer':
        return this.timer(output.at, { machine: 'session', timer: output.timer });
      case 'event':
        return this.signaled(output.event);
    }
  }

  private signaled(event: Extract<SessionOutput, { type: 'event' }>['event']): void {
    switch (event.type) {
      case 'connected':
        this.tellTopology({ type: 'reach', online: true });
        return this.emit({ type: 'signalingConnected', url: event.url });
      case 'disconnected':
        this.tellTopology({ type: 'reach', online: false });
        this.emit({ ...event, type: 'signalingDisconnected' });
        return this.emit({ type: 'warning', code: 'signaling-lost', message: `signaling is down: ${event.reason}` });
      case 'discovered':
      case 'departed':
        return this.tellTopology(event);
      case 'signal':
        return this.links.signal(event.from, event.kind, event.data);
      case 'absent':
        return this.links.unreached(event.peer, true);
      case 'unsent':
        return this.links.unreached(event.peer, false);
      case 'error':
        return this.emit({ type: 'warning', code: 'signaling-error', message: `${event.code}: ${event.message}` });
    }
  }

  private forTopology(output: TopologyOutput): void {
    switch (output.type) {
      case 'dial':
        return this.links.dial(output.peer, output.purpose, output.isolated);
      case 'grant':
      case 'refuse':
        return this.links.tell(output.peer, output);
      case 'hangup':
        return this.links.tell(output.peer, { type: 'hangup', reason: output.reason });
      case 'discover':
        return this.runSession(output);
      case 'send':
        return this.links.send(output.to, { channel: 'topology', message: output.message });
      case 'timer':
        return this.timer(output.at, { machine: 'topology', timer: output.timer });
      case 'event':
        return this.observed(output.event);
    }
  }

  private observed(event: Extract<TopologyOutput, { type: 'event' }>['event']): void {
    switch (event.type) {
      case 'discovered':
        return this.emit({ type: 'peerDiscovered', peer: event.peer });
      case 'forgotten':
        return this.emit({ type: 'peerForgotten', peer: event.peer });
      case 'evicted':
        return this.emit({ ...event, type: 'peerEvicted' });
      case 'view':
        return this.overlay.runRouting({ type: 'view', peer: event.peer, neighbours: event.links });
      case 'warning':
        return this.emit(event);
    }
  }
}
