import { Fields, MAX_NAME_LENGTH, utf8Encode } from '@peerpigeon/core';
import type { FrameValue } from '@peerpigeon/core';

/**
 * An unordered, unreliable message between two linked peers: for games, where a late position is worth nothing. It is not
 * signed, numbered or acknowledged, and it is never relayed.
 */
export interface Datagram {
  readonly type: 'datagram';
  /** The application's channel. */
  readonly channel: string;
  readonly content: Uint8Array;
}

/** How often SCTP sends a datagram again at most (RFC 8831 §6.1 leaves it open). Each value has a data channel of its own. */
export const MAX_RETRANSMITS = 16;
/**
 * Longest datagram, its channel's name in UTF-8 and its content together. With what the frame adds it fits into one packet:
 * Chromium's SCTP packets have 1,188 bytes, 28 of them headers (dcsctp, RFC 9260 §3); a frame adds 14. Rounded down.
 */
export const MAX_DATAGRAM_BYTES = 1_140;

const TAG = 0;

/** Bytes of a datagram, as {@link MAX_DATAGRAM_BYTES} counts them. */
export function datagramBytes({ channel, content }: Pick<Datagram, 'channel' | 'content'>): number {
  return utf8Encode(channel).length + content.length;
}

/** `[0, channel, content]`. */
export function encodeDatagram({ channel, content }: Datagram): FrameValue {
  return [TAG, channel, content];
}

/** @throws {DecodeError} on wrong fields */
export function decodeDatagram(value: unknown): Datagram {
  const fields = new Fields(value, 'datagram', 3);
  fields.integer(TAG, TAG);
  return { type: 'datagram', channel: fields.string(MAX_NAME_LENGTH), content: fields.bytes(MAX_DATAGRAM_BYTES) };
}
