import { encodeContent, PeerPigeonError } from '@peerpigeon/core';
import { ArgumentTypeError } from './argument.js';

/** The channel of `sendMessage` and `sendDirectMessage`. */
export const CHAT = 'chat';

/**
 * Largest encoded content of one message, in bytes: with its envelope and path it fits into the 64 KiB that every current
 * transport carries in one piece.
 */
export const MAX_CONTENT_BYTES = 60 * 1024;

/**
 * Encodes what an application sends (S13).
 * @throws {ArgumentTypeError} for nothing at all, and for what is not plain data
 * @throws {PeerPigeonError} `MESSAGE_TOO_LARGE`, over `maxBytes`
 */
export function encodeMessage(content: unknown, maxBytes = MAX_CONTENT_BYTES): Uint8Array {
  if (content === undefined) throw new ArgumentTypeError('content: expected plain data, got nothing');
  try {
    return encodeContent(content, { maxBytes });
  } catch (error) {
    if (error instanceof TypeError) throw new ArgumentTypeError(error.message);
    if (!(error instanceof RangeError)) throw error;
    const got = lengthOf(content);
    const message = `content: expected at most ${maxBytes} bytes, got ${got ?? 'more than can be encoded'}`;
    throw new PeerPigeonError('MESSAGE_TOO_LARGE', message, { cause: error, details: { maxBytes, got } });
  }
}

/** How long content is that is too large; null beyond what is ever encoded. */
function lengthOf(content: unknown): number | null {
  try {
    return encodeContent(content).length;
  } catch {
    return null;
  }
}
