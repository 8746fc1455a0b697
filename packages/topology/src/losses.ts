import { ExpiringMap } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { compareRingDistance } from '@peerpigeon/xor';
import type { Config } from './config.js';
import { MAX_LOSSES } from './message.js';
import type { Loss } from './message.js';

interface Held {
  /** The run that is lost. */
  readonly epoch: number;
  /** When it was alive no more, as far as is known. Infinity: it left, and nothing but a new run brings it back. */
  readonly at: Millis;
  /** When we learnt of it. */
  readonly toldAt: Millis;
}

/**
 * Peers that fell silent or left. Both that and having heard of a peer are told on with their age, and the later one
 * counts: who is wrongly said to be lost is back with the next word from whoever hears it.
 */
export class Losses {
  private readonly held: ExpiringMap<PeerId, Held>;
  private readonly config: Config;

  constructor(config: Config) {
    this.config = config;
    this.held = new ExpiringMap({ maxEntries: config.maxLosses, maxAgeMs: config.tombstoneMs });
  }

  get size(): number {
    return this.held.size;
  }

  /** Takes note that a run of `peer` is lost, at `at`; false if that is no news. */
  add(peer: PeerId, epoch: number, at: Millis, now: Millis): boolean {
    const former = this.held.get(peer, now);
    if (former !== undefined && (former.epoch > epoch || (former.epoch === epoch && former.at >= at))) return false;
    this.held.set(peer, { epoch, at, toldAt: now }, now);
    return true;
  }

  /** Whether a run that was heard of at `heardAt` is known to be lost since. */
  has(peer: PeerId, epoch: number, heardAt: Millis, now: Millis): boolean {
    const held = this.held.get(peer, now);
    return held !== undefined && held.epoch >= epoch && held.at >= heardAt;
  }

  /** Those learnt of lately, to be told on, nearest to `receiver` first. */
  near(receiver: PeerId, now: Millis): Loss[] {
    const recent: { readonly peer: PeerId; readonly loss: Loss }[] = [];
    for (const [peer, { epoch, at, toldAt }] of this.held.live(now)) {
      if (toldAt + this.config.tellLossMs <= now || peer === receiver) continue;
      recent.push({ peer, loss: { peer, epoch, ageMs: Math.max(0, Math.round(now - Math.min(at, toldAt))) } });
    }
    if (recent.length > MAX_LOSSES) recent.sort((a, b) => compareRingDistance(receiver, a.peer, b.peer));
    return recent.slice(0, MAX_LOSSES).map(({ loss }) => loss);
  }

  clear(): void {
    this.held.clear();
  }
}
