import { ExpiringMap, sample } from '@peerpigeon/core';
import type { MessageId, Millis, PeerId, Rng } from '@peerpigeon/core';
import type { Config } from './config.js';
import { MAX_RANGES } from './message.js';
import type { AuthorDigest, Digest, Payload } from './message.js';
import { Ranges, contains, exceeds } from './ranges.js';
import type { RangeList } from './ranges.js';

/** The other's digest was on its way for so long at most; what came before it after all it drops itself. A guess. */
const TRANSIT_MS = 1_000;

/** One run of an author: sequence numbers begin again with each. */
interface Author {
  readonly peer: PeerId;
  readonly epoch: number;
  /** What was seen of it. */
  readonly seen: Ranges;
}

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
  /** Held twice as long as messages, so that none comes again from whoever got it late. */
  private readonly authors: ExpiringMap<string, Author>;
  /** Oldest first, nearly. */
  private readonly messages = new Map<MessageId, Held>();
  private bytes = 0;
  /** When this peer came: what was broadcast before is not for it. */
  private bornAt: Millis | undefined;

  constructor(config: Config, rng: Rng) {
    this.config = config;
    this.rng = rng;
    const { historyMaxAuthors, historyMaxAgeMs } = config;
    this.authors = new ExpiringMap({ maxEntries: historyMaxAuthors, maxAgeMs: 2 * historyMaxAgeMs });
  }

  /** Messages held. */
  get size(): number {
    return this.messages.size;
  }

  /** Authors of whom it is remembered what was seen. */
  get authorCount(): number {
    return this.authors.size;
  }

  /** This peer is there now. */
  begin(now: Millis): void {
    this.bornAt ??= now;
  }

  /** Whether what was broadcast so long ago was before this peer came. */
  predates(ageMs: Millis, now: Millis): boolean {
    return ageMs > this.sinceMs(now);
  }

  /** Takes note of a message, and keeps it for others unless its TTL was pinned: then it is to reach no further. */
  add(message: Payload, now: Millis): void {
    const { historyMaxAgeMs, maxRanges } = this.config;
    const { envelope, pinned, ageMs } = message;
    if (historyMaxAgeMs === 0) return;
    const { from, epoch, seq } = envelope;
    const key = keyOf(from, epoch);
    const author = this.authors.get(key, now) ?? { peer: from, epoch, seen: new Ranges(maxRanges) };
    author.seen.add(seq);
    this.authors.set(key, author, now);
    if (pinned || ageMs >= historyMaxAgeMs) return;
    this.messages.set(envelope.id, { message, at: now - ageMs });
    this.bytes += envelope.bytes.length;
    this.prune(now);
  }

  /** Drops what is too old or too much. */
  prune(now: Millis): void {
    const { historyMaxAgeMs, historyMaxBytes, historyMaxMessages } = this.config;
    this.authors.prune(now);
    for (const [id, { message, at }] of this.messages) {
      const tooMuch = this.messages.size > historyMaxMessages || this.bytes > historyMaxBytes;
      if (at + historyMaxAgeMs > now && !tooMuch) return;
      this.messages.delete(id);
      this.bytes -= message.envelope.bytes.length;
    }
  }

  /** What was seen: of all authors or, where they are too many for one message, of some drawn at random. */
  digest(now: Millis): Digest {
    const authors: AuthorDigest[] = [];
    for (const key of this.authors.keys(now)) authors.push(digestOf(this.authors.get(key, now) as Author));
    const { maxDigestAuthors } = this.config;
    const complete = authors.length <= maxDigestAuthors;
    const drawn = complete ? authors : sample(this.rng, authors, maxDigestAuthors);
    return { type: 'digest', answer: false, complete, sinceMs: this.sinceMs(now), authors: drawn };
  }

  /** What was seen of those authors of whom the other has seen more; undefined if there are none. */
  answer({ authors }: Digest, now: Millis): Digest | undefined {
    const lacking: AuthorDigest[] = [];
    for (const { peer, epoch, seen } of authors) {
      const own = this.authors.get(keyOf(peer, epoch), now)?.seen.ranges ?? [];
      if (exceeds(seen, own)) lacking.push({ peer, epoch, seen: told(own) });
    }
    if (lacking.length === 0) return undefined;
    return { type: 'digest', answer: true, complete: false, sinceMs: this.sinceMs(now), authors: lacking };
  }

  /**
   * Messages that the other has not seen, oldest first, as many as one answer may hold: of the authors that it names and,
   * if it names all it knows of, of all. Nothing from before it came.
   */
  missing({ authors, complete, sinceMs }: Digest, now: Millis): Payload[] {
    this.prune(now);
    const { repairMaxMessages, repairMaxBytes } = this.config;
    const seenOf = new Map(authors.map(({ peer, epoch, seen }) => [keyOf(peer, epoch), seen]));
    const missing: Payload[] = [];
    let bytes = 0;
    for (const { message, at } of this.messages.values()) {
      const { envelope } = message;
      const seen = seenOf.get(keyOf(envelope.from, envelope.epoch));
      if (seen === undefined ? !complete : contains(seen, envelope.seq)) continue;
      if (now - at > sinceMs + TRANSIT_MS) continue;
      bytes += envelope.bytes.length;
      if (missing.length === repairMaxMessages || (bytes > repairMaxBytes && missing.length > 0)) break;
      missing.push({ ...message, ageMs: Math.max(0, Math.round(now - at)) });
    }
    return missing;
  }

  private sinceMs(now: Millis): Millis {
    return Math.round(now - (this.bornAt ?? now));
  }
}

function keyOf(peer: PeerId, epoch: number): string {
  return `${peer} ${epoch}`;
}

function digestOf({ peer, epoch, seen }: Author): AuthorDigest {
  return { peer, epoch, seen: told(seen.ranges) };
}

/** A copy with as many ranges as a digest takes. */
function told(ranges: RangeList): RangeList {
  const list = ranges.slice(0, MAX_RANGES).map(([from, to]) => [from, to] as [number, number]);
  const last = list[MAX_RANGES - 1];
  if (last !== undefined) last[1] = (ranges[ranges.length - 1] as RangeList[number])[1];
  return list;
}
