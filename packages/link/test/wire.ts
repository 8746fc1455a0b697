import { SeededRng, TimeHeap, below, between } from '@peerpigeon/core';
import type { Millis, PeerId, Violation } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { Link, linkConfig } from '../src/index.js';
import type { Config, Description, Event, Input, Message, Output, Signal, TransportCommand } from '../src/index.js';

/** Two ids, of which `LARGE` offers (S89). */
export const SMALL: PeerId = '11'.repeat(20);
export const LARGE: PeerId = 'ee'.repeat(20);

export const recordOf = (id: PeerId, more: Partial<PeerRecord> = {}): PeerRecord => ({
  id,
  epoch: 1,
  caps: { maxPeers: 3 },
  expires: 9e15,
  ...more,
});

/** A request of `id`, the first signal of `session`. */
export const requestOf = (id: PeerId, session: string): Signal => ({
  kind: 'request',
  session,
  seq: 0,
  purpose: 'ring',
  isolated: false,
  record: recordOf(id),
});

/** How a wire treats signals; every draw comes from `seed`. */
export interface Weather {
  readonly seed: number;
  /** One-way delay of a signal is drawn from this range, so that a wide one reorders. */
  readonly signalMs: readonly [Millis, Millis];
  readonly loss: number;
  readonly duplication: number;
  /** Which signals are lost for certain, counted from 0 over both sides, copies apart. */
  readonly lost: readonly number[];
  /** When each of several paths breaks; every signal goes over all that are whole (the server and the mesh, raced). */
  readonly paths: readonly Millis[];
}

export const FAIR: Weather = { seed: 1, signalMs: [20, 20], loss: 0, duplication: 0, lost: [], paths: [Infinity] };

/** A transport of the test: two of them are joined once each holds the other's description. */
interface FakeTransport {
  readonly owner: Peer;
  readonly session: string;
  sdp: string;
  remoteSdp: string;
  partner: FakeTransport | undefined;
  closed: boolean;
}

/** One end: a link, what a mesh would do for it, and the record of what happened. */
export interface Peer {
  readonly id: PeerId;
  link: Link | undefined;
  readonly events: Event[];
  readonly messages: Message[];
  readonly violations: Violation[];
  readonly signals: Signal[];
  readonly commands: TransportCommand['type'][];
  transport: FakeTransport | undefined;
  /** What the mesh says to `requested`, and after how long. */
  answer: Input;
  answerAfterMs: Millis;
  record: PeerRecord;
  network: string;
  config: Config;
}

const PATH_MS = 10;
const PLATFORM_MS = 2;

/** Two peers, a path for signals between them, transports, and a virtual clock. */
export class Wire {
  now: Millis = 0;
  readonly small: Peer;
  readonly large: Peer;
  /** What no adapter could carry out: commands out of order. Must stay empty. */
  readonly faults: string[] = [];
  /** Nothing passes the transports while true, as if the path had gone. */
  cut = false;
  /** A restart finds another path. */
  mends = true;
  private readonly heap = new TimeHeap<() => void>();
  private readonly weather: Weather;
  private readonly rng: SeededRng;
  private count = 0;
  private signals = 0;

  constructor(weather: Partial<Weather> = {}) {
    this.weather = { ...FAIR, ...weather };
    this.rng = new SeededRng(this.weather.seed);
    this.small = this.peer(SMALL);
    this.large = this.peer(LARGE);
  }

  at(at: Millis, action: () => void): void {
    this.heap.push(at, action);
  }

  /** Runs until nothing is due before `at`. */
  run(until: Millis): void {
    while (this.heap.nextAt <= until) {
      this.now = this.heap.nextAt;
      (this.heap.pop() as () => void)();
    }
    this.now = until;
  }

  /** Dials, unless there is a link already: a mesh would feed `dial` to that one. */
  dial(peer: Peer, isolated = false, timeoutMs?: Millis): void {
    peer.link ??= this.link(peer, `session ${this.count++}`);
    this.feed(peer, { type: 'dial', purpose: 'ring', isolated, ...(timeoutMs !== undefined && { timeoutMs }) });
  }

  feed(peer: Peer, input: Input): void {
    const out: Output[] = [];
    const { link } = peer;
    link?.handle(input, this.now, out);
    for (const output of out) this.carryOut(peer, link as Link, output);
  }

  other(peer: Peer): Peer {
    return peer === this.small ? this.large : this.small;
  }

  /** Both ends are ready, over one and the same pair of transports. */
  get isJoined(): boolean {
    const { small, large } = this;
    return (
      small.link?.state === 'ready' &&
      large.link?.state === 'ready' &&
      small.transport?.partner !== undefined &&
      small.transport.partner === large.transport
    );
  }

  deliver(to: Peer, signal: Signal): void {
    if (to.link === undefined && (signal.kind === 'request' || signal.kind === 'offer')) {
      to.link = this.link(to, signal.session);
    }
    this.feed(to, { type: 'signal', signal });
  }

  private peer(id: PeerId): Peer {
    return {
      id,
      link: undefined,
      events: [],
      messages: [],
      violations: [],
      signals: [],
      commands: [],
      transport: undefined,
      answer: { type: 'grant' },
      answerAfterMs: 0,
      record: recordOf(id),
      network: 'global',
      config: linkConfig(),
    };
  }

  private link(peer: Peer, session: string): Link {
    const { record: local, network, config } = peer;
    return new Link({ local, network, remote: this.other(peer).id, session, config });
  }

