import type { DecodeError, Machine, Millis, PeerId, Rng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { ID_TAKEN, LOST, NOT_IN_TIME, RATE_LIMITED, RESTART, isPermanent } from './close-code.js';
import { type Config, DEFAULT_CONFIG, MAX_LOST, PROTOCOL_VERSION } from './config.js';
import { endpointUrl } from './endpoint.js';
import { Itinerary } from './itinerary.js';
import { bareRecord, isSignal, type ServerMessage } from './message.js';
import type { Resume } from './resume.js';
import type { Event, Input, Output, SessionState, Timer } from './session-io.js';

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

const UNANSWERED = 'the server does not answer';

/**
 * The client's side of signaling: reaches a server, announces the peer, relays signals, keeps the channel alive and comes
 * back after every loss (S117), to the next server of its list if need be. It never touches a link.
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
  private readonly config: Config;
  private readonly itinerary: Itinerary;
  private record: PeerRecord;
  /** How many links were sought when last asked. */
  private seeking = 0;
  /** What the next announce is to name, once. */
  private lost: readonly PeerId[] = [];
  private sample: number | undefined;
  private current: SessionState = { name: 'idle' };
  /** Counts entries into states that set timers, so that timers of former ones are known to be stale. */
  private stage = 0;
  private connectTimeoutMs: Millis;
  /** When the last attempt began. */
  private triedAt: Millis = -Infinity;
  /** Presented to the deployment that gave it, until another takes its place. */
  private resume: Resume | undefined;
  /** How often this join was accepted. */
  private accepted = 0;
  /** When this channel last brought anything, and when it was last pinged. */
  private heardAt: Millis = -Infinity;
  private pingedAt: Millis = -Infinity;
  /** Pings sent since anything was heard, and pongs heard, on this channel. */
  private unanswered = 0;
  private pongs = 0;
  /** Until when a sign of life is wanted; Infinity when nothing is in doubt. */
  private checkUntil: Millis = Infinity;
  /** Until when the server wants no more of us. */
  private heldUntil: Millis = -Infinity;
  /** Malformed messages on this channel. */
  private malformed = 0;

  /** @throws {RangeError} when the record's id or the network is not one */
  constructor({ record, network, rng, config }: SessionOptions) {
    endpointUrl('', record.id, network);
    this.peerId = record.id;
    this.network = network;
    this.record = record;
    this.config = { ...DEFAULT_CONFIG, ...config };
    this.connectTimeoutMs = this.config.connectTimeoutMs;
    this.itinerary = new Itinerary(rng, this.config);
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
        this.accepted = 0;
        this.connectTimeoutMs = input.connectTimeoutMs ?? this.config.connectTimeoutMs;
        this.resume = input.resume;
        this.itinerary.begin([input.url, ...(input.fallbacks ?? [])]);
        return this.open(now, out);
      case 'hasten':
        return this.hasten(now, out);
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
        return this.check(now, out);
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

  private open(now: Millis, out: Output[]): void {
    const { url } = this.itinerary;
    this.enter({ name: 'connecting', url });
    this.triedAt = now;
    this.checkUntil = Infinity;
    this.unanswered = 0;
    this.pongs = 0;
    this.malformed = 0;
    out.push({ type: 'open', url: endpointUrl(url, this.peerId, this.network) });
    this.setTimer('deadline', now + this.connectTimeoutMs, out);
  }

  private onOpened(now: Millis, out: Output[]): void {
    if (this.current.name !== 'connecting') return;
    this.enter({ name: 'announcing', url: this.current.url, announcedAt: now });
    this.writeAnnounce(
      out,
      this.resume !== undefined && this.itinerary.leadsTo(this.resume.url) ? this.resume.token : undefined,
    );
    this.setTimer('deadline', now + this.config.acceptTimeoutMs, out);
  }

  private writeAnnounce(out: Output[], resume?: string): void {
    const { peerId, network, record } = this;
    const protocol = PROTOCOL_VERSION;
    const seeking = this.seeking || undefined;
    const lost = this.lost.length > 0 ? this.lost : undefined;
    const { sample } = this;
    this.lost = [];
    this.sample = undefined;
    out.push({
      type: 'write',
      message: { type: 'announce', peerId, network, protocol, record, seeking, lost, sample, resume },
    });
  }

  /** Announces, now or when it is allowed. A timer may find that another announce went out meanwhile: then it is stale. */
  private onDiscover(now: Millis, out: Output[]): void {
    const state = this.current;
    if (state.name !== 'connected') return;
    const { announceIntervalMs, lossIntervalMs } = this.config;
    const since = state.announcedAt + (this.lost.length > 0 ? lossIntervalMs : announceIntervalMs);
    const allowedAt = Math.max(since, this.heldUntil);
    if (now >= allowedAt) {
      this.current = { ...state, announcedAt: now, announceAt: undefined };
      this.writeAnnounce(out);
      this.check(now, out);
    } else if (state.announceAt !== allowedAt) {
      this.current = { ...state, announceAt: allowedAt };
      this.setTimer('announce', allowedAt, out);
    }
  }

  private onMessage(message: ServerMessage, now: Millis, out: Output[]): void {
    this.heardAt = now;
    this.unanswered = 0;
    this.checkUntil = Infinity;
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
      case 'drain':
        return this.setTimer('drain', now + Math.min(message.afterMs ?? 0, this.config.maxDelayMs), out);
      case 'error':
        this.heldUntil = Math.max(this.heldUntil, now + Math.min(message.retryAfterMs ?? 0, this.config.maxDelayMs));
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
    this.resume = told?.resume === undefined ? undefined : { url, token: told.resume };
    this.enter({ name: 'connected', url, since: now, protocol, pingIntervalMs, announcedAt });
    this.accepted++;
    this.pingedAt = now;
    emit(out, { type: 'connected', url, protocol, maxMessageBytes: told?.maxMessageBytes, resume: this.resume });
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
        if (state.name === 'connecting') return this.giveUp(NOT_IN_TIME, now, out);
        return this.accept(undefined, now, out);
      case 'retry':
        if (state.name === 'waiting') this.open(now, out);
        return;
      case 'ping':
        if (state.name === 'connected') this.ping(state.protocol, state.pingIntervalMs, now, out);
        return;
      case 'check':
        if (now >= this.checkUntil) this.giveUp(UNANSWERED, now, out);
        return;
      case 'drain':
        return this.moveOn(now, out);
      case 'announce':
        if (state.name === 'connected' && state.announceAt !== undefined) this.onDiscover(now, out);
    }
  }

  /** A ping is due, or another one, since the former was not answered. */
  private ping(protocol: number, intervalMs: Millis, now: Millis, out: Output[]): void {
    const { maxUnansweredPings, checkTimeoutMs } = this.config;
    const answers = this.mustAnswer(protocol);
    const dueAt = this.pingedAt + intervalMs;
    if (this.unanswered === 0 && now < dueAt) return this.setTimer('ping', dueAt, out);
    if (answers && this.unanswered >= maxUnansweredPings) return this.giveUp(UNANSWERED, now, out);
    this.unanswered++;
    this.pingedAt = now;
    out.push({ type: 'write', message: { type: 'ping' } });
    this.setTimer('ping', now + (answers ? Math.min(checkTimeoutMs, intervalMs) : intervalMs), out);
  }

  /** The README's server need not answer pings; one that has answered before, or speaks our protocol, must. */
  private mustAnswer(protocol: number): boolean {
    return protocol > 0 || this.pongs > 0;
  }

  private hasten(now: Millis, out: Output[]): void {
    const state = this.current;
    if (state.name === 'connected') this.ask(now, out);
    else if (state.name === 'waiting') {
      this.itinerary.hasten();
      const until = Math.max(now, this.triedAt + this.config.minRetryMs);
      if (until < state.until) this.wait(until, out);
    }
  }

  /** What was just written matters: is the server there? Not asked where it was heard of lately. */
  private check(now: Millis, out: Output[]): void {
    if (now - this.heardAt >= this.config.checkTimeoutMs) this.ask(now, out);
  }

  /** A sign of life is wanted in time. */
  private ask(now: Millis, out: Output[]): void {
    if (this.current.name !== 'connected' || this.checkUntil < Infinity || !this.mustAnswer(this.current.protocol))
      return;
    this.checkUntil = now + this.config.checkTimeoutMs;
    out.push({ type: 'write', message: { type: 'ping' } });
    this.setTimer('check', this.checkUntil, out);
  }

  private wait(until: Millis, out: Output[]): void {
    this.enter({ name: 'waiting', url: this.itinerary.url, until });
    this.setTimer('retry', until, out);
  }

  /** We end a channel that is of no use. */
  private giveUp(reason: string, now: Millis, out: Output[]): void {
    out.push({ type: 'close' });
    this.lose(LOST, reason, now, out);
  }

  /** The server wants us to leave, each client at a time of its own, so that nothing more is waited for. */
  private moveOn(now: Millis, out: Output[]): void {
    const { url } = this.itinerary;
    this.itinerary.moveOn();
    out.push({ type: 'close' });
    emit(out, { type: 'disconnected', url, code: RESTART, reason: 'the server stops', permanent: false });
    this.wait(now, out);
  }

  private lose(code: number, reason: string, now: Millis, out: Output[]): void {
    const state = this.current;
    if (state.name === 'idle' || state.name === 'waiting' || state.name === 'refused') return;
    const { url } = state;
    // Who was in before and now finds the id taken meets its own former connection, or whoever came in its place meanwhile.
    // A token of a former run says that we were in, once.
    const wasIn = this.accepted > 0 || this.resume !== undefined;
    if (code === ID_TAKEN) this.resume = undefined;
    const permanent = isPermanent(code) && !(code === ID_TAKEN && wasIn);
    emit(out, { type: 'disconnected', url, code, reason, permanent });
    if (permanent) return this.enter({ name: 'refused', url, code, reason });
    const lasted = state.name === 'connected' && now - state.since >= this.config.stableMs;
    if (lasted && code === RESTART) this.itinerary.moveOn();
    const until = now + (lasted ? this.itinerary.lose() : this.itinerary.fail());
    this.wait(code === RATE_LIMITED ? Math.max(until, this.heldUntil) : until, out);
  }

  private setTimer(type: Timer['type'], at: Millis, out: Output[]): void {
    out.push({ type: 'timer', at, timer: { type, stage: this.stage } });
  }
}

function emit(out: Output[], event: Event): void {
  out.push({ type: 'event', event });
}
