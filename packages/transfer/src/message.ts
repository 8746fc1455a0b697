import { DecodeError, Fields, bytesToHex, hexToBytes } from '@peerpigeon/core';
import type { FrameValue, Millis } from '@peerpigeon/core';
import { MAX_BLOCK_BYTES, MAX_CHUNK_BYTES, MAX_NAME_LENGTH, MAX_TEXT_LENGTH } from './config.js';

/** A transfer's name: 32 hexadecimal digits, drawn by its sender. */
export type TransferId = string;

/** What is sent: a file of any size, a stream without an end in sight, or a message that is taken without being asked for. */
export type Kind = 'file' | 'stream' | 'message';

/** Why a transfer ended before its time. */
export type Reason =
  /** The receiver's application, or its limits, do not want it. */
  | 'rejected'
  /** Too many, or too much, under way. */
  | 'busy'
  /** A message over what the receiver takes. */
  | 'too-large'
  /** One of the applications has given it up. */
  | 'cancelled'
  /** The source could not be read, or is not as long as was said. */
  | 'source'
  /** The sink could not be written. */
  | 'sink'
  /** Blocks arrived that are not what their sender announced. */
  | 'corrupt'
  /** Nothing was heard of the other side for long. */
  | 'lost'
  /** Nobody has answered the offer in time. */
  | 'unanswered'
  /** One side has left the mesh. */
  | 'left'
  /** The other side knows nothing of this transfer. */
  | 'unknown';

/** What a sender says of what it sends. */
export interface Description {
  readonly kind: Kind;
  /** A file's name, a stream's, or a message's channel. */
  readonly name: string;
  /** A media type, or empty. */
  readonly mime: string;
  /** In bytes; null where the sender does not know it beforehand. */
  readonly size: number | null;
  /** The sender's wall clock, ms since 1970. */
  readonly timestamp: Millis;
}

/** "Would you take this?" Said again it asks where the receiver stands. */
export interface Offer extends Description {
  readonly type: 'offer';
  readonly id: TransferId;
}

/** Where a receiver stands; all of it cumulative. */
export interface Ack {
  readonly type: 'ack';
  readonly id: TransferId;
  /** False while its application has not decided. */
  readonly accepted: boolean;
  /** Bytes received without a gap. */
  readonly received: number;
  /** Bytes that were found to be what was announced. */
  readonly verified: number;
  /** Bytes up to here may be sent. */
  readonly credit: number;
  /** How often it has thrown away what it had received: with a higher number `received` may be lower. */
  readonly rewinds: number;
}

/** Bytes of one block. */
export interface Chunk {
  readonly type: 'chunk';
  readonly id: TransferId;
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The block that begins here, and its SHA-256; absent within a block. */
  readonly block?: { readonly length: number; readonly hash: Uint8Array };
}

/** That was all. */
export interface End {
  readonly type: 'end';
  readonly id: TransferId;
  readonly size: number;
  /** The Merkle root over all blocks. */
  readonly root: Uint8Array;
}

/** The receiver's application has all of it, and it is what the sender sent. */
export interface Done {
  readonly type: 'done';
  readonly id: TransferId;
}

/** It ends here. `side` says what the speaker is in this transfer. */
export interface Cancel {
  readonly type: 'cancel';
  readonly id: TransferId;
  readonly side: 'sender' | 'receiver';
  readonly reason: Reason;
  readonly text: string;
}

/** Everything that two ends of a transfer say. */
export type Message = Offer | Ack | Chunk | End | Done | Cancel;

const TAGS: readonly Message['type'][] = ['offer', 'ack', 'chunk', 'end', 'done', 'cancel'];
const KINDS: readonly Kind[] = ['file', 'stream', 'message'];
const REASONS: readonly Reason[] = [
  'rejected',
  'busy',
  'too-large',
  'cancelled',
  'source',
  'sink',
  'corrupt',
  'lost',
  'unanswered',
  'left',
  'unknown',
];
const ID_BYTES = 16;
const HASH_BYTES = 32;
const MAX = Number.MAX_SAFE_INTEGER;

/** An array for core's `encode`: the tag, the id, and the fields in the order of their interface. */
export function encodeMessage(message: Message): FrameValue {
  const head = [TAGS.indexOf(message.type), hexToBytes(message.id)];
  switch (message.type) {
    case 'offer':
      return [...head, KINDS.indexOf(message.kind), message.name, message.mime, message.size, message.timestamp];
    case 'ack':
      return [...head, message.accepted, message.received, message.verified, message.credit, message.rewinds];
    case 'chunk': {
      const { offset, bytes, block } = message;
      return block === undefined ? [...head, offset, bytes] : [...head, offset, bytes, block.length, block.hash];
    }
    case 'end':
      return [...head, message.size, message.root];
    case 'done':
      return head;
    case 'cancel':
      return [...head, message.side === 'sender', REASONS.indexOf(message.reason), message.text];
  }
}

/**
 * Reads what core's `decode` made of a frame. Checks shapes and limits; the machine checks what they say.
 * @throws {DecodeError} when it is no message of a transfer; nothing else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'transfer', 2);
  const type = TAGS[fields.integer(0, TAGS.length - 1)] as Message['type'];
  const id = bytesToHex(fields.bytes(ID_BYTES, ID_BYTES));
  const count = (least = 0): number => fields.integer(least, MAX);
  switch (type) {
    case 'offer': {
      const kind = KINDS[fields.integer(0, KINDS.length - 1)] as Kind;
      const name = fields.string(MAX_NAME_LENGTH);
      const mime = fields.string(MAX_NAME_LENGTH);
      return { type, id, kind, name, mime, size: fields.optional(count) ?? null, timestamp: fields.number() };
    }
    case 'ack': {
      const accepted = fields.boolean();
      const ack = { type, id, accepted, received: count(), verified: count(), credit: count(), rewinds: count() };
      if (ack.verified > ack.received || ack.received > ack.credit) {
        throw new DecodeError('UNEXPECTED', `verified ${ack.verified}, received ${ack.received}, credit ${ack.credit}`);
      }
      return ack;
    }
    case 'chunk': {
      const chunk = { type, id, offset: count(), bytes: fields.bytes(MAX_CHUNK_BYTES, 1) };
      const length = fields.optional(() => fields.integer(chunk.bytes.length, MAX_BLOCK_BYTES));
      if (length === undefined) return chunk;
      return { ...chunk, block: { length, hash: fields.bytes(HASH_BYTES, HASH_BYTES) } };
    }
    case 'end':
      return { type, id, size: count(), root: fields.bytes(HASH_BYTES, HASH_BYTES) };
    case 'done':
      return { type, id };
    case 'cancel': {
      const side = fields.boolean() ? 'sender' : 'receiver';
      const reason = REASONS[fields.integer(0, REASONS.length - 1)] as Reason;
      return { type, id, side, reason, text: fields.string(MAX_TEXT_LENGTH) };
    }
  }
}
