import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';

/** How much longer the end that does not lead waits: more than two paths differ, less than costs a third ping. Ours. */
const FOLLOWER = 1.25;

/** What a look at the clock shows. */
export interface Verdict {
  readonly state: 'alive' | 'suspect' | 'dead' | 'replaced';
  /** Whether to ping now. */
  readonly ping: boolean;
}

/**
 * Whether the other end of a ready link lives (ARCHITECTURE.md, Decided once): any byte is life, silence is looked at by
 * a timer that is derived from two timestamps and never restarted by traffic.
 *
 * A ping goes out when nothing was sent *or* nothing was heard for a while: a peer whose own timers are throttled sends
 * none, yet it answers ours, because pongs come from message handlers. Of two idle ends one leads and pings; the other
 * waits a little longer, and so never has to, since both the ping and its pong count as traffic.
 */
export class Liveness {
  private readonly config: Config;
  private readonly pingAfterMs: Millis;
  private lastHeard: Millis;
  private lastSent: Millis;
  private suspect = false;
  /** Whether a chance to be heard was given after we ourselves were asleep, and nothing was heard since. */
  private graced = false;
  private probeUntil: Millis = Infinity;
  private nonce = 0;
  private pingedAt: Millis = -Infinity;
  private rtt: Millis | undefined;

  /** @param leads whether we are the end that pings first: one of the two is */
  constructor(config: Config, leads: boolean, now: Millis) {
    this.config = config;
    this.pingAfterMs = config.pingAfterMs * (leads ? 1 : FOLLOWER);
    this.lastHeard = now;
    this.lastSent = now;
  }

  /** Something came. */
  heard(now: Millis): void {
    this.lastHeard = now;
    this.graced = false;
    this.probeUntil = Infinity;
    this.suspect = false;
  }

  /** Something was written. */
  wrote(now: Millis): void {
    this.lastSent = now;
  }

  /** A ping goes out; returns its nonce. */
  ping(now: Millis): number {
    this.lastSent = now;
    this.pingedAt = now;
    this.nonce = (this.nonce + 1) >>> 0;
    return this.nonce;
  }

  /** A pong came. Only the one of the latest ping measures the round trip. */
  pong(nonce: number, now: Millis): void {
    if (nonce !== this.nonce || this.pingedAt === -Infinity) return;
    this.rtt = now - this.pingedAt;
    this.pingedAt = -Infinity;
  }

  /** Round trip of the latest answered ping, in ms; undefined before the first. */
  get rttMs(): Millis | undefined {
    return this.rtt;
  }

  /** The other side claims to have no link with us: it has `graceMs` to be heard on this one. False if it is so already. */
  probe(now: Millis): boolean {
    if (this.probeUntil !== Infinity) return false;
    this.probeUntil = now + this.config.graceMs;
    return true;
  }

  /** When to look next. */
  get nextAt(): Millis {
    const { suspectAfterMs, deadAfterMs } = this.config;
    return Math.min(this.pingAt, this.lastHeard + (this.suspect ? deadAfterMs : suspectAfterMs), this.probeUntil);
  }

  /** Looks. `late`: the timer came so late that we must have been asleep. */
  look(now: Millis, late: boolean): Verdict {
    const { suspectAfterMs, deadAfterMs, graceMs } = this.config;
    const patienceMs = this.suspect ? deadAfterMs : suspectAfterMs;
    if (late && !this.graced && now >= this.lastHeard + patienceMs) {
      // What was sent to us while we slept may still stand in the queue. Once only, or else a tab whose timers are
      // always late would never find anybody dead.
      this.graced = true;
      this.lastHeard = now - patienceMs + graceMs;
      if (this.probeUntil !== Infinity) this.probeUntil = now + graceMs;
      return { state: 'alive', ping: true };
    }
    if (now >= this.probeUntil) return { state: 'replaced', ping: false };
    // Sums, as in nextAt: with differences, rounding may make a look too early that the next look is due at once after.
    if (now >= this.lastHeard + deadAfterMs) return { state: 'dead', ping: false };
    const fell = !this.suspect && now >= this.lastHeard + suspectAfterMs;
    if (fell) this.suspect = true;
    return { state: fell ? 'suspect' : 'alive', ping: now >= this.pingAt };
  }

  private get pingAt(): Millis {
    // After a ping lastSent is its time, so that unanswered ones go out once in pingAfterMs.
    return Math.max(Math.min(this.lastSent, this.lastHeard), this.pingedAt) + this.pingAfterMs;
  }
}
