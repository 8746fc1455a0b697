import { DecodeError, Fields, MAX_NAME_LENGTH, isWellFormed } from '@peerpigeon/core';
import type { FrameValue } from '@peerpigeon/core';
import { recordFromWire, recordToWire } from '@peerpigeon/identity';
import type { PeerRecord } from '@peerpigeon/identity';
import { MAX_REASON_LENGTH, MAX_VERSIONS } from './config.js';

/** The first message on an open link, from both ends. */
export interface Hello {
  readonly type: 'hello';
  /** Protocol versions the sender speaks; the highest common one counts. */
  readonly versions: readonly number[];
  readonly network: string;
  /** Largest frame the sender takes; the smaller of both ends' counts. */
  readonly maxFrameBytes: number;
  readonly record: PeerRecord;
}

/** What the two ends of an open link say to each other about the link itself. Always on the control lane. */
export type Message =
  | Hello
  /** Asks for a `pong` with the same `nonce`. */
  | { readonly type: 'ping'; readonly nonce: number }
  | { readonly type: 'pong'; readonly nonce: number }
  /** The sender closes the link, orderly; `reason` is shown in `peerDisconnected`. */
  | { readonly type: 'goodbye'; readonly reason: string };

const HELLO = 0;
const PING = 1;
const PONG = 2;
const GOODBYE = 3;
const MAX_UINT32 = 0xffff_ffff;

/** The message as an array for the binary codec; its first element is the tag. */
export function encodeMessage(message: Message): FrameValue {
  switch (message.type) {
    case 'hello':
      return [HELLO, message.versions, message.network, message.maxFrameBytes, recordToWire(message.record)];
    case 'ping':
      return [PING, message.nonce];
    case 'pong':
      return [PONG, message.nonce];
    case 'goodbye':
      return [GOODBYE, message.reason];
  }
}

/**
 * Reads what {@link encodeMessage} wrote.
 * @throws {DecodeError} on an unknown tag or wrong fields
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'link message', 2);
  const tag = fields.integer(0, MAX_UINT32);
  switch (tag) {
    case HELLO:
      return {
        type: 'hello',
        versions: fields.list(MAX_VERSIONS, (inner) => inner.integer(0, MAX_UINT32)),
        network: fields.string(MAX_NAME_LENGTH),
        maxFrameBytes: fields.integer(0, MAX_UINT32),
        record: recordFromWire(fields.any()),
      };
    case PING:
      return { type: 'ping', nonce: fields.integer(0, MAX_UINT32) };
    case PONG:
      return { type: 'pong', nonce: fields.integer(0, MAX_UINT32) };
    case GOODBYE:
      return { type: 'goodbye', reason: fields.string(MAX_REASON_LENGTH) };
    default:
      throw new DecodeError('UNEXPECTED', `link message: unknown tag ${tag}`);
  }
}

/** A reason as it can be sent: cut to the limit, and without what UTF-8 has no form for. */
export function sendableReason(reason: string): string {
  const cut = reason.slice(0, MAX_REASON_LENGTH);
  return isWellFormed(cut) ? cut : cut.replace(/[\ud800-\udfff]/g, '');
}
