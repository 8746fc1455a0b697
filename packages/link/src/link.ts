import type { Machine, Millis, PeerId, ViolationCode } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Config } from './config.js';
import type { CloseReason } from './event.js';
import { agree } from './hello.js';
import type { Input } from './input.js';
import { Lifecycle } from './lifecycle.js';
import { Liveness } from './liveness.js';
import { sendableReason } from './message.js';
import type { Hello, Message } from './message.js';
import { Negotiation } from './negotiation.js';
import { Recovery } from './recovery.js';
import type { Output, Timer } from './output.js';
import { Session } from './session.js';
import type { Signal } from './signal.js';
import type { State } from './state.js';
import type { TransportEvent } from './transport.js';

/** What a link is made of. */
export interface LinkOptions {
  /** Ourselves, as the other side will know us. */
  readonly local: PeerRecord;
  /** Peers of other networks are turned away. */
  readonly network: string;
  /** Whom the link is with. */
  readonly remote: PeerId;
  /**
   * The attempt's name. Dialling: fresh and random, 1 to 64 characters (32 hexadecimal digits, say). Made for an
   * incoming request or offer: that signal's session.
   */
  readonly session: string;
  /** From `linkConfig`; one object for all links of a mesh. */
  readonly config: Config;
  /**
   * How many signals were sent to this peer in a session that ended with a refusal: the peer may go on with it when our
   * own request crossed its own. None by default.
   */
  readonly said?: (session: string) => number;
}

/**
 * One link between two peers, from the first request to its end.
 *
 * Feed it `dial`, or as its first `signal` a request or an offer; then every signal of this peer, every event of the
 * transports it opens, and a sign of life for every frame that is not its own. Its last event is `closed` or
 * `redirected`; drop it then. {@link TRANSITIONS} says where it can stand.
 */
export class Link implements Machine<Input, Output> {
  readonly remote: PeerId;
  private readonly local: PeerRecord;
  private readonly network: string;
  private readonly config: Config;
  private readonly life = new Lifecycle();
  private readonly attempt: Session;
  private readonly recovery: Recovery;
  private readonly negotiation: Negotiation;
  private liveness: Liveness | undefined = undefined;
  /** Their hello, when it came before our own channels were open. */
  private early: Hello | undefined = undefined;
  /** What the timer that is not stale was set for. */
  private armedAt: Millis = Infinity;

  constructor(options: LinkOptions) {
    this.remote = options.remote;
    this.local = options.local;
    this.network = options.network;
    this.config = options.config;
    this.attempt = new Session(options.session, options.config);
    const { local, remote, config, said = () => 0 } = options;
    this.recovery = new Recovery(config);
    this.negotiation = new Negotiation(local, remote, config, this.life, this.attempt, this.recovery, said);
  }

  /** Where it stands. */
  get state(): State['name'] {
    return this.life.state.name;
  }

  /** The present attempt's name; another one than at the start when the other side's attempt won. */
  get session(): string {
    return this.attempt.name;
  }

  /** How many signals were sent in it. */
  get said(): number {
    return this.attempt.signed;
  }

  /** Round trip of the latest ping, in ms; undefined before the first. */
  get rttMs(): Millis | undefined {
    return this.liveness?.rttMs;
  }

  handle(input: Input, now: Millis, out: Output[]): void {
    switch (input.type) {
      case 'heard':
        return this.heard(now, out);
      case 'wrote':
        return this.liveness?.wrote(now);
      default:
    }
    if (this.state === 'closed') return;
    this.step(input, now, out);
    this.arm(out);
  }

  private step(input: Exclude<Input, { type: 'heard' | 'wrote' }>, now: Millis, out: Output[]): void {
    switch (input.type) {
      case 'dial':
        return this.negotiation.dial(input, now, out);
      case 'adopt':
        return this.negotiation.adopt(now, out);
      case 'grant':
        return this.negotiation.grant(now, out);
      case 'refuse':
        return this.negotiation.refuse(input, out);
      case 'signal':
        return this.onSignal(input.signal, now, out);
      case 'transport':
        if (input.session === this.session) this.onTransport(input.event, now, out);
        return;
      case 'received':
        this.heard(now, out);
        return this.onMessage(input.message, now, out);
      case 'timer':
        return this.onTimer(input.timer, now, out);
      case 'hangup':
        return this.hangup(input.reason, out);
    }
  }

  private onSignal(signal: Signal, now: Millis, out: Output[]): void {
    const asksAnew = signal.session !== this.session && (signal.kind === 'request' || signal.kind === 'offer');
    // S100: they have lost the link, or this is a request that crossed ours long ago. Only the link itself can tell.
    if (asksAnew && this.liveness?.probe(now) === true) this.ping(now, out);
    this.negotiation.onSignal(signal, now, out);
    if (this.life.isReady) this.recover(now, out);
  }

  private onTransport(event: TransportEvent, now: Millis, out: Output[]): void {
    const { name } = this.life.state;
    if (event.type === 'opened' && name === 'opening') {
      this.life.enter({ name: 'hello', until: now + this.config.helloTimeoutMs });
      const { versions, maxFrameBytes } = this.config;
      const { network, local: record } = this;
      out.push({ type: 'write', message: { type: 'hello', versions, network, maxFrameBytes, record } });
      if (this.early !== undefined) this.onHello(this.early, now, out);
    } else if (event.type === 'broken') this.broken(now, out);
    else if (this.life.isOpen && (event.type === 'closed' || event.type === 'failed')) {
      if (event.type === 'closed') this.negotiation.close('transport-closed', 'network', out);
    } else this.negotiation.onTransport(event, now, out);
  }

