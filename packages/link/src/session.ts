import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Candidate, Signal, SignalBody } from './signal.js';

/** Sessions given up that are remembered, so that what is still under way of them is not taken for a new attempt. */
const MAX_ABANDONED = 8;

/**
 * The bookkeeping of one attempt: its name, the counters of both sides, what came before its turn, and the candidates that
 * came before the description they belong to.
 *
 * Signals may come over two paths, so doubled and in any order: each is handed on once, in the order in which it was sent.
 */
export class Session {
  private readonly config: Config;
  private readonly abandoned: string[] = [];
  /** The number that comes next, and the signals that came before their turn. */
  private next = 0;
  private readonly early = new Map<number, Signal>();
  private heard = new Set<number>();
  private held: Candidate[] = [];
  private sent = 0;
  private current: string;

  /** When the signals that are missing before the early ones are waited for no longer. */
  gapUntil: Millis = Infinity;
  /** Who opened the session. */
  opener: 'local' | 'remote' = 'remote';
  /** Whether the transport exists. */
  hasTransport = false;
  /** Whether our description is out: an answer before it cannot be one. */
  described = false;
  /** The SDP of their description, once it has been handed to the transport. */
  remoteSdp: string | undefined = undefined;

  constructor(session: string, config: Config) {
    this.current = session;
    this.config = config;
  }

  /** The session's name. Empty with a client that knows no sessions. */
  get name(): string {
    return this.current;
  }

  /** Whether the other side is a client that knows no sessions, nor any signal but offer, answer and candidate. */
  get isNameless(): boolean {
    return this.current === '';
  }

  /** How many signals of ours there are in the present session. */
  get signed(): number {
    return this.sent;
  }

  /** Leaves the present session for one that the other side opened, and in which we have said so much. */
  adopt(session: string, sent = 0): void {
    if (this.current !== '') this.abandoned.push(this.current);
    if (this.abandoned.length > MAX_ABANDONED) this.abandoned.shift();
    this.current = session;
    this.opener = 'remote';
    this.sent = sent;
    this.next = 0;
    this.heard = new Set();
    this.early.clear();
    this.gapUntil = Infinity;
    this.forgetTransport();
  }

  /** The transport is closed; another one may follow in the same session. */
  forgetTransport(): void {
    this.hasTransport = false;
    this.described = false;
    this.remoteSdp = undefined;
    this.held = [];
  }

  /** Whether the session was left for another. */
  isAbandoned(session: string): boolean {
    return this.abandoned.includes(session);
  }

  /** The other side's first signal, which opens the session: counting begins with it. */
  begin(first: Signal): void {
    this.next = first.seq + 1;
    this.heard.add(first.seq);
  }

  /** Whether a signal of this session has come before. */
  hasHeard({ seq }: Signal): boolean {
    return !this.isNameless && this.heard.has(seq);
  }

  /**
   * Takes in a signal of this session. Returns what is to be handled now, in order; undefined for one signal too many.
   * A `cancel` waits for nothing. Signals of a client without sessions are not counted.
   */
  receive(signal: Signal, now: Millis): readonly Signal[] | undefined {
    const { seq, kind } = signal;
    if (this.isNameless || kind === 'cancel') return [signal];
    if (this.heard.has(seq)) return [];
    if (this.heard.size >= this.config.maxSignals) return undefined;
    this.heard.add(seq);
    // Given up as lost, and late: the negotiation copes with any order.
    if (seq < this.next) return [signal];
    this.early.set(seq, signal);
    if (this.early.size > this.config.maxEarlySignals) this.next = Math.min(...this.early.keys());
    return this.due(now);
  }

  /** What was missing did not come in time: returns what waited for it. */
  skipGap(now: Millis): readonly Signal[] {
    if (now < this.gapUntil) return [];
    this.next = Math.min(...this.early.keys());
    return this.due(now);
  }

  private due(now: Millis): Signal[] {
    const signals: Signal[] = [];
    for (let signal = this.early.get(this.next); signal !== undefined; signal = this.early.get(this.next)) {
      signals.push(signal);
      this.early.delete(this.next++);
    }
    if (this.early.size === 0) this.gapUntil = Infinity;
    else if (signals.length > 0 || this.gapUntil === Infinity) this.gapUntil = now + this.config.reorderMs;
    return signals;
  }

  /** Numbers a signal of ours. */
  sign(body: SignalBody): Signal {
    return { ...body, session: this.current, seq: this.sent++ };
  }

  /** Keeps a candidate for later; false if there are too many. */
  hold(candidate: Candidate): boolean {
    if (this.held.length >= this.config.maxHeldCandidates) return false;
    this.held.push(candidate);
    return true;
  }

  /** Their description is with the transport: returns the candidates that waited for it, in the order they came. */
  release(sdp: string): readonly Candidate[] {
    this.remoteSdp = sdp;
    const held = this.held;
    this.held = [];
    return held;
  }
}