  private carryOut(peer: Peer, link: Link, output: Output): void {
    switch (output.type) {
      case 'signal':
        peer.signals.push(output.signal);
        return this.send(peer, output.signal);
      case 'transport':
        peer.commands.push(output.command.type);
        return this.command(peer, output.session, output.command);
      case 'write':
        return this.write(peer, output.message);
      case 'timer':
        if (output.at < this.now) this.faults.push(`timer in the past: ${output.at} at ${this.now}`);
        return this.at(output.at, () => {
          if (peer.link === link) this.feed(peer, { type: 'timer', timer: output.timer });
        });
      case 'violation':
        peer.violations.push(output);
        return;
      case 'event':
        return this.happened(peer, output.event);
    }
  }

  private happened(peer: Peer, event: Event): void {
    peer.events.push(event);
    if (event.type === 'requested') {
      if (peer.answerAfterMs === 0) this.feed(peer, peer.answer);
      else this.at(this.now + peer.answerAfterMs, () => this.feed(peer, peer.answer));
    } else if (event.type === 'closed' || event.type === 'redirected') {
      peer.link = undefined;
      if (peer.transport !== undefined) this.faults.push(`${event.type} with an open transport`);
    }
  }

  private send(from: Peer, signal: Signal): void {
    const { loss, duplication, lost, signalMs, paths } = this.weather;
    if (lost.includes(this.signals++)) return;
    const chance = (share: number) => between(this.rng, 0, 1) < share;
    const whole = paths.filter((breaksAt) => this.now < breaksAt).length;
    for (let copies = whole + (chance(duplication) ? 1 : 0); copies > 0; copies--) {
      const delay = between(this.rng, signalMs[0], signalMs[1]);
      if (!chance(loss)) this.at(this.now + delay, () => this.deliver(this.other(from), signal));
    }
  }

  private write(from: Peer, message: Message): void {
    const partner = from.transport?.partner;
    if (partner === undefined || this.cut) return;
    this.at(this.now + PATH_MS, () => {
      if (partner.closed) return;
      partner.owner.messages.push(message);
      this.feed(partner.owner, { type: 'received', message });
    });
  }

  private command(peer: Peer, session: string, command: TransportCommand): void {
    const { transport } = peer;
    if (command.type === 'open') {
      if (transport !== undefined) this.faults.push('open while one is open');
      peer.transport = { owner: peer, session, sdp: '', remoteSdp: '', partner: undefined, closed: false };
      return;
    }
    if (transport === undefined || transport.session !== session) {
      this.faults.push(`${command.type} without a transport`);
      return;
    }
    switch (command.type) {
      case 'restart':
        if (transport.partner === undefined) this.faults.push('restart of what was never open');
        return this.describe(transport, { type: 'offer', sdp: `restart ${this.count++}` });
      case 'offer':
      case 'answer':
        if (command.type === 'answer' && transport.partner !== undefined) {
          transport.remoteSdp = command.description.sdp;
          return this.describe(transport, { type: 'answer', sdp: `answer ${this.count++}` });
        }
        if (transport.sdp !== '') this.faults.push(`${command.type} twice`);
        if (command.type === 'answer') transport.remoteSdp = command.description.sdp;
        transport.sdp = `${command.type} ${this.count++}`;
        return this.describe(transport, { type: command.type, sdp: transport.sdp });
      case 'accept':
        if (transport.partner !== undefined) return this.mend();
        if (transport.sdp === '' || transport.remoteSdp !== '') this.faults.push('accept out of order');
        transport.remoteSdp = command.description.sdp;
        return this.join(transport);
      case 'candidate':
        if (transport.remoteSdp === '') this.faults.push('a candidate before the description');
        return;
      case 'close':
        return this.close(transport);
      case 'drain':
        // The mesh's scheduler asks it; a link never does.
        this.faults.push('drain asked by a link');
    }
  }

  /** The local description comes at once, candidates trickle. */
  private describe(transport: FakeTransport, description: Description): void {
    const tell = (afterMs: Millis, event: Extract<Input, { type: 'transport' }>['event']) => {
      this.at(this.now + afterMs, () => {
        if (!transport.closed) this.feed(transport.owner, { type: 'transport', session: transport.session, event });
      });
    };
    tell(PLATFORM_MS, { type: 'description', description });
    const trickle = 1 + below(this.rng, 3);
    for (let i = 1; i <= trickle; i++) {
      const candidate = { candidate: `candidate ${i} of ${description.sdp}`, sdpMid: '0', sdpMLineIndex: 0 };
      tell(PLATFORM_MS * (i + 1), { type: 'candidate', candidate });
    }
  }

  /** Both ends have each other's new credentials. */
  private mend(): void {
    this.at(this.now + 2 * PATH_MS, () => {
      if (this.mends) this.cut = false;
    });
  }

  private join(one: FakeTransport): void {
    const other = this.other(one.owner).transport;
    if (other === undefined || other.remoteSdp !== one.sdp || one.remoteSdp !== other.sdp) return;
    one.partner = other;
    other.partner = one;
    for (const [end, afterMs] of [[one, PATH_MS] as const, [other, 3 * PATH_MS] as const]) {
      this.at(this.now + afterMs, () => {
        if (end.closed) return;
        this.feed(end.owner, { type: 'transport', session: end.session, event: { type: 'opened' } });
      });
    }
  }

  private close(transport: FakeTransport): void {
    transport.closed = true;
    transport.owner.transport = undefined;
    const { partner } = transport;
    if (partner === undefined || this.cut) return;
    this.at(this.now + PATH_MS, () => {
      if (partner.closed) return;
      this.feed(partner.owner, {
        type: 'transport',
        session: partner.session,
        event: { type: 'closed', reason: 'closed' },
      });
    });
  }
}

/** The events' types, in order. */
export const types = (peer: Peer): string[] => peer.events.map((event) => event.type);

/** The last event. */
export const last = (peer: Peer): Event | undefined => peer.events[peer.events.length - 1];
