import { between, jitter } from '@peerpigeon/core';
import type { DecodeError, Emit, Machine, Millis, PeerId, Rng, SetTimer, TimerFired } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { ID_TAKEN, LOST, isPermanent } from './close-code.js';
import { type Config, DEFAULT_CONFIG, MAX_LOST, PROTOCOL_VERSION } from './config.js';
import { endpointUrl } from './endpoint.js';
import { bareRecord, type ClientMessage, isSignal, type ServerMessage, type SignalKind } from './message.js';

/** What can happen to a session. */
export type Input =
  /** Reach the server at `url` (ws: or wss:, any path and query), and stay there until `leave`. */
  | { readonly type: 'join'; readonly url: string; readonly seeking?: number }
  /** Say goodbye and close; no event follows. Harmless when repeated. */
  | { readonly type: 'leave' }
  /** What others are to be told of this peer from now on; the next announce carries it. */
  | { readonly type: 'record'; readonly record: PeerRecord }
  /** Relay a signal. Without a connection it is not kept, and reported as `unsent`. */
  | { readonly type: 'send'; readonly to: PeerId; readonly kind: SignalKind; readonly data: unknown }
  /**
   * Ask the server for peers, and for `seeking` that seek links as we do. At most one announce per `announceIntervalMs` goes
   * out; asking meanwhile costs nothing. `lost` peers, the latest 32, are kept until an announce names them, which may go out
   * after `lossIntervalMs`; so is `sample`, how many uniformly drawn members are wanted (0 to 8; absent: as many as the
   * server gives everybody).
   */
  | {
      readonly type: 'discover';
      readonly seeking?: number;
      readonly lost?: readonly PeerId[];
      readonly sample?: number;
    }
  /** The channel last asked for. After an output `close` or `open` nothing of the former channel may come in. */
  | { readonly type: 'opened' }
  | { readonly type: 'message'; readonly message: ServerMessage }
  | { readonly type: 'malformed'; readonly error: DecodeError }
  /** The channel closed, was lost, or never came about. */
  | { readonly type: 'closed'; readonly code: number; readonly reason: string }
  | TimerFired<Timer>;

/** What a session asks of its interpreter. */
export type Output =
  /** Open a channel to `url`, in which the peer's id and network stand. */
  | { readonly type: 'open'; readonly url: string }
  | { readonly type: 'write'; readonly message: ClientMessage }
  /** Close the channel; nothing of it comes back. */
  | { readonly type: 'close' }
  | SetTimer<Timer>
  | Emit<Event>;

/** What whoever joined learns. */
export type Event =
  /** The server has accepted us. */
  | {
      readonly type: 'connected';
      readonly url: string;
      /** The version that the server speaks; 0 for one that knows only the README's table. */
      readonly protocol: number;
      /** Larger messages close the connection; undefined when the server told none. */
      readonly maxMessageBytes: number | undefined;
    }
  /** The channel is gone, or an attempt to open one failed. Unless `permanent`, another attempt follows by itself. */
  | { readonly type: 'disconnected'; readonly code: number; readonly reason: string; readonly permanent: boolean }
  /** Peers to link with; from a README peer or server a bare record. */
  | {
      readonly type: 'discovered';
      readonly records: readonly PeerRecord[];
      /** Of these, peers that seek links too. */
      readonly seeking: readonly PeerId[];
      /** It answers an announce: so these are our ring neighbours at the server, and some others. */
      readonly answer: boolean;
    }
  /** A peer left the server. That says nothing of a link with it. */
  | { readonly type: 'departed'; readonly peer: PeerId }
  /** A signal of another peer. `data` is JSON from a stranger. */
  | { readonly type: 'signal'; readonly from: PeerId; readonly kind: SignalKind; readonly data: unknown }
  /** A signal did not reach `peer`: it is not at the server. */
  | { readonly type: 'absent'; readonly peer: PeerId }
  /** A signal was not sent: there is no connection. */
  | { readonly type: 'unsent'; readonly peer: PeerId; readonly kind: SignalKind }
  /** The server complained, or sent something malformed (`code` MALFORMED). */
  | { readonly type: 'error'; readonly code: string; readonly message: string };

