import { sample } from '@peerpigeon/core';
import type { MessageId, Millis, PeerId, Rng } from '@peerpigeon/core';
import { Author, BUCKETS, bucketOf, runOf } from './author.js';
import type { Claim, Settled } from './author.js';
import type { Config } from './config.js';
import { MAX_DIGEST_AUTHORS, MAX_RANGES, SUM_BYTES } from './message.js';
import type { AuthorDigest, AuthorGone, Digest, Gone, Payload, Summary } from './message.js';
import { Ranges, condensed, contains, exceeds, without } from './ranges.js';
import type { RangeList } from './ranges.js';

/** The other's digest was on its way for so long at most; what came before it after all it drops itself. A guess. */
const TRANSIT_MS = 1_000;

const ALL: readonly number[] = Array.from({ length: BUCKETS }, (_, n) => n);

interface Held {
  readonly message: Payload;
  /** When it was first seen by anybody, as far as known. */
  readonly at: Millis;
}

/**
 * What was broadcast of late: which messages of each author were seen, and the messages themselves, bounded in age, number
 * and bytes. Two peers that compare what they have seen find out what either lacks (anti-entropy; Demers et al. 1987).
 */
export class History {
  private readonly config: Config;
  private readonly rng: Rng;
  /**
   * By run; whose latest message came last stands last, nearly. Held twice as long as messages, so that none comes again from
   * whoever got it late; told of only as long as messages, so that nobody hears of what it has forgotten.
   */
  private readonly authors = new Map<string, Author>();
  /** Oldest first, nearly. */
  private readonly messages = new Map<MessageId, Held>();
  private bytes = 0;
  /** When this peer came, or from when on it wants to know: what was broadcast before is not for it. */
  private bornAt: Millis | undefined;

  constructor(config: Config, rng: Rng) {
    this.config = config;
    this.rng = rng;
  }

  /** Messages held. */
  get size(): number {
    return this.messages.size;
  }

  /** Authors of whom it is remembered what was seen. */
  get authorCount(): number {
    return this.authors.size;
  }

  /** This peer is there now, and wants to know what was broadcast up to `sinceMs` ago. */
  begin(now: Millis, sinceMs: Millis = 0): void {
    this.bornAt = Math.min(this.bornAt ?? now, now - sinceMs);
  }

  /** Whether what was broadcast so long ago was before this peer came. */
  predates(ageMs: Millis, now: Millis): boolean {
    return ageMs > this.sinceMs(now);
  }

  /** Takes note of a message, and keeps it for others unless its TTL was pinned: then it is to reach no further. */
  add(message: Payload, now: Millis): void {
    const { historyMaxAgeMs } = this.config;
    const { envelope, pinned, ageMs } = message;
    if (historyMaxAgeMs === 0) return;
    const { from, epoch, seq } = envelope;
    const author = this.author(from, epoch, now - ageMs);
    author.seen.add(seq);
    if (pinned) author.pinned.add(seq);
    else if (ageMs >= historyMaxAgeMs) author.lost(now - ageMs);
    else {
      this.messages.set(envelope.id, { message, at: now - ageMs });
      this.bytes += envelope.bytes.length;
      this.prune(now);
    }
  }

  /** Drops what is too old or too much. */
  prune(now: Millis): void {
    const { historyMaxAgeMs, historyMaxBytes, historyMaxMessages } = this.config;
    for (const [run, { updatedAt }] of this.authors) {
      if (updatedAt + 2 * historyMaxAgeMs > now) break;
      this.authors.delete(run);
    }
    for (const [id, { message, at }] of this.messages) {
      const tooMuch = this.messages.size > historyMaxMessages || this.bytes > historyMaxBytes;
      if (at + historyMaxAgeMs > now && !tooMuch) return;
      const { from, epoch, bytes } = message.envelope;
      this.messages.delete(id);
      this.bytes -= bytes.length;
      this.authors.get(runOf(from, epoch))?.lost(at);
    }
  }

  /** What was seen: by author where they are few, else in short. */
  ask(now: Millis): Digest | Summary {
    const authors = this.live(now);
    const sinceMs = this.sinceMs(now);
    if (authors.length <= this.config.maxDirectAuthors) {
      return { type: 'digest', answer: false, buckets: ALL, sinceMs, authors: authors.map(digestOf) };
    }
    return { type: 'summary', sinceMs, sums: sumsOf(authors) };
  }

