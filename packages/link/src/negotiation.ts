import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Config } from './config.js';
import type { CloseReason } from './event.js';
import { recordFault } from './hello.js';
import type { Input } from './input.js';
import type { Lifecycle } from './lifecycle.js';
import { sendableReason } from './message.js';
import type { Output } from './output.js';
import type { Recovery } from './recovery.js';
import type { Session } from './session.js';
import type { Description, Signal, SignalBody } from './signal.js';
import type { TransportCommand, TransportEvent } from './transport.js';
import { Unanswered } from './unanswered.js';

type Dial = Extract<Input, { type: 'dial' }>;
type Refuse = Extract<Input, { type: 'refuse' }>;

/**
 * From the wish for a link to its open channels: who asks, who offers, and what happens when both do at once.
 *
 * - The larger id offers (S89), unless the asker has no link at all (S90). An offer stands for a yes.
 * - No transport exists before both sides want the link.
 * - Of two sessions the one that the larger id opened stays. When two requests cross, the smaller id takes the other
 *   one for granted, since it wanted the link anyway (S94, S101).
 * - A new session of a peer whose session is the present one replaces it: that peer began anew.
 * - Everything else of another session is late, and ignored.
 * - What is not answered is said again: see {@link Unanswered}.
 */
export class Negotiation {
  private readonly local: PeerRecord;
  private readonly remote: PeerId;
  private readonly config: Config;
  private readonly life: Lifecycle;
  private readonly session: Session;
  private readonly said: (session: string) => number;
  private readonly recovery: Recovery;
  private readonly unanswered: Unanswered;

  constructor(
    local: PeerRecord,
    remote: PeerId,
    config: Config,
    life: Lifecycle,
    session: Session,
    recovery: Recovery,
    said: (session: string) => number,
  ) {
    this.local = local;
    this.remote = remote;
    this.config = config;
    this.life = life;
    this.session = session;
    this.recovery = recovery;
    this.said = said;
    this.unanswered = new Unanswered(config);
  }

  /** When we repeat what was not answered. */
  get repeatAt(): Millis {
    return this.life.isOpen ? Infinity : this.unanswered.nextAt;
  }

  /** We want the link. */
  dial(input: Dial, now: Millis, out: Output[]): void {
    const { name } = this.life.state;
    if (name === 'requested') this.grant(now, out);
    if (name !== 'new') return;
    this.session.opener = 'local';
    this.life.enter({ name: 'requesting', until: now + (input.timeoutMs ?? this.config.requestTimeoutMs) });
    this.say({ kind: 'request', purpose: input.purpose, isolated: input.isolated, record: this.local }, now, out);
  }

  /** Both descriptions went another way (an invite), and the transport is open. */
  adopt(now: Millis, out: Output[]): void {
    if (this.life.state.name !== 'new') return;
    this.session.opener = 'local';
    this.life.enter({ name: 'opening', until: now + this.config.negotiationTimeoutMs });
    this.open(out);
    this.session.described = true;
    this.session.release('');
  }

  /** The mesh wants what they asked for. */
  grant(now: Millis, out: Output[]): void {
    const { state } = this.life;
    if (state.name !== 'requested') return;
    if (state.offer !== undefined) this.answer(state.offer, now, out);
    else this.agree(state.isolated, now, out);
  }

  /** The mesh does not. */
  refuse(input: Refuse, out: Output[]): void {
    if (this.life.state.name !== 'requested') return;
    const { reason, peers, retryAfterMs } = input;
    this.tell({ kind: 'redirect', reason, peers, retryAfterMs }, out);
    this.life.close('refused', 'local', out);
  }

  /** Gives the attempt up and tells the other side. */
  cancel(reason: CloseReason | (string & {}), initiator: 'local' | 'network', out: Output[]): void {
    if (this.life.state.name !== 'new') this.tell({ kind: 'cancel', reason: sendableReason(reason) }, out);
    this.close(reason, initiator, out);
  }

  /** Ends without a word. */
  close(reason: CloseReason | (string & {}), initiator: 'local' | 'remote' | 'network', out: Output[]): void {
    this.closeTransport(out);
    this.life.close(reason, initiator, out);
  }

  /** A signal that opens a link: a request, or an offer of a client that knows no requests. */
  private onFirst(signal: Signal, now: Millis, out: Output[]): void {
    if (signal.session !== this.session.name) this.session.adopt(signal.session);
    this.session.begin(signal);
    if (signal.kind === 'request') {
      if (!this.isGenuine(signal.record, out)) return this.life.close('wrong-peer', 'local', out);
      this.await(signal.isolated, undefined, now);
      const { purpose, isolated, record } = signal;
      out.push({ type: 'event', event: { type: 'requested', purpose, isolated, record } });
    } else if (signal.kind === 'offer' && this.session.isNameless) {
      // S89, S90: a smaller id that offers by itself has no link.
      const isolated = this.remote < this.local.id;
      this.await(isolated, signal.description, now);
      out.push({ type: 'event', event: { type: 'requested', purpose: '', isolated, record: undefined } });
    } else {
      if (signal.kind === 'offer') this.tell({ kind: 'cancel', reason: 'stale' }, out);
      this.life.close('stale', 'local', out);
    }
  }

