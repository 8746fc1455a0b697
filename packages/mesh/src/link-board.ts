import { DecodeError, ExpiringMap, bytesToHex, randomBytes } from '@peerpigeon/core';
import type { Envelope, Millis, PeerId, Rng, ViolationCode } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { Link, SendScheduler, signalFromJson, signalToJson } from '@peerpigeon/link';
import type {
  CloseReason,
  Config as LinkConfig,
  Event as LinkEvent,
  Input as LinkInput,
  JsonSignal,
  Output as LinkOutput,
  Signal,
  SignalType,
} from '@peerpigeon/link';
import { purposeOf } from '@peerpigeon/topology';
import type {
  DialFailure,
  Input as TopologyInput,
  Output as TopologyOutput,
  Purpose,
  Route,
} from '@peerpigeon/topology';
import { Comebacks } from './comebacks.js';
import { LEFT, LIMITS } from './config.js';
import type { Event } from './event.js';
import type { Frame } from './frame.js';
import type { Input } from './input.js';
import { LinkTable } from './link-table.js';
import type { LinkEntry } from './link-table.js';
import type { Output } from './output.js';
import { Sender } from './sender.js';
import { decodeSignal } from './signal-content.js';
import { arrivedBy, wayTo } from './way.js';
import type { Way, Worth } from './way.js';

/** What the links ask of the mesh. */
export interface LinkHost {
  /** The time of the input being handled. */
  now(): Millis;
  /** Who we are, as others are told now. */
  record(): PeerRecord;
  /** Links that are shown at most. */
  maxPeers(): number;
  /** Carries out a task once the machine that asks for it has returned. */
  defer(task: () => void): void;
  put(output: Output): void;
  /** Takes a signal to a peer that is not linked. `again`: a copy of one that was not answered. */
  relay(way: Way, signal: JsonSignal, again: boolean): void;
  /** How long to wait for a word after a request goes this way. */
  patienceMs(way: Way): Millis;
  tellTopology(input: TopologyInput): void;
  /** Whether the topology holds a link beside the mesh links. */
  isExtra(peer: PeerId): boolean;
  /** A link became ready, fell silent, is heard of again, or is gone. */
  peer(type: 'peerUp' | 'suspect' | 'recovered' | 'peerDown', peer: PeerId): void;
  /** A frame of one of the protocols above came over a ready link. */
  received(from: PeerId, frame: Exclude<Frame, { channel: 'link' | 'datagram' }>): void;
  /** A protocol that was held back may send bulk to a peer again, so many bytes of it. */
  writable(peer: PeerId): void;
}

/** Bytes of a link's session name: 128 random bits never meet again. */
const SESSION_BYTES = 16;

/** What the end of an attempt says of the other side. Where it saw that no path was found, it says so as it cancels. */
const FAILURES: { readonly [Reason in string]?: DialFailure } = {
  'negotiation-timeout': 'failed',
  'hello-timeout': 'failed',
  'transport-failed': 'failed',
  'transport-closed': 'failed',
};

/** The reason of a link whose other end lives, and to which no path is left. */
const PATH_LOST = 'path-lost' satisfies CloseReason;

/** Why a link ends that not even control messages leave over. */
const CONGESTED = 'congested';

/** A session that is over. */
interface Ended {
  /** How many signals we sent in it. */
  readonly said: number;
  /** We did not grant its request. */
  readonly refused: boolean;
}

/** What the topology asks for. */
type Dial = Extract<TopologyOutput, { readonly type: 'dial' }>;

/** All link machines of a mesh, and what becomes of their outputs. */
export class LinkBoard {
  readonly table = new LinkTable();
  /** What is written to the links. */
  readonly sender: Sender;
  private readonly comebacks = new Comebacks();
  private readonly network: string;
  private readonly config: LinkConfig;
  private readonly comebackMs: Millis;
  private readonly rng: Rng;
  private readonly host: LinkHost;
  /** Sessions that are over: what comes of them again, late or over another path, begins nothing. */
  private readonly ended = new ExpiringMap<string, Ended>({
    maxEntries: LIMITS.endedSessions,
    maxAgeMs: LIMITS.endedSessionsMs,
  });