/** A session's timers. One of a former stage is stale, and a no-op. */
export type Timer =
  /** The channel should have opened, or the server have accepted us. */
  | { readonly type: 'deadline'; readonly stage: number }
  /** Time to try again. */
  | { readonly type: 'retry'; readonly stage: number }
  | { readonly type: 'ping'; readonly stage: number }
  /** The next announce is allowed. */
  | { readonly type: 'announce'; readonly stage: number };

/** Where a session stands (S116). */
export type SessionState =
  /** Not joined. */
  | { readonly name: 'idle' }
  /** The channel is being opened. */
  | { readonly name: 'connecting'; readonly url: string }
  /** The channel is open and we have announced ourselves; the server has not yet said anything. */
  | { readonly name: 'announcing'; readonly url: string; readonly announcedAt: Millis }
  | {
      readonly name: 'connected';
      readonly url: string;
      readonly since: Millis;
      readonly protocol: number;
      readonly pingIntervalMs: Millis;
      /** When the last announce went out. */
      readonly announcedAt: Millis;
      /** When the next one will, if one waits for its time. */
      readonly announceAt?: Millis;
    }
  /** Between two attempts. */
  | { readonly name: 'waiting'; readonly url: string; readonly until: Millis }
  /** The server does not want us; only another `join` tries again. */
  | { readonly name: 'refused'; readonly url: string; readonly code: number; readonly reason: string };

/** What a session is made of. */
export interface SessionOptions {
  /** Who we are; `record.id` is the peer id. */
  readonly record: PeerRecord;
  /** The mesh to join, default `global`. */
  readonly network?: string;
  /** Draws the jitter of retries. */
  readonly rng: Rng;
  readonly config?: Partial<Config>;
}

/** Pings are never nearer than this, whatever a server asks for. Ours. */
const MIN_PING_INTERVAL_MS = 1_000;

/**
 * The client's side of signaling: reaches a server, announces the peer, relays signals, keeps the channel alive and comes
 * back after every loss (S117). It never touches a link.
 *
 * ```text
 * idle ─join→ connecting ─opened→ announcing ─any message, or 5 s without a refusal→ connected
 *                 ↑  └────────────────┴──── closed, or too late ────────┬──────────────────┘
 *                 └──────── retry ──────────── waiting ←──── else ──────┴── permanent ──→ refused
 * ```
 */
export class Session implements Machine<Input, Output> {
  private readonly peerId: PeerId;
  private readonly network: string | undefined;
  private readonly rng: Rng;
  private readonly config: Config;
  private record: PeerRecord;
  /** How many links were sought when last asked. */
  private seeking = 0;
  /** What the next announce is to name, once. */
  private lost: readonly PeerId[] = [];
  private sample: number | undefined;
  private current: SessionState = { name: 'idle' };
  /** Counts entries into states that set timers, so that timers of former ones are known to be stale. */
  private stage = 0;
  /** Losses in a row: the step on the ladder. */
  private losses = 0;
  /** How often this join was accepted. */
  private accepted = 0;
  /** Pings sent since anything was heard, and pongs heard, on this channel. */
  private unanswered = 0;
  private pongs = 0;
  /** Malformed messages on this channel. */
  private malformed = 0;

  /** @throws {RangeError} when the record's id or the network is not one */
  constructor({ record, network, rng, config }: SessionOptions) {
    endpointUrl('', record.id, network);
    this.peerId = record.id;
    this.network = network;
    this.record = record;
    this.rng = rng;
    this.config = { ...DEFAULT_CONFIG, ...config };
  }

  /** Where it stands; a fresh object after every change. */
  get state(): SessionState {
    return this.current;
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    switch (input.type) {
      case 'join':
        this.leave(out);
        this.lost = [];
        this.sample = undefined;
        this.seeking = input.seeking ?? 0;
        this.losses = 0;
        this.accepted = 0;
        return this.open(input.url, now, out);
      case 'leave':
        return this.leave(out);
      case 'record':
        if (input.record.id !== this.peerId)
          throw new RangeError(`record: expected id ${this.peerId}, got ${input.record.id}`);
        this.record = input.record;
        return;
      case 'send':
        if (this.current.name !== 'connected') emit(out, { type: 'unsent', peer: input.to, kind: input.kind });
        else out.push({ type: 'write', message: { type: input.kind, to: input.to, data: input.data } });
        return;
      case 'discover':
        this.seeking = input.seeking ?? 0;
        this.lost = [...new Set([...this.lost, ...(input.lost ?? [])])].slice(-MAX_LOST);
        this.sample = input.sample ?? this.sample;
        return this.onDiscover(now, out);
      case 'opened':
        return this.onOpened(now, out);
      case 'message':
        return this.onMessage(input.message, now, out);
      case 'malformed':
        return this.onMalformed(input.error, now, out);
      case 'closed':
        return this.lose(input.code, input.reason, now, out);
      case 'timer':
        if (input.timer.stage === this.stage) this.onTimer(input.timer, now, out);
        return;
    }
  }

