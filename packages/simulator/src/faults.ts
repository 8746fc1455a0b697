import { SeededRng, between } from '@peerpigeon/core';
import type { Millis } from '@peerpigeon/core';
import { REORDER_MS, RESET_SHARE } from './config.js';
import { hash } from './hash.js';

/** Faults that strike frames and signaling messages one by one. */
export interface FaultOptions {
  /** Share of loss in [0, 1]: signaling messages vanish with it, links reset with a hundredth of it; default 0. */
  readonly loss?: number;
  /** Share in [0, 1] of signaling messages that arrive twice, the second time up to 500 ms late (`REORDER_MS`); default 0. */
  readonly duplicate?: number;
  /** Share in [0, 1] of signaling messages that come up to 500 ms late (`REORDER_MS`), so that others overtake; default 0. */
  readonly reorder?: number;
  /**
   * Share in [0, 1] of frames that come `ms` late, and with them what follows on the same link: data channels keep their
   * order. Default none.
   */
  readonly delaySpike?: { readonly share: number; readonly ms: Millis };
}

/** What becomes of a frame on its way. */
export type FrameFate = 'delivered' | 'reset';

/** How late each copy of a signaling message arrives beyond the latency; none of a lost one. */
type Lateness = readonly Millis[];

const PUNCTUAL: Lateness = [0];
const LOST: Lateness = [];

/**
 * Faults of the network by shares. Links are reliable and ordered, so loss shows there as a reset: a frame takes its link
 * down with probability `loss`/100; and no frame is ever doubled or overtaken. Signaling messages vanish with probability
 * `loss`, and may be doubled and overtaken, as they are where several servers or proxies pass them on.
 *
 * Each fault draws from a generator of its own, and one that is off draws nothing: turning one on leaves the others as
 * they were. Datagrams alone may be lost and overtaken on a link: each copy is lost with probability `loss`, and late with
 * `reorder`.
 */
export class Faults {
  private readonly resetShare: number;
  private readonly lossShare: number;
  private readonly duplicateShare: number;
  private readonly reorderShare: number;
  private readonly spikeShare: number;
  private readonly spikeMs: Millis;
  private readonly resets: SeededRng;
  private readonly losses: SeededRng;
  private readonly duplicates: SeededRng;
  private readonly reorders: SeededRng;
  private readonly spikes: SeededRng;
  private readonly datagrams: SeededRng;

  /** @throws {RangeError} when a share is not in [0, 1], or a spike not a time */
  constructor(seed: number, options: FaultOptions = {}) {
    const { loss = 0, duplicate = 0, reorder = 0, delaySpike = { share: 0, ms: 0 } } = options;
    this.lossShare = checkShare('loss', loss);
    this.resetShare = loss * RESET_SHARE;
    this.duplicateShare = checkShare('duplicate', duplicate);
    this.reorderShare = checkShare('reorder', reorder);
    this.spikeShare = checkShare('delaySpike.share', delaySpike.share);
    this.spikeMs = checkDuration('delaySpike.ms', delaySpike.ms);
    const rng = (fault: string): SeededRng => new SeededRng(hash(seed, 'faults', fault));
    this.resets = rng('reset');
    this.losses = rng('loss');
    this.duplicates = rng('duplicate');
    this.reorders = rng('reorder');
    this.spikes = rng('spike');
    this.datagrams = rng('datagram');
  }

  /** What becomes of a frame. */
  frame(): FrameFate {
    return this.resetShare > 0 && between(this.resets, 0, 1) < this.resetShare ? 'reset' : 'delivered';
  }

  /** How late a frame is beyond the latency. */
  frameLateMs(): Millis {
    return this.spikeShare > 0 && between(this.spikes, 0, 1) < this.spikeShare ? this.spikeMs : 0;
  }

  /**
   * How late a datagram is beyond the latency; undefined when it is lost, and so are all its retransmissions.
   * @param afterMs how long it takes to see that one was lost
   */
  datagramLateMs(maxRetransmits: number, afterMs: Millis): Millis | undefined {
    let lost = 0;
    while (this.strikes(this.datagrams, this.lossShare)) if (++lost > maxRetransmits) return undefined;
    const late = this.strikes(this.datagrams, this.reorderShare) ? between(this.datagrams, ...REORDER_MS) : 0;
    return lost * afterMs + late;
  }

  /** How late each copy of a signaling message is beyond the latency; none of one that is lost. */
  signaling(): Lateness {
    if (this.lossShare > 0 && between(this.losses, 0, 1) < this.lossShare) return LOST;
    const late = this.strikes(this.reorders, this.reorderShare);
    const twice = this.strikes(this.duplicates, this.duplicateShare);
    if (!late && !twice) return PUNCTUAL;
    const first = late ? between(this.reorders, ...REORDER_MS) : 0;
    return twice ? [first, between(this.duplicates, ...REORDER_MS)] : [first];
  }

  private strikes(rng: SeededRng, share: number): boolean {
    return share > 0 && between(rng, 0, 1) < share;
  }
}

/** @throws {RangeError} when `value` is not in [0, 1] */
export function checkShare(name: string, value: number): number {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${name}: expected a share in [0, 1], got ${value}`);
  return value;
}

/** @throws {RangeError} when `value` is not a finite time ≥ 0 */
export function checkDuration(name: string, value: Millis): Millis {
  if (!(value >= 0 && value < Infinity)) throw new RangeError(`${name}: expected finite ms ≥ 0, got ${value}`);
  return value;
}
