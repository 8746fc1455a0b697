import { between, jitter } from '@peerpigeon/core';
import type { Millis, Rng } from '@peerpigeon/core';
import type { Config } from './config.js';

/**
 * Which server is tried next, and when. The servers are tried in turn, one at once after the other; after a round in which
 * none has kept us comes a wait, along a ladder with jitter (LiveKit's), which ends in steps of equal length and never gives up.
 */
export class Itinerary {
  private readonly rng: Rng;
  private readonly config: Config;
  private urls: readonly string[] = [''];
  private at = 0;
  /** Tries of this round so far. */
  private tries = 0;
  /** Waits in a row: the step on the ladder. */
  private waits = 0;

  constructor(rng: Rng, config: Config) {
    this.rng = rng;
    this.config = config;
  }

  /** The server whose turn it is. */
  get url(): string {
    return this.urls[this.at] as string;
  }

  /** Whether that server is one of the list. */
  leadsTo(url: string): boolean {
    return this.urls.includes(url);
  }

  /** A new list, tried from its beginning. */
  begin(urls: readonly string[]): void {
    this.urls = urls;
    this.at = 0;
    this.tries = 0;
    this.waits = 0;
  }

  /** The ladder begins anew. */
  hasten(): void {
    this.waits = 0;
  }

  /** The server could not be reached, or did not keep us for long. Gives how long to wait before the next is tried. */
  fail(): Millis {
    this.moveOn();
    this.tries++;
    if (this.tries < this.urls.length) return 0;
    this.tries = 0;
    return this.wait();
  }

  /** A connection that had lasted is lost: the same server first, which may have restarted. Gives how long to wait. */
  lose(): Millis {
    this.tries = 0;
    this.waits = 0;
    return this.wait();
  }

  /** The server of this turn will not be there: the next one has its turn. */
  moveOn(): void {
    this.at = (this.at + 1) % this.urls.length;
  }

  private wait(): Millis {
    const { retryLadderMs, retryJitterMs, retryPeriodMs, retryPeriods, slowRetryPeriodMs } = this.config;
    const step = retryLadderMs[this.waits++];
    if (step !== undefined) return step + between(this.rng, 0, retryJitterMs);
    const slow = this.waits > retryLadderMs.length + retryPeriods;
    return slow ? jitter(this.rng, slowRetryPeriodMs, 0.5) : jitter(this.rng, retryPeriodMs, 0.3);
  }
}