  /** Whether there is a channel to write to. */
  private get isOpen(): boolean {
    const { name } = this.current;
    return name === 'announcing' || name === 'connected';
  }

  private leave(out: Output[]): void {
    if (this.isOpen) out.push({ type: 'write', message: { type: 'goodbye' } });
    if (this.isOpen || this.current.name === 'connecting') out.push({ type: 'close' });
    this.enter({ name: 'idle' });
  }

  private enter(state: SessionState): void {
    this.current = state;
    this.stage++;
  }

  private open(url: string, now: Millis, out: Output[]): void {
    this.enter({ name: 'connecting', url });
    this.unanswered = 0;
    this.pongs = 0;
    this.malformed = 0;
    out.push({ type: 'open', url: endpointUrl(url, this.peerId, this.network) });
    this.setTimer('deadline', now + this.config.connectTimeoutMs, out);
  }

  private onOpened(now: Millis, out: Output[]): void {
    if (this.current.name !== 'connecting') return;
    this.enter({ name: 'announcing', url: this.current.url, announcedAt: now });
    this.writeAnnounce(out);
    this.setTimer('deadline', now + this.config.acceptTimeoutMs, out);
  }

  private writeAnnounce(out: Output[]): void {
    const { peerId, network, record } = this;
    const protocol = PROTOCOL_VERSION;
    const seeking = this.seeking || undefined;
    const lost = this.lost.length > 0 ? this.lost : undefined;
    const { sample } = this;
    this.lost = [];
    this.sample = undefined;
    out.push({
      type: 'write',
      message: { type: 'announce', peerId, network, protocol, record, seeking, lost, sample },
    });
  }

  /** Announces, now or when it is allowed. A timer may find that another announce went out meanwhile: then it is stale. */
  private onDiscover(now: Millis, out: Output[]): void {
    const state = this.current;
    if (state.name !== 'connected') return;
    const { announceIntervalMs, lossIntervalMs } = this.config;
    const allowedAt = state.announcedAt + (this.lost.length > 0 ? lossIntervalMs : announceIntervalMs);
    if (now >= allowedAt) {
      this.current = { ...state, announcedAt: now, announceAt: undefined };
      this.writeAnnounce(out);
    } else if (state.announceAt !== allowedAt) {
      this.current = { ...state, announceAt: allowedAt };
      this.setTimer('announce', allowedAt, out);
    }
  }

  private onMessage(message: ServerMessage, now: Millis, out: Output[]): void {
    this.unanswered = 0;
    if (message.type !== 'error') this.accept(message, now, out);
    if (!this.isOpen) return;
    if (isSignal(message)) {
      return emit(out, { type: 'signal', from: message.from, kind: message.type, data: message.data });
    }
    switch (message.type) {
      case 'connected':
        return;
      case 'pong':
        this.pongs++;
        return;
      case 'peers':
        return this.discover(message.peers, message.seeking ?? [], true, out);
      case 'peer-discovered':
        return this.discover([message.record ?? bareRecord(message.peerId)], [], false, out);
      case 'peer-disconnected':
        if (message.peerId !== this.peerId) emit(out, { type: 'departed', peer: message.peerId });
        return;
      case 'error':
        if (message.code === 'TARGET_ABSENT' && message.targetPeerId !== undefined) {
          return emit(out, { type: 'absent', peer: message.targetPeerId });
        }
        return emit(out, { type: 'error', code: message.code, message: message.message });
    }
  }

