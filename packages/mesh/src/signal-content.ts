import { DecodeError, Fields, decode, encode } from '@peerpigeon/core';
import type { JsonSignal, SignalType } from '@peerpigeon/link';

/**
 * Largest content of an envelope of kind `signal`, in bytes: with the longest path the frame still fits the 64 KiB that
 * links carry. A description of data channels has some 2 KB; a larger one goes over the server.
 */
export const MAX_SIGNAL_BYTES = 32_768;

const TYPES: readonly SignalType[] = ['offer', 'answer', 'ice-candidate', 'signal'];

/** A signal as it crosses the mesh: `[type, data]`, the envelope's `type` and the JSON text of its `data` as at the server. */
export function encodeSignal({ type, data }: JsonSignal): Uint8Array {
  return encode([TYPES.indexOf(type), JSON.stringify(data)]);
}

/**
 * Reads what {@link encodeSignal} wrote. `data` is JSON from a stranger.
 * @throws {DecodeError}
 */
export function decodeSignal(content: Uint8Array): { readonly type: SignalType; readonly data: unknown } {
  const fields = new Fields(decode(content, { maxBytes: MAX_SIGNAL_BYTES }), 'signal', 2);
  const type = TYPES[fields.integer(0, TYPES.length - 1)] as SignalType;
  const text = fields.string(MAX_SIGNAL_BYTES);
  try {
    return { type, data: JSON.parse(text) };
  } catch {
    throw new DecodeError('MALFORMED', 'signal: its data is no JSON');
  }
}
