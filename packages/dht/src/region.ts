import { ExpiringMap } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { compareDistance, compareRingDistance, isBetween, nearest } from '@peerpigeon/xor';
import { minXorWithin, neighbourOf } from './arc.js';
import type { Config } from './config.js';

/** Who stands next to a peer on the ring, nearest first; `whole`: that is everybody. */
export interface Leaves {
  readonly before: readonly PeerId[];
  readonly after: readonly PeerId[];
  readonly whole: boolean;
}

/** The members nearest to a target. */
export interface Nearest {
  /** Nearest first. */
  readonly peers: readonly PeerId[];
  /** Whose leaf set would say whether there are nearer ones; undefined: there are none. */
  readonly ask: PeerId | undefined;
}

/** What is known of the ring around us, put together. */
interface View {
  readonly known: readonly PeerId[];
  readonly whole: boolean;
  /** The known stretch: every member from `first` clockwise to `last` is in `known`. */
  readonly first: PeerId;
  readonly last: PeerId;
  readonly validUntil: Millis;
}

const NOBODY: Leaves = { before: [], after: [], whole: true };
/** Peers whose leaf sets, or silence, are remembered. A guess: far more than are asked within `rangeMs`. */
const MAX_HEARD = 64;
/** So long after it has joined a peer's leaf set may have holes beyond its two neighbours (measured: 10 to 30 s). */
const YOUNG_MS: Millis = 30_000;

/**
 * The stretch of the ring on which we know every member: our leaf set, and for some seconds those of peers at its ends. From it
 * the members nearest to a key by XOR can be told, and whether that is certain: they share a prefix with the key, so that they
 * stand together on the ring, within twice a leaf set almost always.
 */
export class Region {
  /** We are on the ring: a leaf (one link) is not, and holds nothing. */
  member = true;
  /** When somebody who did not answer counts again; `Infinity`: nobody does. */
  backAt: Millis = Infinity;
  private readonly self: PeerId;
  private readonly rangeMs: Millis;
  private readonly absentMs: Millis;
  private leaves: Leaves = NOBODY;
  /** When we were first told of a leaf set since we joined. */
  private since: Millis | undefined;
  private readonly heard: ExpiringMap<PeerId, Leaves>;
  private readonly absent: ExpiringMap<PeerId, true>;
  private view: View | undefined;

  constructor({ peerId, rangeMs, absentMs }: Pick<Config, 'peerId' | 'rangeMs' | 'absentMs'>) {
    this.self = peerId;
    this.rangeMs = rangeMs;
    this.absentMs = absentMs;
    this.heard = new ExpiringMap({ maxEntries: MAX_HEARD, maxAgeMs: rangeMs });
    this.absent = new ExpiringMap({ maxEntries: MAX_HEARD, maxAgeMs: absentMs });
  }

  /** Our own leaf set, for whoever asks; while it may have holes, only our neighbours. */
  own(now: Millis): Leaves {
    const { before, after } = this.leaves;
    if (!this.isYoung(now)) return this.leaves;
    return { before: before.slice(0, 1), after: after.slice(0, 1), whole: false };
  }

  /** How long we have known a leaf set. */
  ageMs(now: Millis): Millis {
    return this.since === undefined ? 0 : now - this.since;
  }

  /** What its bounded maps hold and may hold. */
  get mapSizes(): Record<string, { readonly size: number; readonly cap: number }> {
    return {
      dhtRanges: { size: this.heard.size, cap: MAX_HEARD },
      dhtAbsent: { size: this.absent.size, cap: MAX_HEARD },
    };
  }

  setLeaves(leaves: Leaves, member: boolean, now: Millis): void {
    this.since ??= now;
    this.leaves = leaves;
    this.member = member;
    // What changed here may have changed what others said, too.
    this.refresh();
  }

  /** A peer said who stands next to it. */
  learn(peer: PeerId, leaves: Leaves, now: Millis): void {
    this.find(peer, now);
    this.heard.set(peer, leaves, now);
    this.view = undefined;
  }

