import type { Millis, PeerId } from '@peerpigeon/core';
import { Ranges, common, without } from './ranges.js';
import type { RangeList } from './ranges.js';

/** Authors are compared in so many groups. */
export const BUCKETS = 64;
/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function fnv(text: string): number {
  let hash = FNV_BASIS;
  for (let n = 0; n < text.length; n++) hash = Math.imul(hash ^ text.charCodeAt(n), FNV_PRIME);
  return hash >>> 0;
}

/** In which group a run is. */
export function bucketOf(run: string): number {
  return fnv(run) % BUCKETS;
}

/** What a neighbour says cannot be had from it. */
export interface Claim {
  readonly lost: RangeList;
  readonly withheld: RangeList;
}

/** What is given up of one run of an author. */
export interface Settled {
  readonly peer: PeerId;
  readonly epoch: number;
  /** The application has missed these. */
  readonly lost: RangeList;
  /** These were not for this peer. */
  readonly withheld: RangeList;
}

/** Names one run of an author: its sequence numbers begin again with each. */
export function runOf(peer: PeerId, epoch: number): string {
  return `${peer} ${epoch}`;
}

/** One run of an author: what was seen of it, and what neighbours say of the rest. */
export class Author {
  readonly peer: PeerId;
  readonly epoch: number;
  /** Names the run, and … */
  readonly run: string;
  /** … its group. */
  readonly bucket: number;
  /** What was seen, or given up. A floor and what is above it: no clock says what is new (replay protection). */
  readonly seen: Ranges;
  /** Those of them that nobody has missed here: with a TTL that the author chose, or from before this peer came. */
  readonly pinned: Ranges;
  /** When its latest message was broadcast, as far as known: so all forget it at about the same time. */
  updatedAt: Millis = -Infinity;
  /** Whatever of `seen` is held no more was broadcast then or before. */
  lostAt: Millis = -Infinity;
  private readonly claims = new Map<PeerId, Claim>();
  private claimedAt: Millis = 0;
  /** The sum of a revision of `seen`: it is asked for much more often than it changes. */
  private summed = { revision: -1, sum: 0 };

  constructor(peer: PeerId, epoch: number, maxRanges: number) {
    this.peer = peer;
    this.epoch = epoch;
    this.run = runOf(peer, epoch);
    this.bucket = bucketOf(this.run);
    this.seen = new Ranges(maxRanges);
    this.pinned = new Ranges(maxRanges);
  }

  /** A number that is the same, nearly surely, only where the same was seen. */
  get sum(): number {
    const { revision, ranges } = this.seen;
    if (this.summed.revision !== revision) this.summed = { revision, sum: fnv(`${this.run} ${ranges.join(' ')}`) };
    return this.summed.sum;
  }

  /** A message was broadcast at `at`. */
  update(at: Millis): void {
    this.updatedAt = Math.max(this.updatedAt, at);
  }

  /** A message that was broadcast at `at` is held no more. */
  lost(at: Millis): void {
    this.lostAt = Math.max(this.lostAt, at);
  }

  /**
   * `from` has seen these and cannot send them.
   * @param quorum how many must say so
   */
  claim(from: PeerId, claim: Claim, quorum: number, now: Millis): Settled | undefined {
    if (this.claims.size === 0) this.claimedAt = now;
    this.claims.delete(from);
    this.claims.set(from, claim);
    if (this.claims.size < quorum) return undefined;
    const claims = [...this.claims.values()];
    const gone = claims.map(allOf).reduce(common);
    const settled = this.settle(gone, claims, now);
    const [oldest] = this.claims.keys();
    if (settled === undefined && oldest !== undefined) this.claims.delete(oldest);
    return settled;
  }

  /** Gives up what a neighbour said before `before`, if nobody has brought it since. */
  expire(before: Millis, now: Millis): Settled | undefined {
    if (this.claims.size === 0 || this.claimedAt > before) return undefined;
    const claims = [...this.claims.values()];
    const gone = new Ranges(Infinity);
    for (const claim of claims) gone.addAll(allOf(claim));
    const settled = this.settle(gone.ranges, claims, now);
    this.claims.clear();
    return settled;
  }

  /** Nobody waits for these any more; returns those that were missing. */
  giveUp(ranges: RangeList, now: Millis): RangeList {
    const missing = without(ranges, this.seen.ranges);
    if (missing.length > 0) {
      this.seen.addAll(missing);
      this.lost(now);
    }
    return missing;
  }

  private settle(gone: RangeList, claims: readonly Claim[], now: Millis): Settled | undefined {
    const missing = without(gone, this.seen.ranges);
    if (missing.length === 0) return undefined;
    // Whoever withholds a message knows that it is not for us; whoever lost it may not.
    const lost = claims.reduce<RangeList>((rest, { withheld }) => without(rest, withheld), missing);
    const withheld = without(missing, lost);
    this.seen.addAll(missing);
    this.pinned.addAll(withheld);
    this.claims.clear();
    if (lost.length > 0) this.lost(now);
    return { peer: this.peer, epoch: this.epoch, lost, withheld };
  }
}

function allOf({ lost, withheld }: Claim): RangeList {
  const all = new Ranges(Infinity);
  all.addAll(lost);
  all.addAll(withheld);
  return all.ranges;
}