  /** @param comebackMs how long a peer whose link lost its path is shown while it is dialled anew */
  constructor(network: string, config: LinkConfig, comebackMs: Millis, rng: Rng, host: LinkHost) {
    this.network = network;
    this.config = config;
    this.comebackMs = comebackMs;
    this.rng = rng;
    this.host = host;
    this.sender = new Sender(this.table, {
      now: () => host.now(),
      put: (output) => host.put(output),
      writable: (peer) => host.defer(() => host.writable(peer)),
      stuck: (entry) => host.defer(() => this.run(entry, { type: 'hangup', reason: CONGESTED })),
    });
  }

  /** How many sessions that ended are remembered. */
  get endedSessions(): number {
    return this.ended.size;
  }

  /** Hands an input to the link with `peer`, if there is one. */
  tell(peer: PeerId, input: LinkInput): void {
    const entry = this.table.get(peer);
    if (entry !== undefined) this.run(entry, input);
  }

  /** The transport of a link has told something. */
  transport({ peer, session, event }: Extract<Input, { type: 'transport' }>): void {
    const entry = this.table.get(peer);
    if (entry === undefined) return;
    if (event.type !== 'drained') return this.run(entry, { type: 'transport', session, event });
    if (entry.session === session) this.sender.drained(entry, event);
  }

  /** Asks a peer for a link. */
  dial({ peer, purpose, isolated, introduced, route }: Dial): void {
    let entry = this.table.get(peer);
    if (entry === undefined) {
      const way = wayTo(peer, route, worthOf(purpose, introduced));
      entry = this.create(bytesToHex(randomBytes(this.rng, SESSION_BYTES)), way);
    } else entry.way.route ??= route;
    this.run(entry, { type: 'dial', purpose, isolated, timeoutMs: this.host.patienceMs(entry.way) });
  }

  /** A transport with a peer is open already: makes a link of it, unless there is one, or an attempt at one. */
  adopt(peer: PeerId, session: string): void {
    if (this.table.get(peer) === undefined) this.run(this.create(session, wayTo(peer)), { type: 'adopt' });
  }

  /**
   * A signal from another peer: for its link, or the beginning of one.
   * @param route the way back over the mesh; undefined when it came over the server
   * @param blame whom to count a violation of: who handed it to us
   */
  signal(from: PeerId, kind: SignalType, data: unknown, route?: Route, blame: PeerId = from): void {
    let signal: Signal;
    try {
      signal = signalFromJson(kind, data);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.violation(blame, 'malformed', `${kind}: ${error.message}`);
    }
    const past = this.ended.get(signal.session, this.host.now());
    let entry = this.table.get(from);
    if (entry === undefined) {
      const way = wayTo(from);
      arrivedBy(way, route);
      if (signal.kind === 'accept' || signal.kind === 'answer') return this.disown(way, signal.session);
      const opens = signal.kind === 'request' || signal.kind === 'offer';
      if (!opens || past !== undefined) return;
      entry = this.create(signal.session, way);
    } else {
      // A late copy begins nothing anew. Only with what we refused may the other side go on, when our own request crossed it.
      if (past !== undefined && (signal.kind === 'request' || (signal.kind === 'offer' && !past.refused))) return;
      arrivedBy(entry.way, route);
    }
    this.run(entry, { type: 'signal', signal });
  }

  /** An envelope of kind `signal` came over the mesh. What cannot be read is counted against whoever handed it to us. */
  routed({ from, content }: Envelope, path: readonly PeerId[]): void {
    const lastHop = path[path.length - 1] as PeerId;
    try {
      const { type, data } = decodeSignal(content);
      this.signal(from, type, data, path.slice(1).reverse(), lastHop);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.violation(lastHop, 'malformed', `signal: ${error.message}`);
    }
  }

  /** Signals reach a peer by no path: an attempt at a link with it is over, a link is not. */
  unreached(peer: PeerId, absent: boolean): void {
    const entry = this.table.get(peer);
    if (entry?.phase !== 'connecting') return;
    this.run(entry, { type: 'hangup', reason: absent ? 'not at the signaling server' : 'no way to it' });
  }

