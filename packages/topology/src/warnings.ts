import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Output } from './output.js';

type Trouble = 'none' | 'isolated' | 'below-min-peers';

/**
 * Tells the application of trouble that it may act on (S52): once per episode that it has had no link, or fewer than
 * `minPeers`, for some time; and of each peer that cannot be linked.
 */
export class Warnings {
  private readonly config: Config;
  private trouble: Trouble = 'none';
  /** When to tell of it; Infinity once that is done. */
  private tellAt: Millis = Infinity;

  constructor(config: Config) {
    this.config = config;
  }

  start(): void {
    this.trouble = 'none';
  }

  /** Takes note of a failed dial, the `attempts`th in a row: the application is told once of each peer that fails. */
  dialled(peer: PeerId, attempts: number, out: Output[]): void {
    if (attempts !== this.config.warnAfterDials) return;
    const message = `${attempts} dials of ${peer} failed; it is tried again, ever more rarely`;
    out.push({ type: 'event', event: { type: 'warning', code: 'dial-failed', message } });
  }

  /** Takes note of the number of links; returns when to look again. */
  review(links: number, minPeers: number, now: Millis, out: Output[]): Millis {
    const trouble: Trouble = links >= minPeers ? 'none' : links === 0 ? 'isolated' : 'below-min-peers';
    if (trouble !== this.trouble) {
      this.trouble = trouble;
      this.tellAt = now + this.config.warnAfterMs;
    }
    if (trouble === 'none') return Infinity;
    if (now < this.tellAt) return this.tellAt;
    this.tellAt = Infinity;
    const message =
      trouble === 'isolated' ? 'no link to any peer' : `${links} of at least ${minPeers} links (minPeers)`;
    out.push({ type: 'event', event: { type: 'warning', code: trouble, message } });
    return Infinity;
  }
}
