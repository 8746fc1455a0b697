import { DecodeError, Fields, bytesToHex, hexToBytes, readRelayed, relayedToWire } from '@peerpigeon/core';
import type { FrameValue, MessageId, Millis, PeerId, Relayed } from '@peerpigeon/core';
import { BUCKETS } from './author.js';
import { readRanges } from './ranges.js';
import type { RangeList } from './ranges.js';
import type { ShortId } from './recent.js';

/**
 * How a broadcast spreads; its author says so, relays keep to it.
 * - `flood`: to every link, as what is small, pinned, or counted.
 * - `tree`: over the eager links of the tree that all authors share, and announced over the others.
 * - `push`: likewise, after the author sent it over a link that is not of the tree. Where such copies meet others of the tree
 *   no link is redundant.
 * - `own`: over the author's own tree.
 */
export type Mode = 'flood' | 'tree' | 'push' | 'own';

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
  readonly mode: Mode;
  /** How long the sender waits for a {@link Receipt} of this copy; 0 if it wants none. */
  readonly receiptMs: Millis;
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
  /** Groups of authors, 0 to 63, of whom nothing was seen that is not named; see {@link Summary}. */
  readonly buckets: readonly number[];
  /** How long ago the sender came: what is older it does not want. */
  readonly sinceMs: Millis;
  readonly authors: readonly AuthorDigest[];
}

/**
 * What a digest says, in short, where there are many authors: for each group of them a sum over what was seen. Where the sums
 * differ the receiver sends a {@link Digest}.
 */
export interface Summary {
  readonly type: 'summary';
  readonly sinceMs: Millis;
  /** 64 sums of three bytes. */
  readonly sums: Uint8Array;
}

/** What a digest asked for of one run of an author, and does not get. */
export interface AuthorGone {
  readonly peer: PeerId;
  readonly epoch: number;
  /** How long ago the author's latest message was broadcast. */
  readonly ageMs: Millis;
  /** Seen, and no longer held. */
  readonly lost: RangeList;
  /** Seen, and not for the other: from before it came, or with a pinned TTL that did not reach it. */
  readonly withheld: RangeList;
}

/** "Do not wait for these: I have seen them and cannot send them." */
export interface Gone {
  readonly type: 'gone';
  readonly authors: readonly AuthorGone[];
}

/** "These I have" (Plumtree's IHAVE): ids, and how many links each crossed until it was here, {@link MAX_TOLD_HOPS} at most. */
export interface Announcement {
  readonly type: 'ihave';
  readonly ids: readonly ShortId[];
  readonly hops: readonly number[];
}

/** "Send me these, and from now on all that goes over their tree." Without ids: over the tree named alone. */
export interface Graft {
  readonly type: 'graft';
  /** The author whose own tree it is; undefined for the shared one. */
  readonly tree: PeerId | undefined;
  readonly ids: readonly ShortId[];
}

/** "Announce to me what goes over this tree, and do not send it." */
export interface Prune {
  readonly type: 'prune';
  readonly tree: PeerId | undefined;
}

/** "Of this message so many peers have a copy that got it through me"; 0 from whoever had it already. */
export interface Receipt {
  readonly type: 'receipt';
  readonly id: MessageId;
  readonly count: number;
}

/** Everything that gossip says on a link. */
export type Message = Payload | Summary | Digest | Gone | Announcement | Graft | Prune | Receipt;

/** Their tags. A number, once given, is never given again. */
const TAGS = { payload: 0, digest: 1, ihave: 2, graft: 3, prune: 4, gone: 5, receipt: 6, summary: 7 } as const;
const MODES: readonly Mode[] = ['flood', 'tree', 'push', 'own'];
/** Most authors in a digest, and most ranges of each: so it fits into the 16 KiB that every peer takes. */
export const MAX_DIGEST_AUTHORS = 64;
export const MAX_RANGES = 16;
/** Most ids in an announcement or a graft. */
export const MAX_IDS = 32;
/** More links than that count as so many. */
export const MAX_TOLD_HOPS = 255;
const ID_BYTES = 16;
const SHORT_BYTES = 8;
/** Each sum has three bytes. */
export const SUM_BYTES = 3;
const SUMMARY_BYTES = BUCKETS * SUM_BYTES;
/** A year: longer than any peer is up. */
const MAX_AGE_MS = 31_536_000_000;
/** Ten minutes: longer than anybody waits for a receipt. */
export const MAX_RECEIPT_MS = 600_000;
/** More peers than any mesh has. */
const MAX_COUNT = 0xffff_ffff;

/** For core's `encode`; PROTOCOL.md, channel 2, has the grammar. */
export function encodeMessage(message: Message): FrameValue {
  const tag = TAGS[message.type];
  switch (message.type) {
    case 'payload': {
      const { pinned, ageMs, mode, receiptMs } = message;
      const wire = [tag, ...relayedToWire(message), pinned, ageMs, MODES.indexOf(mode)];
      return receiptMs > 0 ? [...wire, receiptMs] : wire;
    }
    case 'digest': {
      const authors = message.authors.map(({ peer, epoch, seen }) => [hexToBytes(peer), epoch, seen.flat()]);
      return [tag, message.answer, bucketsToWire(message.buckets), message.sinceMs, authors];
    }
    case 'summary':
      return [tag, message.sinceMs, message.sums];
    case 'gone':
      return [
        tag,
        message.authors.map(({ peer, epoch, ageMs, lost, withheld }) => [
          hexToBytes(peer),
          epoch,
          ageMs,
          lost.flat(),
          withheld.flat(),
        ]),
      ];
    case 'ihave':
      return [tag, announced(message)];
    case 'graft':
      return [tag, treeToWire(message.tree), hexToBytes(message.ids.join(''))];
    case 'prune':
      return [tag, treeToWire(message.tree)];
    case 'receipt':
      return [tag, hexToBytes(message.id), message.count];
  }
}

