import { DecodeError, Fields, hexToBytes, utf8Encode } from '@peerpigeon/core';
import type { FrameValue, Millis, PeerId } from '@peerpigeon/core';
import {
  MAX_KEY_BYTES,
  MAX_LEASES,
  MAX_OFFERED,
  MAX_RECORD_BYTES,
  MAX_REPLICAS,
  MAX_SIDE,
  MAX_TTL_MS,
} from './config.js';
import { FORMS, SPACES } from './record.js';
import type { Copy, DhtRecord, Form, Key, Space } from './record.js';

/** A number by which its sender knows what is answered. */
export type RequestId = number;

/** What is asked of whoever is nearest to a key. */
export type Op =
  /** The newest record that `quorum` holders have; of parts a page of them, of authors after `after`. */
  | { readonly type: 'get'; readonly key: Key; readonly quorum: number; readonly after: PeerId | null }
  /** Keep this at the holders. */
  | { readonly type: 'put'; readonly key: Key; readonly copy: Copy }
  /** Tell of changes for `leaseMs` from now on; answered as a get. */
  | { readonly type: 'subscribe'; readonly key: Key; readonly quorum: number; readonly leaseMs: Millis }
  | { readonly type: 'unsubscribe'; readonly key: Key };

/** What became of it. */
export type Result =
  /** `copies`: of a value the newest record or none; of parts a page, and whether there are `more`. */
  | { readonly type: 'found'; readonly copies: readonly Copy[]; readonly more: boolean; readonly answered: number }
  /** So many holders have it. */
  | { readonly type: 'stored'; readonly copies: number }
  /** There is one that is as new or newer; with `conflict` it is not the one that was to be replaced. */
  | { readonly type: 'newer'; readonly conflict: boolean; readonly copies: readonly Copy[] }
  /** `full`: holders have no room for it; `unavailable`: too few answered; `busy`: too much at once. */
  | { readonly type: 'refused'; readonly reason: Refusal };

export type Refusal = 'full' | 'unavailable' | 'busy';

/** In the order of their numbers on the wire. */
const REFUSALS: readonly Refusal[] = ['full', 'unavailable', 'busy'];

/** "I am told of changes of this key": who, and for how long yet. */
export interface Lease {
  readonly subscriber: PeerId;
  readonly leftMs: Millis;
}

/** A record's place among those of its key, without the record. */
export interface Digest {
  readonly key: Key;
  readonly author: PeerId;
  readonly version: number;
  readonly endsAt: Millis;
}

/** Everything that nodes of the dht say to each other, over other peers. */
export type Message =
  /**
   * To whoever is nearest to the key, which does it or hands it to whoever is nearer by XOR. `trail`: ids that it passed before
   * it was handed on, whoever asks first; else empty.
   */
  | { readonly type: 'request'; readonly id: RequestId; readonly trail: readonly PeerId[]; readonly op: Op }
  /** `hops`: links that the request crossed. */
  | { readonly type: 'answer'; readonly id: RequestId; readonly hops: number; readonly result: Result }
  /** To a holder: what do you have? */
  | { readonly type: 'fetch'; readonly id: RequestId; readonly key: Key; readonly after: PeerId | null }
  | { readonly type: 'copies'; readonly id: RequestId; readonly copies: readonly Copy[]; readonly more: boolean }
  /** To a holder: keep these; `holders` have them, or are asked to, too. */
  | {
      readonly type: 'store';
      readonly id: RequestId;
      readonly key: Key;
      readonly copies: readonly Copy[];
      readonly holders: readonly PeerId[];
    }
  /** `kept`: it has them, or what is newer: then that comes with it. */
  | { readonly type: 'kept'; readonly id: RequestId; readonly kept: boolean; readonly newer: readonly Copy[] }
  /** Who stands next to you on the ring? */
  | { readonly type: 'range'; readonly id: RequestId }
  /** Nearest first; `whole`: that is everybody. */
  | {
      readonly type: 'members';
      readonly id: RequestId;
      readonly before: readonly PeerId[];
      readonly after: readonly PeerId[];
      readonly whole: boolean;
    }
  /** To a peer that should hold these records. */
  | { readonly type: 'offer'; readonly id: RequestId; readonly digests: readonly Digest[] }
  /** By their place in the offer: those to be sent, and those of which a newer one is to be had here. */
  | {
      readonly type: 'wanted';
      readonly id: RequestId;
      readonly want: readonly number[];
      readonly newer: readonly number[];
    }
  /** To a holder: these are told of changes of the key; 0 ms: no more. */
  | { readonly type: 'lease'; readonly id: RequestId; readonly key: Key; readonly leases: readonly Lease[] }
  /** To a subscriber: this is new. */
  | { readonly type: 'notify'; readonly id: RequestId; readonly key: Key; readonly copy: Copy }
  /** To an author: a record of yours was taken, and yet this one, which was to replace an older one, counts. */
  | {
      readonly type: 'conflict';
      readonly id: RequestId;
      readonly key: Key;
      readonly version: number;
      readonly copy: Copy;
    }
  /** Answers `lease`, `notify` and `conflict`. */
  | { readonly type: 'done'; readonly id: RequestId };

