import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Signal, SignalBody } from './signal.js';

/** What the other side has to follow with a word of its own. */
const QUESTIONS: readonly SignalBody['kind'][] = ['request', 'accept', 'offer'];

/** Candidates said again, at most: those of a host with many interfaces. Ours. */
const MAX_CANDIDATES = 32;

/**
 * What we said last in an attempt, to be said again while it is not answered: a path may lose signals and not tell (a connection
 * to the server breaks, a node of it dies). Whoever waits for a word repeats its own; the other repeats its answer when it hears
 * such a copy. Copies keep their number, so that each counts once.
 */
export class Unanswered {
  private readonly config: Pick<Config, 'resendAfterMs'>;
  private signals: Signal[] = [];
  private waitMs: Millis = 0;
  private saidAt: Millis = -Infinity;
  /** When we repeat ourselves; Infinity: nothing is waited for. */
  nextAt: Millis = Infinity;

  constructor(config: Unanswered['config']) {
    this.config = config;
  }

  /** We have said something. Candidates belong to the description before them. */
  said(signal: Signal, now: Millis): void {
    if (signal.kind === 'candidate') {
      if (this.signals.length <= MAX_CANDIDATES) this.signals.push(signal);
      return;
    }
    this.signals = [signal];
    this.saidAt = now;
    this.waitMs = this.config.resendAfterMs;
    this.nextAt = QUESTIONS.includes(signal.kind) ? now + this.waitMs : Infinity;
  }

  /** There was a word, or the attempt goes on in another way. */
  answered(): void {
    this.signals = [];
    this.nextAt = Infinity;
  }

  /** What is to be said again now, each wait twice as long as the former. */
  due(now: Millis): readonly Signal[] {
    if (now < this.nextAt) return [];
    this.saidAt = now;
    this.waitMs *= 2;
    this.nextAt = now + this.waitMs;
    return this.signals;
  }

  /** The other side repeats itself: has it not heard us? A copy that came over another path shows nothing of the kind. */
  repeated({ kind }: Signal, now: Millis): readonly Signal[] {
    if (!QUESTIONS.includes(kind) || now < this.saidAt + this.config.resendAfterMs / 2) return [];
    this.saidAt = now;
    return this.signals;
  }
}