  /** A frame came over the transport of `session`. */
  receive(peer: PeerId, session: string, frame: Frame): void {
    const entry = this.table.get(peer);
    if (entry?.session !== session) return;
    if (frame.channel === 'link') return this.run(entry, { type: 'received', message: frame.message });
    if (entry.phase === 'connecting') {
      if (entry.early.length < LIMITS.earlyFrames) entry.early.push(frame);
      return;
    }
    this.run(entry, { type: 'heard' });
    if (frame.channel === 'datagram') return this.emit({ ...frame.message, from: peer });
    this.host.received(peer, frame);
  }

  /** Bytes came over the transport of `session` that are no frame. */
  malformed(peer: PeerId, session: string, error: DecodeError): void {
    if (this.table.get(peer)?.session !== session) return;
    this.violation(peer, 'malformed', `${error.code}: ${error.message}`);
  }

  /** Writes a frame to a ready link, when its turn comes; without one it is dropped. */
  send(peer: PeerId, frame: Frame, source: string = frame.channel): void {
    const entry = this.table.get(peer);
    if (entry !== undefined && entry.phase !== 'connecting') this.sender.send(entry, frame, source);
  }

  /** Counts what a peer does wrong; repeated abuse costs the link (S176). */
  violation(peer: PeerId, code: ViolationCode, detail: string): void {
    this.host.put({ type: 'violation', peer, code, detail });
    const entry = this.table.get(peer);
    if (entry !== undefined && ++entry.violations === LIMITS.violations) {
      this.run(entry, { type: 'hangup', reason: 'too many protocol violations' });
    }
  }

  /** Shows ready links as far as `maxPeers` allows, silent ones apart; those first that have waited longest. */
  showHandovers(): void {
    const shown = this.table.in('connected').filter(({ degraded }) => !degraded);
    const free = Math.max(0, this.host.maxPeers() - shown.length);
    const waiting = this.table.in('handover').sort((a, b) => a.readySince - b.readySince);
    for (const entry of waiting.slice(0, free)) {
      entry.phase = 'connected';
      if (this.comebacks.end(entry.peer) === undefined) this.emit({ type: 'peerConnected', peer: entry.peer });
    }
  }

  /** Peers that are shown: linked, or awaited because their link has lost its path. */
  get shown(): PeerId[] {
    return [...this.table.connected(), ...this.comebacks.peers];
  }

  /** A peer whose link had lost its path has not come back in time. */
  missed(peer: PeerId): void {
    const reason = this.comebacks.end(peer);
    if (reason !== undefined) this.emit({ type: 'peerDisconnected', peer, reason });
  }

  /** This mesh leaves: nobody is awaited any more. */
  leave(): void {
    for (const peer of this.comebacks.peers) this.missed(peer);
  }

  private create(session: string, way: Way): LinkEntry {
    const { network, config } = this;
    const said = (ended: string): number => this.ended.get(ended, this.host.now())?.said ?? 0;
    const link = new Link({ local: this.host.record(), network, remote: way.peer, session, config, said });
    return this.table.add(session, link, new SendScheduler(config), way);
  }

  /** The other side goes on with an attempt that is over here: it shall not wait for its end. */
  private disown(way: Way, session: string): void {
    // Its number matters to nobody: a cancel waits for nothing.
    if (session !== '') this.host.relay(way, signalToJson({ kind: 'cancel', session, seq: 0, reason: 'stale' }), false);
  }

  private remove(entry: LinkEntry, refused = false): void {
    this.table.delete(entry);
    const { session, said } = entry.link;
    if (session !== '') this.ended.set(session, { said, refused }, this.host.now());
  }

  private run(entry: LinkEntry, input: LinkInput): void {
    const outputs: LinkOutput[] = [];
    entry.link.handle(input, this.host.now(), outputs);
    for (const output of outputs) this.host.defer(() => this.carryOut(entry, output));
  }

  private emit(event: Event): void {
    this.host.put({ type: 'event', event });
  }

