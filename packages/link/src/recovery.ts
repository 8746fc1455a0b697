import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';

/** What is to be done about a path that seems lost. */
export type Step =
  /** Look for another path (ICE restart, RFC 8445 §9). */
  | 'restart'
  /** The other side lives, and no path was found: the link is of no use. */
  | 'give-up';

/**
 * How a silent link comes back: the same peers, the same channels and whatever waits in them, over another path. It is tried so
 * often at most; what comes and goes again within `steadyMs` counts as one loss. A peer that answers none of it is left to liveness.
 */
export class Recovery {
  private readonly config: Pick<Config, 'restartAfterMs' | 'restartTimeoutMs' | 'maxRestarts' | 'steadyMs'>;
  private tries = 0;
  private answered = 0;
  /** The other side has said something since the silence began. */
  private lives = false;
  /** When there was last something to do here. */
  private lastAt: Millis = -Infinity;
  /** When the next step is due; Infinity: nothing is to be done. */
  nextAt: Millis = Infinity;

  constructor(config: Recovery['config']) {
    this.config = config;
  }

  /** Nothing has been heard for `suspectAfterMs`. */
  silent(now: Millis): void {
    this.begin(now);
    if (this.nextAt === Infinity) this.nextAt = now + this.config.restartAfterMs;
  }

  /** The platform says that the path is lost. False: too often, or all has been tried. */
  broken(now: Millis): boolean {
    this.begin(now);
    if (this.tries >= this.config.maxRestarts && this.nextAt === Infinity) return false;
    if (this.tries === 0 || this.nextAt === Infinity) this.nextAt = now;
    return true;
  }

  /** The other side wants a restart: one is due unless one is under way. */
  asked(now: Millis): void {
    this.begin(now);
    this.lives = true;
    if (this.tries === 0 || this.nextAt === Infinity) this.nextAt = now;
  }

  /** The other side offers a restart. False: more often than agreed. */
  offered(now: Millis): boolean {
    this.begin(now);
    this.lives = true;
    return this.answered++ < 2 * this.config.maxRestarts;
  }

  /** It has answered a restart of ours. */
  heard(): void {
    this.lives = true;
  }

  /** Bytes came over the link. */
  recovered(now: Millis): void {
    this.begin(now);
    this.nextAt = Infinity;
    this.lives = false;
  }

  /** What is due now. @param silent whether we hear nothing either: then more may follow */
  due(now: Millis, silent: boolean): Step | undefined {
    if (this.nextAt > now) return undefined;
    const { maxRestarts, restartTimeoutMs } = this.config;
    if (this.tries < maxRestarts) {
      this.tries++;
      this.nextAt = silent ? now + restartTimeoutMs : Infinity;
      return 'restart';
    }
    this.nextAt = Infinity;
    return silent && this.lives ? 'give-up' : undefined;
  }

  private begin(now: Millis): void {
    if (now >= this.lastAt + this.config.steadyMs) this.tries = this.answered = 0;
    this.lastAt = now;
  }
}