/** Those that are answers to one of ours. */
export type Reply = Extract<Message, { readonly type: 'answer' | 'copies' | 'kept' | 'members' | 'wanted' | 'done' }>;

/** By number on the wire. */
const TYPES: readonly Message['type'][] = [
  'request',
  'answer',
  'fetch',
  'copies',
  'store',
  'kept',
  'range',
  'members',
  'offer',
  'wanted',
  'lease',
  'notify',
  'conflict',
  'done',
];
const OPS: readonly Op['type'][] = ['get', 'put', 'subscribe', 'unsubscribe'];
const RESULTS: readonly Result['type'][] = ['found', 'stored', 'newer', 'refused'];
const MAX_ID = Number.MAX_SAFE_INTEGER;
const MAX_TIME = Number.MAX_SAFE_INTEGER;
/** Copies in one message, at most: a page of the smallest ones. */
const MAX_COPIES = 256;
/** As many ids as a trail may have: the longest source route of routing. */
export const MAX_TRAIL = 40;
const MAX_HOPS = 1_023;
/** Ed25519's, once records are signed. */
const MAX_SIGNATURE_BYTES = 64;

/** An array for core's `encode`: the type's number, the id, and what the type has. */
export function encodeMessage(message: Message): FrameValue {
  const head = [TYPES.indexOf(message.type), message.id];
  switch (message.type) {
    case 'request':
      return [...head, message.trail.map(hexToBytes), opToWire(message.op)];
    case 'answer':
      return [...head, message.hops, resultToWire(message.result)];
    case 'fetch':
      return [...head, keyToWire(message.key), message.after === null ? null : hexToBytes(message.after)];
    case 'copies':
      return [...head, message.copies.map(copyToWire), message.more];
    case 'store':
      return [...head, keyToWire(message.key), message.copies.map(copyToWire), message.holders.map(hexToBytes)];
    case 'kept':
      return [...head, message.kept, message.newer.map(copyToWire)];
    case 'range':
    case 'done':
      return head;
    case 'members':
      return [...head, message.before.map(hexToBytes), message.after.map(hexToBytes), message.whole];
    case 'offer':
      return [
        ...head,
        message.digests.map(({ key, author, version, endsAt }) => [
          keyToWire(key),
          hexToBytes(author),
          version,
          endsAt,
        ]),
      ];
    case 'wanted':
      return [...head, [...message.want], [...message.newer]];
    case 'lease':
      return [
        ...head,
        keyToWire(message.key),
        message.leases.map(({ subscriber, leftMs }) => [hexToBytes(subscriber), whole(leftMs)]),
      ];
    case 'notify':
      return [...head, keyToWire(message.key), copyToWire(message.copy)];
    case 'conflict':
      return [...head, keyToWire(message.key), message.version, copyToWire(message.copy)];
  }
}

/**
 * Reads what {@link encodeMessage} wrote. Checks shapes and limits.
 * @throws {DecodeError} on anything else, and nothing else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'dht', 2);
  const type = TYPES[fields.integer(0, TYPES.length - 1)] as Message['type'];
  const id = fields.integer(0, MAX_ID);
  switch (type) {
    case 'request':
      return { type, id, trail: readIds(fields, MAX_TRAIL), op: readOp(fields.inner()) };
    case 'answer':
      return { type, id, hops: fields.integer(0, MAX_HOPS), result: readResult(fields.inner()) };
    case 'fetch':
      return { type, id, key: readKey(fields.inner()), after: readOptionalId(fields) };
    case 'copies':
      return { type, id, copies: readCopies(fields), more: fields.boolean() };
    case 'store':
      return {
        type,
        id,
        key: readKey(fields.inner()),
        copies: readCopies(fields),
        holders: readIds(fields, MAX_REPLICAS),
      };
    case 'kept':
      return { type, id, kept: fields.boolean(), newer: readCopies(fields) };
    case 'range':
    case 'done':
      return { type, id };
    case 'members':
      return { type, id, before: readIds(fields, MAX_SIDE), after: readIds(fields, MAX_SIDE), whole: fields.boolean() };
    case 'offer':
      return { type, id, digests: fields.list(MAX_OFFERED, (list) => readDigest(list.inner())) };
    case 'wanted':
      return { type, id, want: readPlaces(fields), newer: readPlaces(fields) };
    case 'lease':
      return { type, id, key: readKey(fields.inner()), leases: fields.list(MAX_LEASES, (l) => readLease(l.inner())) };
    case 'notify':
      return { type, id, key: readKey(fields.inner()), copy: readCopy(fields.inner()) };
    case 'conflict':
      return {
        type,
        id,
        key: readKey(fields.inner()),
        version: fields.integer(1, MAX_TIME),
        copy: readCopy(fields.inner()),
      };
  }
}

/** A copy as an array for core's `encode`; storage keeps it so, too. */
export function copyToWire({ record, leftMs }: Copy): FrameValue {
  const { author, version, issuedAt, ttlMs, base, replicas, form, value, signature } = record;
  const head = [hexToBytes(author), version, issuedAt, ttlMs, base, replicas, FORMS.indexOf(form)];
  return [whole(leftMs), ...head, value, signature];
}