  /** A peer did not answer: it does not count for a while. */
  lose(peer: PeerId, now: Millis): void {
    this.heard.delete(peer);
    this.absent.set(peer, true, now);
    this.backAt = Math.min(this.backAt, now + this.absentMs);
    this.view = undefined;
  }

  /** A peer was heard of. */
  find(peer: PeerId, now: Millis): void {
    if (!this.absent.delete(peer)) return;
    this.view = undefined;
    this.backAt = now;
  }

  /** What others said is no longer believed: it is asked for anew. */
  refresh(): void {
    this.heard.clear();
    this.view = undefined;
  }

  clear(): void {
    this.leaves = NOBODY;
    this.since = undefined;
    this.absent.clear();
    this.backAt = Infinity;
    this.refresh();
  }

  /** Whether a peer is a member that is up, as far as is known here. */
  knows(peer: PeerId, now: Millis): boolean {
    return this.viewAt(now).known.includes(peer);
  }

  /** Whether we are the member nearest to a target on the ring: what routing calls it, too. */
  isNearestOnRing(target: PeerId, now: Millis): boolean {
    if (!this.member) return false;
    return this.viewAt(now).known.every((peer) => compareRingDistance(target, this.self, peer) <= 0);
  }

  /** The `count` members nearest to a target by XOR. */
  nearest(target: PeerId, count: number, now: Millis): Nearest {
    const view = this.viewAt(now);
    const peers = nearest(target, view.known, count);
    return { peers, ask: view.whole ? undefined : this.doubt(view, target, peers[count - 1], now) };
  }

  /** Whose leaf set is to be had, lest a member nearer than `farthest` be missed. */
  private doubt({ first, last }: View, target: PeerId, farthest: PeerId | undefined, now: Millis): PeerId | undefined {
    const best = minXorWithin(target, neighbourOf(last, 1), neighbourOf(first, -1));
    if (farthest !== undefined && compareDistance(target, best, farthest) >= 0) return undefined;
    const [near, far] = compareRingDistance(best, first, last) < 0 ? [first, last] : [last, first];
    // Whoever has been asked, or does not answer, has no more to say.
    const open = (peer: PeerId) => peer !== this.self && !this.heard.has(peer, now) && !this.absent.has(peer, now);
    return open(near) ? near : open(far) ? far : undefined;
  }

  private isYoung(now: Millis): boolean {
    return this.ageMs(now) < YOUNG_MS;
  }

  private viewAt(now: Millis): View {
    if (this.view === undefined || this.view.validUntil <= now) this.view = this.compose(now);
    return this.view;
  }

  private compose(now: Millis): View {
    const { self, leaves, member } = this;
    const known = new Set<PeerId>([...(member ? [self] : []), ...leaves.before, ...leaves.after]);
    const trusted = this.own(now);
    let whole = trusted.whole || leaves.before.length + leaves.after.length === 0;
    let first = trusted.before[trusted.before.length - 1] ?? self;
    let last = trusted.after[trusted.after.length - 1] ?? self;
    const rest = new Map(this.heard.live(now));
    // Of those next to us we know more than others do.
    const [from, to] = [first, last];
    const add = (id: PeerId): void => {
      if (isBetween(id, to, from)) known.add(id);
    };
    let grown = !whole;
    while (grown) {
      grown = false;
      for (const [peer, { before, after, whole: all }] of rest) {
        if (isBetween(peer, last, first)) continue;
        rest.delete(peer);
        grown = true;
        // One step beyond an end of the stretch leads out of it, or, if it leads into it, all round the ring.
        let at = peer;
        for (const id of before) {
          if (isBetween(id, last, first)) first = id;
          else if (at === first) whole = true;
          add((at = id));
        }
        at = peer;
        for (const id of after) {
          if (isBetween(id, last, first)) last = id;
          else if (at === last) whole = true;
          add((at = id));
        }
        whole ||= all;
      }
    }
    const present = [...known].filter((peer) => !this.absent.has(peer, now));
    // Where nobody can hold anything but leaves, each keeps its own.
    if (present.length === 0) present.push(self);
    return { known: present, whole, first, last, validUntil: now + this.rangeMs / 10 };
  }
}
