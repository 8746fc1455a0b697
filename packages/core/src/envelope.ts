import { hash as sha256 } from '@stablelib/sha256';
import { bytesToHex, hexToBytes } from './bytes.js';
import { decode, encode } from './codec.js';
import { DecodeError } from './errors.js';
import type { Millis, PeerId } from './machine.js';
import { Fields } from './fields.js';

/** A message id: 32 hexadecimal digits, the first 16 bytes of SHA-256 of the signed part (S28). */
export type MessageId = string;

/** How a message travels: to everyone; to one peer, for its application; to one peer, for the link with it. */
export type EnvelopeKind = 'broadcast' | 'direct' | 'signal';

/** What the author says of a message; the part that its signature covers and that no relay can change. */
export interface EnvelopeFields {
  readonly kind: EnvelopeKind;
  /** The mesh it belongs to; messages never cross from one network to another. */
  readonly network: string;
  /** The application's channel: `chat` for `sendMessage` and `sendDirectMessage`. */
  readonly channel: string;
  readonly from: PeerId;
  /** One number per start of the author (its wall clock in ms), so that sequence numbers can begin again. */
  readonly epoch: number;
  /** Counts the author's messages of one kind within an epoch, from 1. */
  readonly seq: number;
  /** The author's wall clock, ms since 1970. */
  readonly timestamp: Millis;
  /** The receiver, unless it is a broadcast. */
  readonly to?: PeerId;
  /** The content as its author encoded it once; only a receiver's façade decodes it. */
  readonly content: Uint8Array;
}

/** A message as it is held and passed on: its fields, their bytes, and the id that follows from the bytes. */
export interface Envelope extends EnvelopeFields {
  readonly id: MessageId;
  /** The signed part as the author encoded it. Relays forward these very bytes. */
  readonly bytes: Uint8Array;
  /** The author's Ed25519 signature of `bytes`; empty until a message is signed. */
  readonly signature: Uint8Array;
}

/** The version of the signed part. */
export const ENVELOPE_VERSION = 1;

const KINDS: readonly EnvelopeKind[] = ['broadcast', 'direct', 'signal'];
const NO_SIGNATURE = new Uint8Array(0);
const ID_BYTES = 16;
/** Longest network or channel name, in UTF-16 code units. */
export const MAX_NAME_LENGTH = 128;

/** Encodes the fields, once, at their author, and derives the id. */
export function sealEnvelope(fields: EnvelopeFields): Envelope {
  const bytes = encode([
    ENVELOPE_VERSION,
    KINDS.indexOf(fields.kind),
    fields.network,
    fields.channel,
    hexToBytes(fields.from),
    fields.epoch,
    fields.seq,
    fields.timestamp,
    fields.to === undefined ? null : hexToBytes(fields.to),
    fields.content,
  ]);
  return { ...fields, id: messageId(bytes), bytes, signature: NO_SIGNATURE };
}

/**
 * Reads the signed part as it came from a link.
 * @throws {DecodeError} when it is not one
 */
export function openEnvelope(bytes: Uint8Array, signature: Uint8Array): Envelope {
  const fields = new Fields(decode(bytes), 'envelope', 10);
  const version = fields.integer(0, 255);
  if (version !== ENVELOPE_VERSION) throw new DecodeError('VERSION', `envelope version ${version}, expected 1`);
  const kind = KINDS[fields.integer(0, KINDS.length - 1)] as EnvelopeKind;
  const network = fields.string(MAX_NAME_LENGTH);
  const channel = fields.string(MAX_NAME_LENGTH);
  const from = fields.peerId();
  const epoch = fields.integer(0, Number.MAX_SAFE_INTEGER);
  const seq = fields.integer(1, Number.MAX_SAFE_INTEGER);
  const timestamp = fields.number();
  const to = fields.optional(() => fields.peerId());
  const content = fields.bytes(bytes.length);
  if ((to === undefined) !== (kind === 'broadcast')) {
    throw new DecodeError('UNEXPECTED', `a ${kind} envelope ${to === undefined ? 'without' : 'with'} a receiver`);
  }
  return { kind, network, channel, from, epoch, seq, timestamp, to, content, id: messageId(bytes), bytes, signature };
}

function messageId(bytes: Uint8Array): MessageId {
  return bytesToHex(sha256(bytes).subarray(0, ID_BYTES));
}
