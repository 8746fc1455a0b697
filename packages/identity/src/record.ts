import { Fields, Properties, bytesToHex, hexToBytes } from '@peerpigeon/core';
import type { FrameValue, Millis, PeerId } from '@peerpigeon/core';
import { PUBLIC_KEY_BYTES, peerIdFromPublicKey } from './id.js';

/** What a peer can do; others plan with it. */
export interface PeerCaps {
  /** How many mesh links it keeps at most (`setMaxPeers`). */
  readonly maxPeers: number;
  /** The optional protocols that it holds, as the sum of 2^(tag − 5) over their channel tags; absent: none. */
  readonly protocols?: number;
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
/** All channel tags that optional protocols may have, 5 to 31. */
const ALL_PROTOCOLS = 2 ** 27 - 1;

/**
 * Whether the record's id follows from the key it carries. Not yet a proof that the sender holds that key: that is the
 * signature's part. False for custom ids, which have no key.
 */
export function provesId(record: PeerRecord): boolean {
  const key = record.publicKey;
  return key !== undefined && key.length === PUBLIC_KEY_BYTES && peerIdFromPublicKey(key) === record.id;
}

/** The record as an array for the binary codec: `[id, publicKey, epoch, [maxPeers, protocols?], prekey, expires, signature]`. */
export function recordToWire(record: PeerRecord): FrameValue {
  return [
    hexToBytes(record.id),
    record.publicKey ?? null,
    record.epoch,
    record.caps.protocols === undefined ? [record.caps.maxPeers] : [record.caps.maxPeers, record.caps.protocols],
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
  return read(new Fields(value, 'record', 7));
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
  const { id, publicKey, epoch, caps, prekey, expires, signature } = record;
  return withoutAbsent({
    id,
    publicKey: publicKey && bytesToHex(publicKey),
    epoch,
    caps: withoutAbsent({ maxPeers: caps.maxPeers, protocols: caps.protocols }),
    prekey: prekey && bytesToHex(prekey),
    expires,
    signature: signature && bytesToHex(signature),
  });
}

/**
 * Reads what {@link recordToJson} wrote. Unknown properties are ignored.
 * @throws {DecodeError} on wrong properties
 */
export function recordFromJson(value: unknown): PeerRecord {
  return read(new Properties(value, 'record'));
}

/** In both forms the fields have the same order, which is that of the wire. */
function read(values: Fields | Properties): PeerRecord {
  const key = (name: string, bytes: number): Uint8Array | undefined =>
    // A copy: what is read may be a view, which would keep the whole frame as long as the record.
    values.at(name).optional(() => values.bytes(bytes, bytes).slice());
  return withoutAbsent({
    id: values.at('id').peerId(),
    publicKey: key('publicKey', PUBLIC_KEY_BYTES),
    epoch: values.at('epoch').integer(0, Number.MAX_SAFE_INTEGER),
    caps: readCaps(values.at('caps').inner()),
    prekey: key('prekey', PREKEY_BYTES),
    expires: values.at('expires').number(),
    signature: key('signature', SIGNATURE_BYTES),
  });
}

function readCaps(
  values: Pick<Fields | Properties, 'integer' | 'optional'> & { at(name: string): typeof values },
): PeerCaps {
  const maxPeers = values.at('maxPeers').integer(1, MAX_CLAIMED_PEERS);
  const protocols = values.at('protocols').optional(() => values.integer(0, ALL_PROTOCOLS));
  return withoutAbsent({ maxPeers, protocols });
}

/** Drops the undefined properties, so that a record that went over the wire equals the one that was sent. */
function withoutAbsent<T extends object>(record: T): T {
  for (const key of Object.keys(record) as (keyof T)[]) if (record[key] === undefined) delete record[key];
  return record;
}
