import { hash as sha256 } from '@stablelib/sha256';
import { bytesToHex, encode, hexToBytes, utf8Encode } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';

/**
 * What a key is for. `value`: the newest record of all authors is its value. `part`: each author's record is a part of it,
 * and none replaces another's (counters, sets). `chunk`: a piece of a large value, named by its SHA-256 in hexadecimal.
 */
export type Space = 'value' | 'part' | 'chunk';

/** In the order of their numbers on the wire. */
export const SPACES: readonly Space[] = ['value', 'part', 'chunk'];

/** A key: its space, and its name of 1 to 256 bytes of UTF-8. */
export interface Key {
  readonly space: Space;
  readonly name: string;
}

/** What a record has instead of, or as, a value. */
export type Form =
  /** `value` is the value. */
  | 'plain'
  /** `value` says of which chunks the value consists. */
  | 'chunked'
  /** A tombstone: the key has no value any more. */
  | 'deleted';

/** In the order of their numbers on the wire. */
export const FORMS: readonly Form[] = ['plain', 'chunked', 'deleted'];

/** What one author says of a key. */
export interface DhtRecord {
  readonly author: PeerId;
  /**
   * Ms since 1970 by the author's clock, or one more than the newest version that the author knew of, whichever is larger (a
   * hybrid clock: Kulkarni et al., *Logical Physical Clocks*, 2014).
   */
  readonly version: number;
  /** When the author made it, or renewed it, ms since 1970 by its clock; … */
  readonly issuedAt: Millis;
  /** … and how long it lives from then on. */
  readonly ttlMs: Millis;
  /** The version that it was to replace, 0 for none; null: whichever there is. */
  readonly base: number | null;
  /** How many peers shall hold it. */
  readonly replicas: number;
  readonly form: Form;
  /** At most 16 KiB; empty in a tombstone. */
  readonly value: Uint8Array;
  /** Empty until records are signed. */
  readonly signature: Uint8Array;
}

/** A record, and how long it lives from now on: clocks of peers differ, so that what is left of its life goes with it. */
export interface Copy {
  readonly record: DhtRecord;
  readonly leftMs: Millis;
}

/** What says where a record stands among those of its key. */
export type Rank = Pick<DhtRecord, 'version' | 'issuedAt' | 'ttlMs'> & { readonly hash: string };

const ID_BYTES = 20;

/** Where a key is among the ids: the first 20 bytes of the SHA-256 of its space's number and its name. */
export function keyId({ space, name }: Key): PeerId {
  const bytes = utf8Encode(name);
  const input = new Uint8Array(bytes.length + 1);
  input[0] = SPACES.indexOf(space);
  input.set(bytes, 1);
  return bytesToHex(sha256(input).subarray(0, ID_BYTES));
}

/** The name of the chunk with these bytes. */
export function chunkName(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** SHA-256 of all that an author says in a record, as hexadecimal digits; it will be what is signed. */
export function hashOf({ space, name }: Key, record: DhtRecord): string {
  const { author, version, issuedAt, ttlMs, base, replicas, form, value } = record;
  const head = [SPACES.indexOf(space), name, hexToBytes(author), version, issuedAt, ttlMs, base, replicas];
  return bytesToHex(sha256(encode([...head, FORMS.indexOf(form), value])));
}

/**
 * Which of two records of a key counts: the higher version, then the later end, then the larger hash. Positive: `a`. So
 * whoever merges the same records, in whatever order, ends with the same one.
 */
export function compareRank(a: Rank, b: Rank): number {
  if (a.version !== b.version) return a.version - b.version;
  const later = a.issuedAt + a.ttlMs - (b.issuedAt + b.ttlMs);
  if (later !== 0) return later;
  return a.hash === b.hash ? 0 : a.hash > b.hash ? 1 : -1;
}

/** The same for records as they come: hashes are made only where nothing else decides. */
export function compareRecords(key: Key, a: DhtRecord, b: DhtRecord): number {
  const decided = compareRank({ ...a, hash: '' }, { ...b, hash: '' });
  return decided !== 0 ? decided : compareRank({ ...a, hash: hashOf(key, a) }, { ...b, hash: hashOf(key, b) });
}

/** Whether a record was to replace an older one than `other`, and yet has a higher rank: whoever wrote `other` is to know. */
export function overlooks({ base, version, author }: DhtRecord, other: DhtRecord): boolean {
  return base !== null && author !== other.author && base < other.version && other.version < version;
}

/** Whether a copy stands for a value: it lives, and is no tombstone. */
export function isLive({ record, leftMs }: Copy): boolean {
  return leftMs > 0 && record.form !== 'deleted';
}