/** @throws {DecodeError} on what {@link copyToWire} has not written */
export function readCopy(fields: Fields): Copy {
  const leftMs = fields.integer(0, MAX_TTL_MS);
  const record: DhtRecord = {
    author: fields.peerId(),
    version: fields.integer(1, MAX_TIME),
    issuedAt: fields.integer(0, MAX_TIME),
    ttlMs: fields.integer(1, MAX_TTL_MS),
    base: fields.optional(() => fields.integer(0, MAX_TIME)) ?? null,
    replicas: fields.integer(1, MAX_REPLICAS),
    form: FORMS[fields.integer(0, FORMS.length - 1)] as Form,
    value: fields.bytes(MAX_RECORD_BYTES),
    signature: fields.bytes(MAX_SIGNATURE_BYTES),
  };
  if (record.form === 'deleted' && record.value.length > 0) throw unexpected('a tombstone with a value');
  if (leftMs > record.ttlMs) throw unexpected('a record that has more left than it had');
  return { record, leftMs };
}

/** A key as an array for core's `encode`. */
export function keyToWire({ space, name }: Key): FrameValue {
  return [SPACES.indexOf(space), name];
}

/** @throws {DecodeError} on what {@link keyToWire} has not written */
export function readKey(fields: Fields): Key {
  const space = SPACES[fields.integer(0, SPACES.length - 1)] as Space;
  const name = fields.string(MAX_KEY_BYTES);
  if (name === '' || (name.length * 3 > MAX_KEY_BYTES && utf8Encode(name).length > MAX_KEY_BYTES)) {
    throw unexpected(`a key of 1 to ${MAX_KEY_BYTES} bytes`);
  }
  return { space, name };
}

/** Milliseconds as the wire has them. */
function whole(ms: Millis): number {
  return Math.max(0, Math.round(ms));
}

function unexpected(detail: string): DecodeError {
  return new DecodeError('UNEXPECTED', `dht: ${detail}`);
}

function opToWire(op: Op): FrameValue {
  const head = [OPS.indexOf(op.type), keyToWire(op.key)];
  switch (op.type) {
    case 'get':
      return [...head, op.quorum, op.after === null ? null : hexToBytes(op.after)];
    case 'put':
      return [...head, copyToWire(op.copy)];
    case 'subscribe':
      return [...head, op.quorum, whole(op.leaseMs)];
    case 'unsubscribe':
      return head;
  }
}

function readOp(fields: Fields): Op {
  const type = OPS[fields.integer(0, OPS.length - 1)] as Op['type'];
  const key = readKey(fields.inner());
  switch (type) {
    case 'get':
      return { type, key, quorum: fields.integer(1, MAX_REPLICAS), after: readOptionalId(fields) };
    case 'put':
      return { type, key, copy: readCopy(fields.inner()) };
    case 'subscribe':
      return { type, key, quorum: fields.integer(1, MAX_REPLICAS), leaseMs: fields.integer(1, MAX_TTL_MS) };
    case 'unsubscribe':
      return { type, key };
  }
}

function resultToWire(result: Result): FrameValue {
  const tag = RESULTS.indexOf(result.type);
  switch (result.type) {
    case 'found':
      return [tag, result.copies.map(copyToWire), result.more, result.answered];
    case 'stored':
      return [tag, result.copies];
    case 'newer':
      return [tag, result.conflict, result.copies.map(copyToWire)];
    case 'refused':
      return [tag, REFUSALS.indexOf(result.reason)];
  }
}

function readResult(fields: Fields): Result {
  const type = RESULTS[fields.integer(0, RESULTS.length - 1)] as Result['type'];
  switch (type) {
    case 'found':
      return {
        type,
        copies: readCopies(fields),
        more: fields.boolean(),
        answered: fields.integer(0, MAX_REPLICAS),
      };
    case 'stored':
      return { type, copies: fields.integer(0, MAX_REPLICAS) };
    case 'newer':
      return { type, conflict: fields.boolean(), copies: readCopies(fields) };
    case 'refused':
      return { type, reason: REFUSALS[fields.integer(0, REFUSALS.length - 1)] as Refusal };
  }
}

function readIds(fields: Fields, most: number): PeerId[] {
  return fields.list(most, (ids) => ids.peerId());
}

function readOptionalId(fields: Fields): PeerId | null {
  return fields.optional(() => fields.peerId()) ?? null;
}

function readCopies(fields: Fields): Copy[] {
  return fields.list(MAX_COPIES, (copies) => readCopy(copies.inner()));
}

function readPlaces(fields: Fields): number[] {
  return fields.list(MAX_OFFERED, (places) => places.integer(0, MAX_OFFERED - 1));
}

function readDigest(fields: Fields): Digest {
  return {
    key: readKey(fields.inner()),
    author: fields.peerId(),
    version: fields.integer(1, MAX_TIME),
    endsAt: fields.integer(0, MAX_TIME),
  };
}

function readLease(fields: Fields): Lease {
  return { subscriber: fields.peerId(), leftMs: fields.integer(0, MAX_TTL_MS) };
}
