import { bytesToHex, decode, decodeContent, encode, encodeContent, Fields, hexToBytes } from '@peerpigeon/core';
import type { FrameValue, Millis, PeerId, Plain } from '@peerpigeon/core';
import { MAX_RECORD_BYTES } from './config.js';

/**
 * Which of its author's additions one is: the author's wall clock in ms, or one more than its last, whichever is larger. So an
 * author that has lost its part, and begins anew, gives none twice.
 */
export type Dot = number;

/** An element by its encoded bytes, as hexadecimal digits. */
export type ElementId = string;

/**
 * What one author says of a set: an observed-remove set, where an addition wins over what removes others at the same time
 * (Shapiro et al., INRIA 7506, 2011, specification 15), and nothing is kept of what all have forgotten (as Bieniusa et al., *An
 * Optimized Conflict-free Replicated Set*, 2012; by dots, as each author has a part of its own, where they have version vectors).
 */
export interface SetPart {
  /** Above all dots that the author has given. */
  readonly next: Dot;
  /** What it has added and, as far as it knows, nobody has removed. */
  readonly added: ReadonlyMap<ElementId, Dot>;
  /** Additions of others that it has removed, until they are out of these authors' parts. */
  readonly removed: ReadonlyMap<PeerId, ReadonlySet<Dot>>;
}

/** The known parts of a set, by author. */
export type SetParts = ReadonlyMap<PeerId, SetPart>;

/** The part of an author that has said nothing. */
export const NOTHING_SAID: SetPart = { next: 1, added: new Map(), removed: new Map() };

/** Equal for elements that encode to the same bytes. @throws {TypeError} for what is not plain data; {RangeError} over 16 KiB */
export function elementId(element: unknown): ElementId {
  return bytesToHex(encodeContent(element, { maxBytes: MAX_RECORD_BYTES }));
}

/** The element, each time a new one. */
export function elementOf(id: ElementId): Plain {
  return decodeContent(hexToBytes(id));
}

/** What is in the set by these parts, in order: what somebody has added, and nobody removed since. */
export function elementsIn(parts: SetParts): ElementId[] {
  const removed = removals(parts);
  const ids = new Set<ElementId>();
  for (const [author, { added }] of parts) {
    for (const [id, dot] of added) if (!removed(author, dot)) ids.add(id);
  }
  return [...ids].sort();
}

/**
 * The part of `self` once it has added an element: as an addition of its own although others' may be there, so that it outlives
 * these if they are being removed.
 * @param now wall time, ms since 1970, whole
 */
export function addElement(parts: SetParts, self: PeerId, id: ElementId, now: Millis): SetPart {
  const { next, added, removed } = tidied(parts, self);
  const dot = Math.max(now, next);
  return { next: dot + 1, added: new Map(added).set(id, dot), removed };
}

/** The part of `self` once it has removed an element: all additions of it that these parts show, and no others. */
export function removeElement(parts: SetParts, self: PeerId, id: ElementId): SetPart {
  const { next, added, removed } = tidied(parts, self);
  const left = new Map(added);
  left.delete(id);
  const gone = new Map(removed);
  for (const [author, part] of parts) {
    const dot = part.added.get(id);
    if (author !== self && dot !== undefined) gone.set(author, new Set(gone.get(author)).add(dot));
  }
  return { next, added: left, removed: gone };
}

/**
 * The part of `self` without its additions that somebody has removed: the same one if there are none. It is put as soon as they are
 * heard of, as whoever removed them may leave, and what it said be forgotten.
 */
export function settledPart(parts: SetParts, self: PeerId): SetPart {
  const own = parts.get(self) ?? NOTHING_SAID;
  const tidy = tidied(parts, self);
  return tidy.added.size < own.added.size ? tidy : own;
}

/**
 * The value of a part's record: `[next, [[next − dot, content], …], [[author, newest, [newest − dot, …]], …]]`. If it would be too
 * long, removals are left out of authors that are not in `parts`: these have been away for as long as a part lives.
 * @throws {RangeError} over 16 KiB
 */
export function encodeSet(part: SetPart, parts: SetParts): Uint8Array {
  const bytes = encode(toWire(part));
  if (bytes.length <= MAX_RECORD_BYTES) return bytes;
  const removed = new Map([...part.removed].filter(([author]) => parts.has(author)));
  const fewer = encode(toWire({ ...part, removed }));
  if (fewer.length <= MAX_RECORD_BYTES) return fewer;
  const whose = 'what one author has in a set, and has removed of others';
  throw new RangeError(`element: expected at most ${MAX_RECORD_BYTES} bytes of ${whose}, got ${fewer.length}`);
}

/** Reads what {@link encodeSet} wrote. @throws {DecodeError} on anything else, and nothing else */
export function decodeSet(bytes: Uint8Array): SetPart {
  const fields = new Fields(decode(bytes, { maxBytes: MAX_RECORD_BYTES }), 'set', 3);
  const next = fields.integer(1, Number.MAX_SAFE_INTEGER);
  const added = new Map(fields.list(MAX_RECORD_BYTES, (list) => readAdded(list.inner(), next)));
  const removed = new Map(fields.list(MAX_RECORD_BYTES, (list) => readRemoved(list.inner())));
  return { next, added, removed };
}

/** Whether somebody has removed an addition. */
function removals(parts: SetParts): (author: PeerId, dot: Dot) => boolean {
  const byAuthor = new Map<PeerId, ReadonlySet<Dot>[]>();
  for (const { removed } of parts.values()) {
    for (const [author, dots] of removed) byAuthor.set(author, [...(byAuthor.get(author) ?? []), dots]);
  }
  return (author, dot) => byAuthor.get(author)?.some((dots) => dots.has(dot)) ?? false;
}

/**
 * The part of `self` without what nobody needs to be told any more: own additions that somebody has removed; and removals of
 * what its author has given and then dropped, which never comes back. Removals from an author that is away stay: it may be cut
 * off, and its part come back as it was.
 */
function tidied(parts: SetParts, self: PeerId): SetPart {
  const { next, added, removed } = parts.get(self) ?? NOTHING_SAID;
  const isRemoved = removals(parts);
  const needed = [...removed].map(([author, dots]): [PeerId, ReadonlySet<Dot>] => {
    const part = parts.get(author);
    if (part === undefined) return [author, dots];
    const there = new Set(part.added.values());
    return [author, new Set([...dots].filter((dot) => there.has(dot) || dot >= part.next))];
  });
  return {
    next,
    added: new Map([...added].filter(([, dot]) => !isRemoved(self, dot))),
    removed: new Map(needed.filter(([, dots]) => dots.size > 0)),
  };
}

function toWire({ next, added, removed }: SetPart): FrameValue {
  return [
    next,
    [...added].map(([id, dot]) => [next - dot, hexToBytes(id)]),
    [...removed].map(([author, dots]) => {
      const newest = Math.max(...dots);
      return [hexToBytes(author), newest, [...dots].map((dot) => newest - dot)];
    }),
  ];
}

function readAdded(fields: Fields, next: Dot): [ElementId, Dot] {
  const dot = next - fields.integer(1, next);
  // Not the bytes that came: the same element may have been encoded by other means, and then be shorter.
  return [bytesToHex(encodeContent(decodeContent(fields.bytes(MAX_RECORD_BYTES)))), dot];
}

function readRemoved(fields: Fields): [PeerId, Set<Dot>] {
  const author = fields.peerId();
  const newest = fields.integer(0, Number.MAX_SAFE_INTEGER);
  return [author, new Set(fields.list(MAX_RECORD_BYTES, (dots) => newest - dots.integer(0, newest)))];
}
