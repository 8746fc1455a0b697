import type { Candidate, Signal, SignalBody } from './signal.js';
import type { Config } from './config.js';

/** Sessions given up that are remembered, so that what is still under way of them is not taken for a new attempt. */
const MAX_ABANDONED = 8;

/**
 * The bookkeeping of one attempt: its name, the counters of both sides, and the candidates that came before the
 * description they belong to.
 */
export class Session {
  private readonly config: Config;
  private readonly abandoned: string[] = [];
  private heard = new Set<number>();
  private held: Candidate[] = [];
  private sent = 0;
  private current: string;

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

  /** Leaves the present session for one that the other side opened. */
  adopt(session: string): void {
    if (this.current !== '') this.abandoned.push(this.current);
    if (this.abandoned.length > MAX_ABANDONED) this.abandoned.shift();
    this.current = session;
    this.opener = 'remote';
    this.sent = 0;
    this.heard = new Set();
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

  /**
   * Whether a signal of this session is taken: neither a duplicate nor one too many. Signals of a client without
   * sessions are not counted.
   */
  takes(signal: Signal): 'yes' | 'duplicate' | 'over-limit' {
    if (this.isNameless) return 'yes';
    if (this.heard.has(signal.seq)) return 'duplicate';
    if (this.heard.size >= this.config.maxSignals) return 'over-limit';
    this.heard.add(signal.seq);
    return 'yes';
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
