import { DecodeError, Fields, readRelayed, relayedToWire } from '@peerpigeon/core';
import type { FrameValue, Relayed } from '@peerpigeon/core';

/**
 * A broadcast on a link: what its author signed, and the hop part that every forwarder renews. Of the TTL the author sends
 * T, each forwarder one less; 0 is dropped (S27).
 */
export interface Payload extends Relayed {
  readonly type: 'payload';
  /** The author's application chose the TTL, so that copies with more of it are passed on again. */
  readonly pinned: boolean;
}

/** Everything that gossip says on a link. */
export type Message = Payload;

/** The tag of a payload; the protocols of later versions have others. */
const PAYLOAD = 0;

/** `[0, [signed bytes, signature], ttl, hops, [20-byte ids…], pinned]`, for core's `encode`. */
export function encodeMessage(message: Message): FrameValue {
  return [PAYLOAD, ...relayedToWire(message), message.pinned];
}

/**
 * Reads what core's `decode` made of a frame. Checks shapes and limits; {@link Gossip} checks what they say.
 * @throws {DecodeError} when it is no message of gossip; nothing else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'gossip', 1);
  const tag = fields.integer(0, 255);
  if (tag !== PAYLOAD) throw new DecodeError('UNEXPECTED', `gossip message ${tag}, expected ${PAYLOAD}`);
  return { type: 'payload', ...readRelayed(fields, 0), pinned: fields.boolean() };
}
