import { DecodeError, Fields, Properties, bytesToHex, hexToBytes } from '@peerpigeon/core';
import type { FrameValue, Millis, PeerId } from '@peerpigeon/core';
import { PUBLIC_KEY_BYTES, peerIdFromPublicKey } from './id.js';

/** What a peer can do; others plan with it. */
export interface PeerCaps {
  /** How many mesh links it keeps at most (`setMaxPeers`). */
  readonly maxPeers: number;
}

/** How peers learn of a peer: in discovery, join replies, hints, leaf sets and shuffles. */
export interface PeerRecord {
  readonly id: PeerId;
  /** The raw Ed25519 public key (32 bytes) the id derives from; absent for custom ids. */
  readonly publicKey?: Uint8Array;
  /** The wall clock (ms) at which this run of the peer started; the newer record of two wins. */
  readonly epoch: number;
  readonly caps: PeerCaps;
  /** The X25519 key to which messages for the peer are sealed; absent until messages are sealed. */
  readonly prekey?: Uint8Array;
  /** Wall clock (ms) after which the record is worth nothing. */
  readonly expires: Millis;
  /** Ed25519 signature over the fields before it; absent until records are signed. */
  readonly signature?: Uint8Array;
}

/** Bytes of an X25519 public key (RFC 7748 §5). */
export const PREKEY_BYTES = 32;
/** Bytes of an Ed25519 signature (RFC 8032 §5.1.6). */
export const SIGNATURE_BYTES = 64;
/** Most links a record may claim. Ours: `setMaxPeers` ends at 50; the rest is room for relays. */
export const MAX_CLAIMED_PEERS = 1000;

/**
 * Whether the record's id follows from the key it carries. Not yet a proof that the sender holds that key: that is the
 * signature's part. False for custom ids, which have no key.
 */
export function provesId(record: PeerRecord): boolean {
  const key = record.publicKey;
  return key !== undefined && key.length === PUBLIC_KEY_BYTES && peerIdFromPublicKey(key) === record.id;
}

/** The record as an array for the binary codec: `[id, publicKey, epoch, [maxPeers], prekey, expires, signature]`. */
export function recordToWire(record: PeerRecord): FrameValue {
  return [
    hexToBytes(record.id),
    record.publicKey ?? null,
    record.epoch,
    [record.caps.maxPeers],
    record.prekey ?? null,
    record.expires,
    record.signature ?? null,
  ];
}

/**
 * Reads what {@link recordToWire} wrote. Keys and signatures are checked for length alone: see {@link provesId}.
 * @throws {DecodeError} on wrong fields
 */
export function recordFromWire(value: unknown): PeerRecord {
  const fields = new Fields(value, 'record', 7);
  return withoutAbsent({
    id: fields.peerId(),
    publicKey: fields.optional(() => exactly(PUBLIC_KEY_BYTES, 'publicKey', fields.bytes(PUBLIC_KEY_BYTES))),
    epoch: fields.integer(0, Number.MAX_SAFE_INTEGER),
    caps: { maxPeers: new Fields(fields.any(), 'record.caps', 1).integer(1, MAX_CLAIMED_PEERS) },
    prekey: fields.optional(() => exactly(PREKEY_BYTES, 'prekey', fields.bytes(PREKEY_BYTES))),
    expires: fields.number(),
    signature: fields.optional(() => exactly(SIGNATURE_BYTES, 'signature', fields.bytes(SIGNATURE_BYTES))),
  });
}

/** A record as signaling carries it: bytes in lower-case hexadecimal digits, absent fields left out. */
export interface JsonRecord {
  readonly id: PeerId;
  readonly publicKey?: string;
  readonly epoch: number;
  readonly caps: PeerCaps;
  readonly prekey?: string;
  readonly expires: Millis;
  readonly signature?: string;
}

/** The record as a JSON-safe object. */
export function recordToJson(record: PeerRecord): JsonRecord {
  return withoutAbsent({
    id: record.id,
    publicKey: record.publicKey === undefined ? undefined : bytesToHex(record.publicKey),
    epoch: record.epoch,
    caps: { maxPeers: record.caps.maxPeers },
    prekey: record.prekey === undefined ? undefined : bytesToHex(record.prekey),
    expires: record.expires,
    signature: record.signature === undefined ? undefined : bytesToHex(record.signature),
  });
}

/**
 * Reads what {@link recordToJson} wrote. Unknown properties are ignored.
 * @throws {DecodeError} on wrong properties
 */
export function recordFromJson(value: unknown): PeerRecord {
  const object = new Properties(value, 'record');
  const key = (bytes: number) => (name: string) => exactly(bytes, name, object.hex(name, bytes));
  return withoutAbsent({
    id: object.peerId('id'),
    publicKey: object.optional('publicKey', key(PUBLIC_KEY_BYTES)),
    epoch: object.integer('epoch', 0, Number.MAX_SAFE_INTEGER),
    caps: { maxPeers: new Properties(object.any('caps'), 'record.caps').integer('maxPeers', 1, MAX_CLAIMED_PEERS) },
    prekey: object.optional('prekey', key(PREKEY_BYTES)),
    expires: object.number('expires'),
    signature: object.optional('signature', key(SIGNATURE_BYTES)),
  });
}

function exactly(length: number, name: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length !== length) {
    throw new DecodeError('UNEXPECTED', `record.${name}: expected ${length} bytes, got ${bytes.length}`);
  }
  return bytes;
}

/** Drops the undefined properties, so that a record that went over the wire equals the one that was sent. */
function withoutAbsent<T extends object>(record: T): T {
  for (const key of Object.keys(record) as (keyof T)[]) if (record[key] === undefined) delete record[key];
  return record;
}