  /** Any signal from the other side, before the channels are open or after. */
  onSignal(signal: Signal, now: Millis, out: Output[]): void {
    const { state } = this.life;
    if (state.name === 'new') return this.onFirst(signal, now, out);
    if (signal.session !== this.session.name) return this.onForeign(signal, now, out);
    if (this.session.hasHeard(signal)) {
      if (!this.life.isOpen) this.repeat(this.unanswered.repeated(signal, now), out);
      return;
    }
    const due = this.session.receive(signal, now);
    if (due === undefined) this.violation('over-limit', `more than ${this.config.maxSignals} signals`, out);
    else this.handleAll(due, now, out);
  }

  /** Signals before some that came already did not come in time: the latter are taken without them. */
  skipGap(now: Millis, out: Output[]): void {
    this.handleAll(this.session.skipGap(now), now, out);
  }

  /** Says again what was not answered. */
  resend(now: Millis, out: Output[]): void {
    if (!this.life.isOpen) this.repeat(this.unanswered.due(now), out);
  }

  private repeat(signals: readonly Signal[], out: Output[]): void {
    for (const signal of signals) out.push({ type: 'signal', signal, again: true });
  }

  private handleAll(signals: readonly Signal[], now: Millis, out: Output[]): void {
    for (const signal of signals) if (this.life.state.name !== 'closed') this.onOwn(signal, now, out);
  }

  /** The next signal of the present session. */
  private onOwn(signal: Signal, now: Millis, out: Output[]): void {
    const { state } = this.life;
    switch (signal.kind) {
      case 'request':
        return;
      case 'accept':
        if (state.name === 'requesting') this.offer(now, out);
        return;
      case 'redirect':
        if (state.name !== 'requesting') return;
        const { reason, peers, retryAfterMs } = signal;
        return this.life.finish({ type: 'redirected', reason, peers, retryAfterMs }, out);
      case 'offer':
        return this.onOffer(signal.description, now, out);
      case 'restart':
        if (this.life.isReady) this.recovery.asked(now);
        return;
      case 'answer':
        if (this.life.isReady) {
          this.recovery.heard();
          return this.command({ type: 'accept', description: signal.description }, out);
        }
        if (state.name !== 'negotiating' || state.role !== 'offerer' || !this.session.described) return;
        this.life.enter({ name: 'opening', until: state.until });
        this.unanswered.answered();
        this.command({ type: 'accept', description: signal.description }, out);
        return this.flush(signal.description, out);
      case 'candidate':
        if (this.session.remoteSdp !== undefined) this.command({ type: 'candidate', candidate: signal.candidate }, out);
        else if (!this.session.hold(signal.candidate)) {
          this.violation(
            'over-limit',
            `more than ${this.config.maxHeldCandidates} candidates before a description`,
            out,
          );
        }
        return;
      case 'cancel':
        // A ready link cannot be cancelled: who is on it says goodbye over it.
        if (!this.life.isReady) this.close(signal.reason, 'remote', out);
    }
  }

  /** Looks for another path: the larger id offers, the smaller asks for that. */
  restart(out: Output[]): void {
    if (this.session.isNameless) return;
    if (this.local.id > this.remote) this.command({ type: 'restart' }, out);
    else this.tell({ kind: 'restart' }, out);
  }

  /** What the transport tells until its channels are open, and when it restarts. */
  onTransport(event: TransportEvent, now: Millis, out: Output[]): void {
    const { state } = this.life;
    switch (event.type) {
      case 'description':
        if (this.life.isReady) {
          this.tell({ kind: event.description.type, description: event.description }, out);
          return;
        }
        if (state.name !== 'negotiating' || this.session.described) return;
        if (event.description.type !== (state.role === 'offerer' ? 'offer' : 'answer')) return;
        this.session.described = true;
        if (state.role === 'answerer') this.life.enter({ name: 'opening', until: state.until });
        return this.say({ kind: event.description.type, description: event.description }, now, out);
      case 'candidate':
        return this.say({ kind: 'candidate', candidate: event.candidate }, now, out);
      case 'failed':
        // A candidate that the platform does not like is no loss (S101).
        if (event.command !== 'candidate') this.cancel('transport-failed', 'network', out);
        return;
      case 'closed':
        return this.cancel('transport-closed', 'network', out);
      case 'opened':
      case 'broken':
      case 'drained':
        return;
    }
  }