  /** The server's first message, or its patience, says that an announced peer is in. */
  private accept(message: ServerMessage | undefined, now: Millis, out: Output[]): void {
    const state = this.current;
    if (state.name !== 'announcing') return;
    const told = message?.type === 'connected' ? message : undefined;
    const protocol = told?.protocol ?? 0;
    // A third of the server's patience, so that two pings may be lost (S135).
    const patience = told?.peerTimeoutMs === undefined ? Infinity : Math.floor(told.peerTimeoutMs / 3);
    const pingIntervalMs = Math.max(MIN_PING_INTERVAL_MS, Math.min(this.config.pingIntervalMs, patience));
    const { url, announcedAt } = state;
    this.enter({ name: 'connected', url, since: now, protocol, pingIntervalMs, announcedAt });
    this.accepted++;
    emit(out, { type: 'connected', url, protocol, maxMessageBytes: told?.maxMessageBytes });
    this.setTimer('ping', now + pingIntervalMs, out);
  }

  private discover(peers: readonly PeerRecord[], seekers: readonly PeerRecord[], answer: boolean, out: Output[]): void {
    const records = [...peers, ...seekers].filter(({ id }) => id !== this.peerId);
    if (records.length > 0) emit(out, { type: 'discovered', records, seeking: seekers.map(({ id }) => id), answer });
  }

  private onMalformed(error: DecodeError, now: Millis, out: Output[]): void {
    if (!this.isOpen) return;
    emit(out, { type: 'error', code: 'MALFORMED', message: error.message });
    if (++this.malformed >= this.config.maxMalformed) this.giveUp('too many malformed messages', now, out);
  }

  private onTimer(timer: Timer, now: Millis, out: Output[]): void {
    const state = this.current;
    switch (timer.type) {
      case 'deadline':
        if (state.name === 'connecting') return this.giveUp('no connection in time', now, out);
        return this.accept(undefined, now, out);
      case 'retry':
        if (state.name === 'waiting') this.open(state.url, now, out);
        return;
      case 'ping':
        if (state.name === 'connected') this.ping(state.protocol, state.pingIntervalMs, now, out);
        return;
      case 'announce':
        if (state.name === 'connected' && state.announceAt !== undefined) this.onDiscover(now, out);
    }
  }

  private ping(protocol: number, intervalMs: Millis, now: Millis, out: Output[]): void {
    // The README's server need not answer pings; one that has answered before, or speaks our protocol, must.
    const mustAnswer = protocol > 0 || this.pongs > 0;
    if (mustAnswer && this.unanswered >= this.config.maxUnansweredPings) {
      return this.giveUp('the server does not answer', now, out);
    }
    this.unanswered++;
    out.push({ type: 'write', message: { type: 'ping' } });
    this.setTimer('ping', now + intervalMs, out);
  }

  /** We end a channel that is of no use. */
  private giveUp(reason: string, now: Millis, out: Output[]): void {
    out.push({ type: 'close' });
    this.lose(LOST, reason, now, out);
  }

  private lose(code: number, reason: string, now: Millis, out: Output[]): void {
    const state = this.current;
    if (state.name === 'idle' || state.name === 'waiting' || state.name === 'refused') return;
    // Who was in before and now finds the id taken meets its own former connection, or whoever came in its place meanwhile.
    const permanent = isPermanent(code) && !(code === ID_TAKEN && this.accepted > 0);
    emit(out, { type: 'disconnected', code, reason, permanent });
    if (permanent) return this.enter({ name: 'refused', url: state.url, code, reason });

    if (state.name === 'connected' && now - state.since >= this.config.stableMs) this.losses = 0;
    const waitMs = this.retryWait(this.losses++);
    this.enter({ name: 'waiting', url: state.url, until: now + waitMs });
    this.setTimer('retry', now + waitMs, out);
  }

  /** How long to wait after so many losses in a row. */
  private retryWait(losses: number): Millis {
    const { retryLadderMs, retryJitterMs, retryPeriodMs, retryPeriods, slowRetryPeriodMs } = this.config;
    const step = retryLadderMs[losses];
    if (step !== undefined) return step + between(this.rng, 0, retryJitterMs);
    const slow = losses >= retryLadderMs.length + retryPeriods;
    return slow ? jitter(this.rng, slowRetryPeriodMs, 0.5) : jitter(this.rng, retryPeriodMs, 0.3);
  }

  private setTimer(type: Timer['type'], at: Millis, out: Output[]): void {
    out.push({ type: 'timer', at, timer: { type, stage: this.stage } });
  }
}

function emit(out: Output[], event: Event): void {
  out.push({ type: 'event', event });
}