  private carryOut(entry: LinkEntry, output: LinkOutput): void {
    const { peer } = entry;
    switch (output.type) {
      case 'write':
        return this.sender.send(entry, { channel: 'link', message: output.message });
      case 'transport':
        if (output.command.type === 'open') entry.session = output.session;
        return this.host.put({ ...output, peer });
      case 'signal':
        // A link that is ready says nothing but what brings it back.
        entry.way.over = false;
        return this.host.relay(entry.way, signalToJson(output.signal), output.again === true);
      case 'timer':
        return this.host.put({ ...output, timer: { machine: 'link', peer, timer: output.timer } });
      case 'violation':
        return this.violation(peer, output.code, output.detail);
      case 'event':
        return this.happened(entry, output.event);
    }
  }

  private happened(entry: LinkEntry, event: LinkEvent): void {
    const { host } = this;
    const { peer } = entry;
    switch (event.type) {
      case 'requested':
        return host.tellTopology({
          ...event,
          peer,
          purpose: purposeOf(event.purpose),
          ...(entry.way.route && { route: entry.way.route }),
        });
      case 'redirected':
        this.remove(entry);
        return host.tellTopology({ ...event, peer });
      case 'degraded':
        entry.degraded = true;
        host.peer('suspect', peer);
        this.emit({ type: 'peerDegraded', peer });
        return this.showHandovers();
      case 'reconnecting':
        // What led to it once may not any more.
        Object.assign(entry.way, wayTo(peer));
        return this.emit({ type: 'peerReconnecting', peer });
      case 'recovered':
        entry.degraded = false;
        entry.way.over = true;
        host.peer('recovered', peer);
        return this.emit({ type: 'peerRecovered', peer });
      case 'ready':
        entry.readySince = host.now();
        entry.maxFrameBytes = event.maxFrameBytes;
        entry.way.over = true;
        host.tellTopology({ type: 'peerUp', peer, record: event.record });
        entry.phase = host.isExtra(peer) ? 'extra' : 'handover';
        this.showHandovers();
        host.peer('peerUp', peer);
        for (const frame of entry.early.splice(0)) this.receive(peer, entry.session, frame);
        return;
      case 'closed':
        return this.closed(entry, event);
    }
  }

  private closed(entry: LinkEntry, { reason, wasReady, initiator }: Extract<LinkEvent, { type: 'closed' }>): void {
    const { host } = this;
    const { peer, phase } = entry;
    this.remove(entry, initiator === 'local' && reason === 'refused');
    if (!wasReady) {
      // A request that we did not grant, or a late word of an attempt that is over, is no failure of a dial.
      if (initiator === 'local' && (reason === 'refused' || reason === 'stale')) return;
      // That the mesh alone brought no answer tells nothing of the peer.
      const silent = initiator === 'network' && reason === 'request-timeout' && entry.way.worth !== 'spare';
      const absent = entry.way.server === 'absent' && (silent || initiator === 'local');
      const cause = absent ? 'absent' : silent ? 'silent' : (FAILURES[reason] ?? 'ended');
      return host.tellTopology({ type: 'dialFailed', peer, cause });
    }
    host.peer('peerDown', peer);
    const cause = reason === LEFT ? 'left' : reason === 'timeout' ? 'silent' : 'closed';
    host.tellTopology({ type: 'peerDown', peer, cause });
    if (phase === 'connected' && !this.awaits(peer, reason)) this.emit({ type: 'peerDisconnected', peer, reason });
    this.showHandovers();
  }

  /** A peer that lives, and whose link has lost its path, is dialled anew, and shown meanwhile. */
  private awaits(peer: PeerId, reason: string): boolean {
    const { host, comebackMs } = this;
    if (reason !== PATH_LOST || comebackMs <= 0 || !this.comebacks.add(peer, reason)) return false;
    host.put({ type: 'timer', at: host.now() + comebackMs, timer: { machine: 'comeback', peer } });
    host.defer(() => host.tellTopology({ type: 'dial', peer, purpose: 'manual' }));
    return true;
  }
}

/** What a link is worth: the ring holds the mesh together, and of long and near links one is as good as another. */
function worthOf(purpose: Purpose, introduced: boolean): Worth {
  if (purpose === 'ring' || purpose === 'leaf') return 'ring';
  return introduced || (purpose !== 'finger' && purpose !== 'near') ? 'wanted' : 'spare';
}
