import { DecodeError, Fields, hexToBytes, readRelayed, relayedToWire } from '@peerpigeon/core';
import type { FrameValue, Millis, PeerId, Relayed } from '@peerpigeon/core';
import type { RangeList } from './ranges.js';

/**
 * A broadcast on a link: what its author signed, and the hop part that every forwarder renews. Of the TTL the author sends
 * T, each forwarder one less; 0 is dropped (S27).
 */
export interface Payload extends Relayed {
  readonly type: 'payload';
  /** The author's application chose the TTL, so that copies with more of it are passed on again. */
  readonly pinned: boolean;
  /** How long ago it was broadcast, as far as known: 0 unless it comes late, to close a gap. */
  readonly ageMs: Millis;
}

/** What was seen of one run of an author. */
export interface AuthorDigest {
  readonly peer: PeerId;
  readonly epoch: number;
  /** Sequence numbers, {@link MAX_RANGES} ranges at most. Of more the upper ones are told as one: low gaps close first. */
  readonly seen: RangeList;
}

/** "This I have seen: send me what I lack, and tell me what you lack." */
export interface Digest {
  readonly type: 'digest';
  /** It answers a digest, and names authors of whom that one has seen more. */
  readonly answer: boolean;
  /** Of authors that are not named nothing was seen. */
  readonly complete: boolean;
  /** How long ago the sender came: what is older it does not want. */
  readonly sinceMs: Millis;
  readonly authors: readonly AuthorDigest[];
}

/** Everything that gossip says on a link. */
export type Message = Payload | Digest;

/** Their tags. */
const PAYLOAD = 0;
const DIGEST = 1;
/** Most authors in a digest, and most ranges of each: so it fits into the 16 KiB that every peer takes. */
export const MAX_DIGEST_AUTHORS = 64;
export const MAX_RANGES = 16;
/** A year: longer than any peer is up. */
const MAX_AGE_MS = 31_536_000_000;

/**
 * `[0, [signed bytes, signature], ttl, hops, [20-byte ids…], pinned, ageMs]` or `[1, answer, complete, sinceMs, [[author,
 * epoch, [from, to, from, to…]]…]]`, for core's `encode`.
 */
export function encodeMessage(message: Message): FrameValue {
  if (message.type === 'payload') return [PAYLOAD, ...relayedToWire(message), message.pinned, message.ageMs];
  const authors = message.authors.map(({ peer, epoch, seen }) => [hexToBytes(peer), epoch, seen.flat()]);
  return [DIGEST, message.answer, message.complete, message.sinceMs, authors];
}

/**
 * Reads what core's `decode` made of a frame. Checks shapes and limits; {@link Gossip} checks what they say.
 * @throws {DecodeError} when it is no message of gossip; nothing else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'gossip', 1);
  const tag = fields.integer(0, 255);
  if (tag === DIGEST) return readDigest(fields);
  if (tag !== PAYLOAD) throw new DecodeError('UNEXPECTED', `gossip message ${tag}, expected ${PAYLOAD} or ${DIGEST}`);
  const relayed = readRelayed(fields, 0);
  return { type: 'payload', ...relayed, pinned: fields.boolean(), ageMs: fields.integer(0, MAX_AGE_MS) };
}

function readDigest(fields: Fields): Digest {
  const answer = fields.boolean();
  const complete = fields.boolean();
  const sinceMs = fields.integer(0, MAX_AGE_MS);
  const authors = fields.list(MAX_DIGEST_AUTHORS, (list) => {
    const author = list.inner();
    const peer = author.peerId();
    const epoch = author.integer(0, Number.MAX_SAFE_INTEGER);
    return { peer, epoch, seen: readRanges(author) };
  });
  return { type: 'digest', answer, complete, sinceMs, authors };
}

/** Ascending, and with a gap between any two. */
function readRanges(fields: Fields): RangeList {
  let least = 1;
  const bounds = fields.list(2 * MAX_RANGES, (list) => {
    const bound = list.integer(least, Number.MAX_SAFE_INTEGER);
    least = bound;
    return bound;
  });
  if (bounds.length % 2 > 0) throw new DecodeError('UNEXPECTED', `${bounds.length} bounds of ranges, expected pairs`);
  const ranges: [number, number][] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    const [from, to] = [bounds[i] as number, bounds[i + 1] as number];
    const former = ranges[ranges.length - 1];
    if (former !== undefined && from < former[1] + 2) {
      throw new DecodeError('UNEXPECTED', `a range from ${from} after one to ${former[1]}, expected a gap`);
    }
    ranges.push([from, to]);
  }
  return ranges;
}