  /** What was seen in groups of authors that differ from the other's: in as many, drawn at random, as one digest holds. */
  compare({ sums }: Summary, now: Millis): Digest | undefined {
    const live = this.live(now);
    const own = sumsOf(live);
    const differing = ALL.filter((n) => [0, 1, 2].some((k) => sums[n * SUM_BYTES + k] !== own[n * SUM_BYTES + k]));
    if (differing.length === 0) return undefined;
    const groups = new Map<number, Author[]>(differing.map((n) => [n, []]));
    for (const author of live) groups.get(author.bucket)?.push(author);
    const { maxDigestAuthors } = this.config;
    const buckets: number[] = [];
    const named: Author[] = [];
    for (const [n, group] of sample(this.rng, [...groups], groups.size)) {
      if (named.length + group.length > maxDigestAuthors) continue;
      buckets.push(n);
      named.push(...group);
    }
    // Each of them has more authors than that: some of one.
    if (buckets.length === 0) named.push(...sample(this.rng, [...groups.values()][0] as Author[], maxDigestAuthors));
    return { type: 'digest', answer: false, buckets, sinceMs: this.sinceMs(now), authors: named.map(digestOf) };
  }

  /** What was seen of those authors of whom the other has seen more; undefined if there are none. */
  answer({ authors }: Digest, now: Millis): Digest | undefined {
    const lacking: AuthorDigest[] = [];
    for (const { peer, epoch, seen } of authors) {
      const own = this.authors.get(runOf(peer, epoch))?.seen.ranges ?? [];
      if (exceeds(seen, own)) lacking.push({ peer, epoch, seen: told(own) });
    }
    if (lacking.length === 0) return undefined;
    return { type: 'digest', answer: true, buckets: [], sinceMs: this.sinceMs(now), authors: lacking };
  }

  /**
   * Messages that the other has not seen, oldest first, as many as one answer may hold: of the authors that it names and,
   * if it names all it knows of, of all. Nothing from before it came, and nothing younger than `leastAgeMs`.
   */
  missing({ authors, buckets, sinceMs }: Digest, leastAgeMs: Millis, now: Millis): Payload[] {
    this.prune(now);
    const { repairMaxMessages, repairMaxBytes } = this.config;
    const seenOf = new Map(authors.map(({ peer, epoch, seen }) => [runOf(peer, epoch), seen]));
    const missing: Payload[] = [];
    let bytes = 0;
    for (const { message, at } of this.messages.values()) {
      const { envelope } = message;
      if (now - at > sinceMs + TRANSIT_MS || now - at < leastAgeMs) continue;
      const run = runOf(envelope.from, envelope.epoch);
      const seen = seenOf.get(run);
      if (seen === undefined ? !buckets.includes(bucketOf(run)) : contains(seen, envelope.seq)) continue;
      bytes += envelope.bytes.length;
      if (missing.length === repairMaxMessages || (bytes > repairMaxBytes && missing.length > 0)) break;
      missing.push({ ...message, ageMs: Math.max(0, Math.round(now - at)) });
    }
    return missing;
  }

  /** What the other has not seen and cannot get from here either; undefined if there is nothing. */
  gone({ authors, buckets, sinceMs }: Digest, now: Millis): Gone | undefined {
    const seenOf = new Map(authors.map(({ peer, epoch, seen }) => [runOf(peer, epoch), seen]));
    const lacking = new Map<string, { readonly author: Author; readonly lack: RangeList }>();
    for (const author of this.live(now)) {
      const { run, bucket } = author;
      const theirs = seenOf.get(run) ?? (buckets.includes(bucket) ? [] : undefined);
      if (theirs === undefined || lacking.size === MAX_DIGEST_AUTHORS) continue;
      const lack = without(author.seen.ranges, theirs);
      if (lack.length > 0) lacking.set(run, { author, lack });
    }
    if (lacking.size === 0) return undefined;
    const held = this.heldOf(lacking.keys(), sinceMs, now);
    const gone: AuthorGone[] = [];
    for (const [run, { author, lack }] of lacking) {
      const { peer, epoch, pinned, lostAt } = author;
      const { wanted, old } = held.get(run) as { wanted: Ranges; old: Ranges };
      const rest = without(lack, wanted.ranges);
      const isOld = now - lostAt > sinceMs + TRANSIT_MS;
      // What is held no more was broadcast at `lostAt` or before.
      const lost = isOld ? [] : without(without(rest, old.ranges), pinned.ranges).slice(0, MAX_RANGES);
      const withheld = without(rest, lost).slice(0, MAX_RANGES);
      const ageMs = Math.max(0, Math.round(now - author.updatedAt));
      if (rest.length > 0) gone.push({ peer, epoch, ageMs, lost, withheld });
    }
    return gone.length === 0 ? undefined : { type: 'gone', authors: gone };
  }

