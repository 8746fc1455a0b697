import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Output } from './output.js';

type Trouble = 'none' | 'isolated' | 'below-min-peers';

/** Tells the application, once per episode, that it has had no link, or fewer than `minPeers`, for some time (S52). */
export class Warnings {
  private readonly config: Config;
  private trouble: Trouble = 'none';
  private since: Millis = 0;
  private told = false;

  constructor(config: Config) {
    this.config = config;
  }

  start(now: Millis): void {
    this.trouble = 'none';
    this.since = now;
    this.told = false;
  }

  /** Takes note of the number of links; returns when to look again. */
  review(links: number, minPeers: number, now: Millis, out: Output[]): Millis {
    const trouble: Trouble = links >= minPeers ? 'none' : links === 0 ? 'isolated' : 'below-min-peers';
    if (trouble !== this.trouble) {
      this.trouble = trouble;
      this.since = now;
      this.told = false;
    }
    if (trouble === 'none' || this.told) return Infinity;
    const at = this.since + this.config.warnAfterMs;
    if (now < at) return at;
    this.told = true;
    const message =
      trouble === 'isolated' ? 'no link to any peer' : `${links} of at least ${minPeers} links (minPeers)`;
    out.push({ type: 'event', event: { type: 'warning', code: trouble, message } });
    return Infinity;
  }
}
