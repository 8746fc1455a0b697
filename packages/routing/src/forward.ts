import type { Envelope, PeerId } from '@peerpigeon/core';
import type { Data, Parcel } from './message.js';
import type { Hop } from './neighbourhood.js';
import type { Output } from './output.js';

/** The message with its hop part renewed for one more link. Its author gives it with an empty path and one TTL too much. */
export function sendOn(message: Data | Parcel, { next, route, goal, mode }: Hop, self: PeerId): Output {
  const passed = { ttl: message.ttl - 1, path: [...message.path, self], route, goal, mode };
  if (message.type === 'parcel') return { type: 'send', to: next, message: { ...message, ...passed } };
  return { type: 'send', to: next, message: { ...message, ...passed, hops: message.hops + 1 } };
}

/** An id on the wire, and what is around a message: tags, lengths, TTL, a signature, with some to spare. */
const ID_BYTES = 21;
const OVERHEAD_BYTES = 128;

/** How large a message is at most in a frame, with so many ids in its hop part. */
export function frameBytes(envelope: Envelope, ids: number): number {
  return envelope.bytes.length + ids * ID_BYTES + OVERHEAD_BYTES;
}