  /** A neighbour cannot send what is asked for. Returns what is given up of that, now that enough have said so. */
  onGone(from: PeerId, { authors }: Gone, neighbours: number, now: Millis): Settled[] {
    const quorum = Math.min(this.config.goneQuorum, neighbours);
    return authors.flatMap(({ peer, epoch, ageMs, lost, withheld }) => {
      const { historyMaxAgeMs, peerId } = this.config;
      if (ageMs >= historyMaxAgeMs || peer === peerId) return [];
      const claim: Claim = { lost, withheld };
      return this.author(peer, epoch, now - ageMs).claim(from, claim, quorum, now) ?? [];
    });
  }

  /** What is given up since the first neighbour said long ago that it is gone. */
  giveUp(now: Millis): Settled[] {
    const settled: Settled[] = [];
    for (const author of this.live(now)) {
      const one = author.expire(now - this.config.goneMaxMs, now);
      if (one !== undefined) settled.push(one);
    }
    return settled;
  }

  /** Nobody waits for these any more. Returns those that had not been given up before. */
  skip(peer: PeerId, epoch: number, ranges: RangeList, now: Millis): RangeList {
    if (this.config.historyMaxAgeMs === 0) return ranges;
    return this.authors.get(runOf(peer, epoch))?.giveUp(ranges, now) ?? ranges;
  }

  /** The sequence numbers held of these runs: those that the other may have, and those from before it came. */
  private heldOf(
    runs: Iterable<string>,
    sinceMs: Millis,
    now: Millis,
  ): Map<string, { readonly wanted: Ranges; readonly old: Ranges }> {
    const held = new Map<string, { readonly wanted: Ranges; readonly old: Ranges }>();
    for (const run of runs) held.set(run, { wanted: new Ranges(Infinity), old: new Ranges(Infinity) });
    for (const { message, at } of this.messages.values()) {
      const { from, epoch, seq } = message.envelope;
      const sets = held.get(runOf(from, epoch));
      if (sets === undefined) continue;
      if (now - at > sinceMs + TRANSIT_MS) sets.old.add(seq);
      else sets.wanted.add(seq);
    }
    return held;
  }

  /** A run of an author that broadcast at `at`; new ones push the oldest out. */
  private author(peer: PeerId, epoch: number, at: Millis): Author {
    const { maxRanges, historyMaxAuthors } = this.config;
    const run = runOf(peer, epoch);
    const author = this.authors.get(run) ?? new Author(peer, epoch, maxRanges);
    author.update(at);
    this.authors.delete(run);
    this.authors.set(run, author);
    const [oldest] = this.authors.keys();
    if (oldest !== undefined && this.authors.size > historyMaxAuthors) this.authors.delete(oldest);
    return author;
  }

  /** Those whose messages may still be held somewhere. */
  private live(now: Millis): Author[] {
    const { historyMaxAgeMs } = this.config;
    return [...this.authors.values()].filter(({ updatedAt }) => updatedAt + historyMaxAgeMs > now);
  }

  private sinceMs(now: Millis): Millis {
    return Math.round(now - (this.bornAt ?? now));
  }
}

/** With as many ranges as a digest takes. */
function digestOf({ peer, epoch, seen }: Author): AuthorDigest {
  return { peer, epoch, seen: told(seen.ranges) };
}

function told(ranges: RangeList): RangeList {
  return condensed(ranges, MAX_RANGES);
}

/** For each group the sums of its authors, together. */
function sumsOf(authors: readonly Author[]): Uint8Array {
  const sums = new Uint8Array(BUCKETS * SUM_BYTES);
  for (const { bucket, sum } of authors) {
    const at = bucket * SUM_BYTES;
    for (let k = 0; k < SUM_BYTES; k++) sums[at + k] = (sums[at + k] as number) ^ (sum >>> (8 * k));
  }
  return sums;
}
