import type { Priority } from '@peerpigeon/link';
import { LIMITS } from './config.js';
import { datagramBytes } from './datagram.js';
import { contentBytesOfParcel } from './frame.js';
import type { Frame } from './frame.js';

/** What a message without content has about, in bytes: most have less, lists of neighbours more. A guess. */
const CONTROL_BYTES = 256;
/** What a frame adds to an envelope, and each id of its path and route. */
const HEADER_BYTES = 64;
const ID_BYTES = 22;

/** About how long a frame is. Nothing is encoded for it: the transport tells in the end how much there was. */
export function sizeOf(frame: Frame): number {
  if (frame.channel === 'protocol') return CONTROL_BYTES + (frame.contentBytes ?? 0);
  const { message } = frame;
  if (frame.channel === 'datagram') return HEADER_BYTES + datagramBytes(frame.message);
  if (!('envelope' in message)) return CONTROL_BYTES + parcelBytes(message);
  const ids = message.path.length + ('route' in message ? message.route.length : 0);
  return HEADER_BYTES + message.envelope.bytes.length + ID_BYTES * ids;
}

/** How urgent a frame is: what carries no content keeps the mesh going. */
export function priorityOf(frame: Frame): Priority {
  if (frame.channel === 'datagram') return 'small';
  if (frame.channel === 'protocol') return (frame.contentBytes ?? 0) > 0 ? 'bulk' : 'control';
  if (!('envelope' in frame.message)) return parcelBytes(frame.message) > LIMITS.smallBytes ? 'bulk' : 'control';
  return frame.message.envelope.bytes.length > LIMITS.smallBytes ? 'bulk' : 'small';
}

/** What a parcel carries for others than topology. */
function parcelBytes(message: object): number {
  return 'body' in message ? contentBytesOfParcel(message.body) : 0;
}
