import type { Millis } from '@peerpigeon/core';
import type { Config } from './config.js';

/**
 * How much of one transfer may be unacknowledged on a link. Its transport would fill whatever queue there is on the path until
 * packets are lost, and everything else on the link would wait behind. So no more is sent than what the path delivers in its
 * own round trip and `queueMs` more: a model of the path as BBR has it (Cardwell et al., 2016) without its probing.
 */
export class LinkWindow {
  private readonly config: Config;
  /** Bytes a millisecond, as delivered lately. */
  private rate = 0;
  /** The shortest seen: that of a question asked before anything was under way. */
  private roundTripMs: Millis = Infinity;
  private lastMs: Millis = 0;
  private since: { readonly at: Millis; readonly received: number } | undefined;
  private isStarting = true;
  /** Whether the window held the sender up since then: only then a low rate says something of the path. */
  private wasFull = false;

  constructor(config: Config) {
    this.config = config;
  }

  get bytes(): number {
    const { linkWindowBytes, minLinkWindowBytes, windowBytes, queueMs } = this.config;
    if (this.rate === 0) return linkWindowBytes;
    const wanted = (this.isStarting ? 2 : 1) * this.rate * (this.roundTripMs + queueMs);
    return Math.min(windowBytes, Math.max(minLinkWindowBytes, wanted));
  }

  /** The sender would send, and may not. */
  full(): void {
    this.wasFull = true;
  }

  /** Something was acknowledged after so long. */
  sample(roundTripMs: Millis): void {
    this.roundTripMs = Math.min(this.roundTripMs, roundTripMs);
    this.lastMs = roundTripMs;
  }

  /** So many bytes have arrived by now. */
  progressed(received: number, now: Millis): void {
    const { since } = this;
    const tookMs = since === undefined ? 0 : now - since.at;
    // Long enough that bursts even out: what was lost on the path comes with all that followed it.
    if (since !== undefined && tookMs < Math.max(this.config.rateSampleMs, 2 * this.lastMs)) return;
    this.since = { at: now, received };
    if (since === undefined) return;
    const rate = (received - since.received) / tookMs;
    // Twice as much each time until it brings no more: BBR's startup.
    if (rate < 1.25 * this.rate) this.isStarting = false;
    // Growth counts at once; a fall only as far as it lasts, and if it was the path.
    if (rate > this.rate) this.rate = rate;
    else if (this.wasFull) this.rate += (rate - this.rate) / 4;
    this.wasFull = false;
  }
}
