import { DecodeError, Fields, decode, encode } from '@peerpigeon/core';
import type { FrameValue } from '@peerpigeon/core';
import { decodeMessage as decodeGossip, encodeMessage as encodeGossip } from '@peerpigeon/gossip';
import type { Message as GossipMessage } from '@peerpigeon/gossip';
import {
  DEFAULT_CONFIG as LINK_DEFAULTS,
  decodeMessage as decodeLink,
  encodeMessage as encodeLink,
} from '@peerpigeon/link';
import type { Message as LinkMessage } from '@peerpigeon/link';
import { decodeMessage as decodeRouting, encodeMessage as encodeRouting } from '@peerpigeon/routing';
import type { Message as RoutingMessage } from '@peerpigeon/routing';
import { decodeMessage as decodeTopology, encodeMessage as encodeTopology } from '@peerpigeon/topology';
import type { Message as TopologyMessage } from '@peerpigeon/topology';
import { decodeDatagram, encodeDatagram } from './datagram.js';
import type { Datagram } from './datagram.js';
import { MAX_TAG, MIN_TAG } from './protocol.js';

/** What crosses a link: one message of one protocol, under its channel tag. The simulator passes it by reference. */
export type Frame =
  | { readonly channel: 'link'; readonly message: LinkMessage }
  | { readonly channel: 'topology'; readonly message: TopologyMessage }
  | { readonly channel: 'gossip'; readonly message: GossipMessage }
  | { readonly channel: 'routing'; readonly message: RoutingMessage }
  /** Of a protocol that a build may hold or not, encoded by it; `contentBytes` of it are bulk. */
  | { readonly channel: 'protocol'; readonly tag: number; readonly contentBytes?: number; readonly message: FrameValue }
  /** Never among the others: its data channels are unordered. */
  | { readonly channel: 'datagram'; readonly message: Datagram };

/** What a parcel may hold. */
export type ParcelBody = Extract<Frame, { readonly channel: 'topology' | 'protocol' }>;

/** Channel tags on the wire. A number, once given, is never given again. */
const TAG = { link: 0, topology: 1, gossip: 2, routing: 3, datagram: 4 } as const;

/** Parcels carry what topology says to peers that are no neighbours, and what others have encoded themselves. */
const encodeBody = (body: unknown): FrameValue => [TAG.topology, encodeTopology(body as TopologyMessage)];

/** What an optional protocol says to a peer that is no neighbour: the body of a parcel. */
export function encodeParcel(tag: number, message: FrameValue): Uint8Array {
  return encode([tag, message]);
}

/**
 * Reads the body of a parcel: topology's own as long as it has crossed no wire, else bytes.
 * @throws {DecodeError} on what neither topology nor {@link encodeParcel} has written
 */
export function readParcel(body: unknown): ParcelBody {
  if (!(body instanceof Uint8Array)) return { channel: 'topology', message: body as TopologyMessage };
  const fields = new Fields(decode(body), 'parcel', 2);
  const tag = fields.integer(0, MAX_TAG);
  const message = fields.any();
  if (tag === TAG.topology) return { channel: 'topology', message: decodeTopology(message) };
  if (tag >= MIN_TAG) return { channel: 'protocol', tag, message: message as FrameValue };
  throw new DecodeError('UNEXPECTED', `channel tag ${tag} in a parcel`);
}

/**
 * How many bytes of content the body of a parcel has: those of topology have none, encoded or not, so that they are as urgent
 * at a relay as where they come from.
 */
export function contentBytesOfParcel(body: unknown): number {
  // An array of two, the first a whole number (PROTOCOL.md, Encoding): the fourth byte is the tag, as long as that is below 64.
  return body instanceof Uint8Array && body[3] !== TAG.topology ? body.length : 0;
}

/** A frame as it crosses a link: `[tag, message]` in the codec of core. */
export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.channel) {
    case 'link':
      return encode([TAG.link, encodeLink(frame.message)]);
    case 'topology':
      return encode([TAG.topology, encodeTopology(frame.message)]);
    case 'gossip':
      return encode([TAG.gossip, encodeGossip(frame.message)]);
    case 'routing':
      return encode([TAG.routing, encodeRouting(frame.message, encodeBody)]);
    case 'datagram':
      return encode([TAG.datagram, encodeDatagram(frame.message)]);
    case 'protocol':
      return encode([frame.tag, frame.message]);
  }
}

/**
 * Reads a frame. The interpreter calls it in one place, which is also where the error is caught.
 * @param maxBytes the `maxFrameBytes` that our hello announced: whoever sends more breaks the agreement (S176)
 * @throws {DecodeError} on anything that {@link encodeFrame} does not write, and on larger frames
 */
export function decodeFrame(bytes: Uint8Array, maxBytes: number = LINK_DEFAULTS.maxFrameBytes): Frame {
  const fields = new Fields(decode(bytes, { maxBytes }), 'frame', 2);
  const tag = fields.integer(0, 255);
  const message = fields.any();
  switch (tag) {
    case TAG.link:
      return { channel: 'link', message: decodeLink(message) };
    case TAG.topology:
      return { channel: 'topology', message: decodeTopology(message) };
    case TAG.gossip:
      return { channel: 'gossip', message: decodeGossip(message) };
    case TAG.routing:
      return { channel: 'routing', message: decodeRouting(message) };
    case TAG.datagram:
      return { channel: 'datagram', message: decodeDatagram(message) };
    default:
      if (tag < MIN_TAG || tag > MAX_TAG) throw new DecodeError('UNEXPECTED', `channel tag ${tag} is not known here`);
      return { channel: 'protocol', tag, message: message as FrameValue };
  }
}
