import { DecodeError, Fields, hexToBytes, openEnvelope } from '@peerpigeon/core';
import type { Envelope, FrameValue, PeerId } from '@peerpigeon/core';
import { MAX_ENVELOPE_BYTES, MAX_SIGNATURE_BYTES, MAX_TTL_HOPS } from './config.js';

/** A broadcast on a link: what its author signed, and the hop part that every forwarder renews. */
export interface Payload {
  readonly type: 'payload';
  /** What the author said; forwarded byte for byte. */
  readonly envelope: Envelope;
  /** Links it may cross, this one included: the author sends T, each forwarder one less; 0 is dropped (S27). */
  readonly ttl: number;
  /** Links crossed on arrival, this one included: 1 from the author. */
  readonly hops: number;
  /** Ids passed, the author first, the receiver excluded; as many as `hops`. */
  readonly path: readonly PeerId[];
  /** The author's application chose the TTL, so that copies with more of it are passed on again. */
  readonly pinned: boolean;
}

/** Everything that gossip says on a link. */
export type Message = Payload;

/** The tag of a payload; the protocols of later versions have others. */
const PAYLOAD = 0;

/** `[0, [signed bytes, signature], ttl, hops, [20-byte ids…], pinned]`, for core's `encode`. */
export function encodeMessage(message: Message): FrameValue {
  const { envelope, ttl, hops, path, pinned } = message;
  return [PAYLOAD, [envelope.bytes, envelope.signature], ttl, hops, path.map(hexToBytes), pinned];
}

/**
 * Reads what core's `decode` made of a frame. Checks shapes and limits; {@link Gossip} checks what they say.
 * @throws {DecodeError} when it is no message of gossip; nothing else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'gossip', 1);
  const tag = fields.integer(0, 255);
  if (tag !== PAYLOAD) throw new DecodeError('UNEXPECTED', `gossip message ${tag}, expected ${PAYLOAD}`);
  const sealed = new Fields(fields.any(), 'gossip envelope', 2);
  const ttl = fields.integer(0, MAX_TTL_HOPS);
  const hops = fields.integer(1, MAX_TTL_HOPS);
  const path = fields.list(MAX_TTL_HOPS, (ids) => ids.peerId());
  const pinned = fields.boolean();
  // The envelope last: hashing it costs more than the rest.
  const envelope = openEnvelope(sealed.bytes(MAX_ENVELOPE_BYTES), sealed.bytes(MAX_SIGNATURE_BYTES));
  return { type: 'payload', envelope, ttl, hops, path, pinned };
}