  /** An offer within the present session. */
  private onOffer(offer: Description, now: Millis, out: Output[]): void {
    const { state } = this.life;
    switch (state.name) {
      case 'requesting':
      case 'accepted':
        return this.answer(offer, now, out);
      case 'requested':
        if (this.session.isNameless) this.await(state.isolated, offer, now);
        return;
      case 'negotiating':
      case 'opening': {
        // Without sessions a second offer is a copy, or an attempt begun anew.
        const anew = this.session.isNameless && offer.sdp !== this.session.remoteSdp;
        const crossed = state.name === 'negotiating' && state.role === 'offerer' && this.remote > this.local.id;
        if (anew || crossed) this.answer(offer, now, out);
        return;
      }
      case 'ready':
      case 'degraded':
      case 'reconnecting':
        if (this.session.isNameless) return;
        if (this.recovery.offered(now)) this.command({ type: 'answer', description: offer }, out);
        else this.violation('over-limit', 'more restarts than agreed', out);
        return;
      default:
    }
  }

  /** A signal of another session. Only one that opens a session can matter. */
  private onForeign(signal: Signal, now: Millis, out: Output[]): void {
    if ((signal.kind !== 'request' && signal.kind !== 'offer') || this.session.isAbandoned(signal.session)) return;
    if (signal.kind === 'request' && !this.isGenuine(signal.record, out)) return;
    const { name } = this.life.state;
    if (this.life.isOpen) return;
    if (!this.yieldsTo(signal)) {
      // Both want the link, so nothing is left to ask: the larger id offers.
      if (name === 'requesting' && signal.kind === 'request') this.offer(now, out);
      return;
    }
    this.closeTransport(out);
    this.session.adopt(signal.session, this.said(signal.session));
    this.session.begin(signal);
    if (name === 'requested') {
      if (signal.kind === 'request') this.await(signal.isolated, undefined, now);
      else this.await(this.remote < this.local.id, signal.description, now);
    } else if (signal.kind === 'request') this.agree(signal.isolated, now, out);
    else this.answer(signal.description, now, out);
  }

  /** Whether the present session gives way to the one that `signal` opens. */
  private yieldsTo(signal: Signal): boolean {
    const { name } = this.life.state;
    // A client without sessions knows no request of ours, so that its offer is all there will be.
    if (signal.session === '') return name === 'requesting' || name === 'requested';
    if (this.remote > this.local.id) return name !== 'requested' || signal.kind === 'request';
    return this.session.opener === 'remote' && signal.kind === 'request';
  }

  /** Both want the link: one of the two offers. */
  private agree(isolated: boolean, now: Millis, out: Output[]): void {
    if (!isolated && this.local.id > this.remote) return this.offer(now, out);
    this.life.enter({ name: 'accepted', until: now + this.config.negotiationTimeoutMs });
    this.say({ kind: 'accept' }, now, out);
  }

  private offer(now: Millis, out: Output[]): void {
    this.unanswered.answered();
    this.life.enter({ name: 'negotiating', role: 'offerer', until: now + this.config.negotiationTimeoutMs });
    this.open(out);
    this.command({ type: 'offer' }, out);
  }

  private answer(offer: Description, now: Millis, out: Output[]): void {
    this.unanswered.answered();
    this.closeTransport(out);
    this.life.enter({ name: 'negotiating', role: 'answerer', until: now + this.config.negotiationTimeoutMs });
    this.open(out);
    this.command({ type: 'answer', description: offer }, out);
    this.flush(offer, out);
  }

  private await(isolated: boolean, offer: Description | undefined, now: Millis): void {
    this.life.enter({ name: 'requested', until: now + this.config.requestTimeoutMs, isolated, offer });
  }

  private flush(description: Description, out: Output[]): void {
    for (const candidate of this.session.release(description.sdp)) this.command({ type: 'candidate', candidate }, out);
  }

  private open(out: Output[]): void {
    this.session.hasTransport = true;
    this.command({ type: 'open' }, out);
  }

  private closeTransport(out: Output[]): void {
    if (!this.session.hasTransport) return;
    this.command({ type: 'close' }, out);
    this.session.forgetTransport();
  }

  private command(command: TransportCommand, out: Output[]): void {
    out.push({ type: 'transport', session: this.session.name, command });
  }

  /** Says something that is said again if it is not answered; to a client without sessions once. */
  private say(body: SignalBody, now: Millis, out: Output[]): void {
    const signal = this.tell(body, out);
    if (signal !== undefined && !this.session.isNameless) this.unanswered.said(signal, now);
  }

  /** Says something once. Undefined: such a client would not know it. */
  private tell(body: SignalBody, out: Output[]): Signal | undefined {
    const known = body.kind === 'offer' || body.kind === 'answer' || body.kind === 'candidate';
    if (!known && this.session.isNameless) return undefined;
    const signal = this.session.sign(body);
    out.push({ type: 'signal', signal });
    return signal;
  }

  private isGenuine(record: PeerRecord, out: Output[]): boolean {
    const fault = recordFault(record, this.remote);
    if (fault !== undefined) this.violation('forged', `request: ${fault}`, out);
    return fault === undefined;
  }

  private violation(code: 'forged' | 'over-limit', detail: string, out: Output[]): void {
    out.push({ type: 'violation', peer: this.remote, code, detail });
  }
}