/**
 * Reads what core's `decode` made of a frame. Checks shapes and limits; the machine checks what they say.
 * @throws {DecodeError} when it is no message of gossip; nothing else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'gossip', 1);
  const tag = fields.integer(0, 255);
  switch (tag) {
    case TAGS.payload:
      return readPayload(fields);
    case TAGS.digest:
      return readDigest(fields);
    case TAGS.summary:
      return {
        type: 'summary',
        sinceMs: fields.integer(0, MAX_AGE_MS),
        sums: fields.bytes(SUMMARY_BYTES, SUMMARY_BYTES),
      };
    case TAGS.gone:
      return { type: 'gone', authors: fields.list(MAX_DIGEST_AUTHORS, (list) => readGone(list.inner())) };
    case TAGS.ihave: {
      const entries = readChunks(fields, SHORT_BYTES + 1);
      const ids = entries.map((entry) => bytesToHex(entry.subarray(0, SHORT_BYTES)));
      return { type: 'ihave', ids, hops: entries.map((entry) => entry[SHORT_BYTES] as number) };
    }
    case TAGS.graft:
      return { type: 'graft', tree: readTree(fields), ids: readChunks(fields, SHORT_BYTES).map(bytesToHex) };
    case TAGS.prune:
      return { type: 'prune', tree: readTree(fields) };
    case TAGS.receipt:
      return {
        type: 'receipt',
        id: bytesToHex(fields.bytes(ID_BYTES, ID_BYTES)),
        count: fields.integer(0, MAX_COUNT),
      };
    default:
      throw new DecodeError('UNEXPECTED', `gossip message ${tag} is not known here`);
  }
}

const treeToWire = (tree: PeerId | undefined): FrameValue => (tree === undefined ? null : hexToBytes(tree));
const readTree = (fields: Fields): PeerId | undefined => fields.optional(() => fields.peerId());

/** A bit for each, the lowest first. */
function bucketsToWire(buckets: readonly number[]): Uint8Array {
  const mask = new Uint8Array(BUCKETS / 8);
  for (const n of buckets) mask[n >> 3] = (mask[n >> 3] as number) | (1 << (n & 7));
  return mask;
}

/** Each id, and a byte for its hops. */
function announced({ ids, hops }: Announcement): Uint8Array {
  const bytes = new Uint8Array(ids.length * (SHORT_BYTES + 1));
  ids.forEach((id, n) => {
    bytes.set(hexToBytes(id), n * (SHORT_BYTES + 1));
    bytes[n * (SHORT_BYTES + 1) + SHORT_BYTES] = hops[n] as number;
  });
  return bytes;
}

function readChunks(fields: Fields, chunkBytes: number): Uint8Array[] {
  const bytes = fields.bytes(MAX_IDS * chunkBytes);
  const count = bytes.length / chunkBytes;
  if (Number.isInteger(count)) {
    return Array.from({ length: count }, (_, n) => bytes.subarray(n * chunkBytes, (n + 1) * chunkBytes));
  }
  throw new DecodeError('UNEXPECTED', `${bytes.length} bytes, expected ${chunkBytes} an id`);
}

function readPayload(fields: Fields): Payload {
  const relayed = readRelayed(fields, 0);
  const pinned = fields.boolean();
  const ageMs = fields.integer(0, MAX_AGE_MS);
  const mode = MODES[fields.integer(0, MODES.length - 1)] as Mode;
  const receiptMs = fields.optional(() => fields.integer(0, MAX_RECEIPT_MS)) ?? 0;
  return { type: 'payload', ...relayed, pinned, ageMs, mode, receiptMs };
}

function readDigest(fields: Fields): Digest {
  const answer = fields.boolean();
  const mask = fields.bytes(BUCKETS / 8, BUCKETS / 8);
  const sinceMs = fields.integer(0, MAX_AGE_MS);
  const authors = fields.list(MAX_DIGEST_AUTHORS, (list) => {
    const author = list.inner();
    return { ...readRun(author), seen: readSeqs(author) };
  });
  const buckets = Array.from({ length: BUCKETS }, (_, n) => n).filter((n) => ((mask[n >> 3] as number) >> (n & 7)) & 1);
  return { type: 'digest', answer, buckets, sinceMs, authors };
}

function readGone(author: Fields): AuthorGone {
  return {
    ...readRun(author),
    ageMs: author.integer(0, MAX_AGE_MS),
    lost: readSeqs(author),
    withheld: readSeqs(author),
  };
}

function readRun(author: Fields): { readonly peer: PeerId; readonly epoch: number } {
  return { peer: author.peerId(), epoch: author.integer(0, Number.MAX_SAFE_INTEGER) };
}

const readSeqs = (fields: Fields): RangeList => readRanges(fields, MAX_RANGES);
