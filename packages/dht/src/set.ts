import { bytesToHex, decode, decodeContent, encode, encodeContent, Fields, hexToBytes } from '@peerpigeon/core';
import type { FrameValue, Millis, PeerId, Plain } from '@peerpigeon/core';
import { MAX_RECORD_BYTES } from './config.js';

/**
 * Which of its author's additions one is: the author's wall clock in ms, or one more than its last, whichever is larger. So an
 * author that lost its part, and begins anew, does not give one twice.
 */
export type Dot = number;

/** By which elements are told apart: their encoded bytes, as hexadecimal digits. */
export type ElementId = string;

interface Added {
  readonly dot: Dot;
  readonly element: Plain;
}

/**
 * What one author says of a set: an observed-remove set in which additions win (Shapiro et al., INRIA 7506, 2011, specification
 * 15), without the tombstones of what is forgotten (as Bieniusa et al., *An Optimized Conflict-free Replicated Set*, 2012, though
 * by dots rather than by version vectors, as each author speaks in a part of its own).
 */
export interface SetPart {
  /** Above all dots that the author has given. */
  readonly next: Dot;
  /** What it has added and, as far as it knows, nobody has removed. */
  readonly added: ReadonlyMap<ElementId, Added>;
  /** Additions of others that it has removed, as long as they are in these authors' parts. */
  readonly removed: ReadonlyMap<PeerId, ReadonlySet<Dot>>;
}

/** All parts of a set that are known, by author. */
export type SetParts = ReadonlyMap<PeerId, SetPart>;

/** The part of an author that has said nothing. */
export const NOTHING_SAID: SetPart = { next: 1, added: new Map(), removed: new Map() };

/** @throws {TypeError} for what is not plain data; {RangeError} over 16 KiB */
export function elementId(element: unknown): ElementId {
  return bytesToHex(encodeContent(element, { maxBytes: MAX_RECORD_BYTES }));
}

/** The elements by these parts, in the order of their encoded bytes: those that somebody has added and nobody removed since. */
export function elementsOf(parts: SetParts): Map<ElementId, Plain> {
  const found = [...parts].flatMap(([author, { added }]) =>
    [...added].filter(([, { dot }]) => !isRemoved(parts, author, dot)),
  );
  found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return new Map(found.map(([id, { element }]) => [id, element]));
}

/**
 * The part of `self` once it has added an element: as an addition of its own even if the element is there, so that it outlives
 * others' being removed at the same time.
 * @param now wall time, ms since 1970, whole
 * @throws {TypeError} for what is not plain data
 */
export function addElement(parts: SetParts, self: PeerId, element: unknown, now: Millis): SetPart {
  const { next, added, removed } = tidied(parts, self);
  const id = elementId(element);
  const dot = Math.max(now, next);
  // What was given is the caller's, and may change.
  const copy = decodeContent(hexToBytes(id));
  return { next: dot + 1, added: new Map(added).set(id, { dot, element: copy }), removed };
}

/**
 * The part of `self` once it has removed an element: all additions of it that these parts show, and no others. The same part where
 * there are none.
 * @throws {TypeError} for what is not plain data
 */
export function removeElement(parts: SetParts, self: PeerId, element: unknown): SetPart {
  const id = elementId(element);
  const own = parts.get(self) ?? NOTHING_SAID;
  const shown = [...parts].flatMap(([author, { added }]) => {
    const dot = added.get(id)?.dot;
    return dot === undefined || isRemoved(parts, author, dot) ? [] : [{ author, dot }];
  });
  if (shown.length === 0) return own;
  const { next, added, removed } = tidied(parts, self);
  const left = new Map(added);
  const gone = new Map(removed);
  for (const { author, dot } of shown) {
    if (author === self) left.delete(id);
    else gone.set(author, new Set(gone.get(author)).add(dot));
  }
  return { next, added: left, removed: gone };
}

/**
 * The value of a part's record: `[next, [[next − dot, content], …], [[author, [dot, …]], …]]`. When it would be too long, what was
 * removed of authors that are not in `parts` is left out: they have been away for as long as a part lives.
 * @throws {RangeError} over 16 KiB
 */
export function encodeSet(part: SetPart, parts: SetParts): Uint8Array {
  const bytes = encode(toWire(part));
  if (bytes.length <= MAX_RECORD_BYTES) return bytes;
  const removed = new Map([...part.removed].filter(([author]) => parts.has(author)));
  const fewer = removed.size < part.removed.size ? encode(toWire({ ...part, removed })) : bytes;
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

function isRemoved(parts: SetParts, author: PeerId, dot: Dot): boolean {
  for (const { removed } of parts.values()) if (removed.get(author)?.has(dot) === true) return true;
  return false;
}

/**
 * The part of `self` without what nobody needs to be told any more: own additions that somebody has removed; and removals of
 * what its author has dropped, which cannot come back as no dot is given twice. Of an author that is away, perhaps cut off, they
 * stay: its part may come back as it was.
 */
function tidied(parts: SetParts, self: PeerId): SetPart {
  const { next, added, removed } = parts.get(self) ?? NOTHING_SAID;
  const needed = [...removed].map(([author, dots]) => {
    const part = parts.get(author);
    if (part === undefined) return [author, dots] as const;
    const there = new Set([...part.added.values()].map(({ dot }) => dot));
    return [author, new Set([...dots].filter((dot) => there.has(dot)))] as const;
  });
  return {
    next,
    added: new Map([...added].filter(([, { dot }]) => !isRemoved(parts, self, dot))),
    removed: new Map(needed.filter(([, dots]) => dots.size > 0)),
  };
}

function toWire({ next, added, removed }: SetPart): FrameValue {
  return [
    next,
    [...added].map(([id, { dot }]) => [next - dot, hexToBytes(id)]),
    [...removed].map(([author, dots]) => [hexToBytes(author), [...dots]]),
  ];
}

function readAdded(fields: Fields, next: Dot): [ElementId, Added] {
  const dot = next - fields.integer(1, next);
  const element = decodeContent(fields.bytes(MAX_RECORD_BYTES));
  // Not the bytes that came: the same element may have been encoded by other means.
  return [elementId(element), { dot, element }];
}

function readRemoved(fields: Fields): [PeerId, Set<Dot>] {
  return [fields.peerId(), new Set(fields.list(MAX_RECORD_BYTES, (dots) => dots.integer(0, Number.MAX_SAFE_INTEGER)))];
}
