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

/** What crosses a link: one message of one protocol, under its channel tag. The simulator passes it by reference. */
export type Frame =
  | { readonly channel: 'link'; readonly message: LinkMessage }
  | { readonly channel: 'topology'; readonly message: TopologyMessage }
  | { readonly channel: 'gossip'; readonly message: GossipMessage }
  | { readonly channel: 'routing'; readonly message: RoutingMessage }
  /** Never among the others: its data channels are unordered. */
  | { readonly channel: 'datagram'; readonly message: Datagram };

/** Channel tags on the wire. A number, once given, is never given again. */
const TAG = { link: 0, topology: 1, gossip: 2, routing: 3, datagram: 4 } as const;
const MAX_TAG = 255;

/** Parcels carry what topology says to peers that are no neighbours. */
const encodeBody = (body: unknown): FrameValue => encodeTopology(body as TopologyMessage);

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
  }
}

/**
 * Reads a frame. The interpreter calls it in one place, which is also where the error is caught.
 * @param maxBytes the `maxFrameBytes` that our hello announced: whoever sends more breaks the agreement (S176)
 * @throws {DecodeError} on anything that {@link encodeFrame} does not write, and on larger frames
 */
export function decodeFrame(bytes: Uint8Array, maxBytes: number = LINK_DEFAULTS.maxFrameBytes): Frame {
  const fields = new Fields(decode(bytes, { maxBytes }), 'frame', 2);
  const tag = fields.integer(0, MAX_TAG);
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
      throw new DecodeError('UNEXPECTED', `channel tag ${tag} is not known here`);
  }
}