  private onMessage(message: Message, now: Millis, out: Output[]): void {
    switch (message.type) {
      case 'hello':
        if (this.state === 'hello') this.onHello(message, now, out);
        else if (this.state === 'opening' && this.early === undefined) this.early = message;
        else this.violation('unexpected', `a hello in state ${this.state}`, out);
        return;
      case 'ping':
        if (this.liveness === undefined) return;
        this.liveness.wrote(now);
        out.push({ type: 'write', message: { type: 'pong', nonce: message.nonce } });
        return;
      case 'pong':
        return this.liveness?.pong(message.nonce, now);
      case 'goodbye':
        if (this.life.isOpen || this.state === 'opening') this.negotiation.close(message.reason, 'remote', out);
    }
  }

  private onHello(hello: Hello, now: Millis, out: Output[]): void {
    const agreement = agree(hello, this.remote, this.network, this.config);
    if (!agreement.ok) {
      this.violation(agreement.code, agreement.detail, out);
      return this.hangup(agreement.fault, out);
    }
    this.life.enter({ name: 'proof' });
    this.life.enter({ name: 'ready' });
    this.early = undefined;
    this.liveness = new Liveness(this.config, this.local.id > this.remote, now);
    const { record, maxFrameBytes, version } = agreement;
    out.push({ type: 'event', event: { type: 'ready', record, maxFrameBytes, version } });
  }

  private heard(now: Millis, out: Output[]): void {
    this.liveness?.heard(now);
    if (!this.life.isSilent) return;
    this.recovery.recovered(now);
    this.life.enter({ name: 'ready' });
    out.push({ type: 'event', event: { type: 'recovered' } });
  }

  private onTimer(timer: Timer, now: Millis, out: Output[]): void {
    if (timer.at !== this.armedAt) return;
    this.armedAt = Infinity;
    this.negotiation.skipGap(now, out);
    const { state } = this.life;
    if (state.name === 'closed') return;
    if (this.liveness !== undefined) this.look(this.liveness, now, now - timer.at > this.config.lateAfterMs, out);
    else if ('until' in state && now >= state.until) this.expire(state.name, out);
    else this.negotiation.resend(now, out);
  }

  private look(liveness: Liveness, now: Millis, late: boolean, out: Output[]): void {
    const verdict = liveness.look(now, late);
    if (verdict.state === 'dead') return this.negotiation.close('timeout', 'network', out);
    if (verdict.state === 'replaced') return this.negotiation.close('replaced', 'remote', out);
    if (verdict.ping) this.ping(now, out);
    if (verdict.state === 'suspect') {
      this.recovery.silent(now);
      this.degrade(out);
    }
    this.recover(now, out);
  }

  private degrade(out: Output[]): void {
    if (this.state !== 'ready') return;
    this.life.enter({ name: 'degraded' });
    out.push({ type: 'event', event: { type: 'degraded' } });
  }

  /** The platform has lost the path of a link that was open. */
  private broken(now: Millis, out: Output[]): void {
    const again = this.life.isReady && !this.attempt.isNameless && this.recovery.broken(now);
    if (!again) return this.negotiation.close('transport-closed', 'network', out);
    this.degrade(out);
    this.recover(now, out);
  }

  private recover(now: Millis, out: Output[]): void {
    const step = this.recovery.due(now, this.life.isSilent);
    if (step === 'give-up') return this.negotiation.close('path-lost', 'network', out);
    if (step !== 'restart') return;
    if (this.state === 'degraded') {
      this.life.enter({ name: 'reconnecting' });
      out.push({ type: 'event', event: { type: 'reconnecting' } });
    }
    this.negotiation.restart(out);
  }

  /** A state was held for as long as it may be. */
  private expire(name: State['name'], out: Output[]): void {
    if (name === 'hello') return this.negotiation.close('hello-timeout', 'network', out);
    const reason: CloseReason =
      name === 'requesting' || name === 'requested' ? 'request-timeout' : 'negotiation-timeout';
    this.negotiation.cancel(reason, 'network', out);
  }

  private hangup(reason: string, out: Output[]): void {
    if (!this.life.isOpen) return this.negotiation.cancel(reason, 'local', out);
    out.push({ type: 'write', message: { type: 'goodbye', reason: sendableReason(reason) } });
    this.negotiation.close(reason, 'local', out);
  }

  private ping(now: Millis, out: Output[]): void {
    if (this.liveness !== undefined) {
      out.push({ type: 'write', message: { type: 'ping', nonce: this.liveness.ping(now) } });
    }
  }

  /** Sets the timer if the next deadline is before the one it stands at. */
  private arm(out: Output[]): void {
    const { state } = this.life;
    if (state.name === 'closed') return;
    const due = 'until' in state ? state.until : Math.min(this.liveness?.nextAt ?? Infinity, this.recovery.nextAt);
    const at = Math.min(due, this.attempt.gapUntil, this.negotiation.repeatAt);
    if (at >= this.armedAt) return;
    this.armedAt = at;
    out.push({ type: 'timer', at, timer: { type: 'due', at } });
  }

  private violation(code: ViolationCode, detail: string, out: Output[]): void {
    out.push({ type: 'violation', peer: this.remote, code, detail });
  }
}
