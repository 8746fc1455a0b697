import { MAX_HOPS, bytesToHex, Fields, hexToBytes, readRelayed, relayedToWire } from '@peerpigeon/core';
import type { FrameValue, MessageId, PeerId, Relayed } from '@peerpigeon/core';

/** A direct message on a link: what its author signed, and the hop part that every relay renews. */
export interface Data extends Relayed {
  readonly type: 'data';
  /** The neighbour of the receiver that the sender has committed to; null when it meant the receiver itself. */
  readonly goal: PeerId | null;
  /** Ring mode: only links count from here on, since a 2-hop table was wrong. */
  readonly ring: boolean;
}

/** An answer's way: back along the path of the data, then, if that is broken, greedily toward `to`. */
export interface Way {
  /** The author of the data. */
  readonly to: PeerId;
  /** What is left of the path of the data, the author first, the next hop last; empty once it was left. */
  readonly route: readonly PeerId[];
  /** Links it may cross, this one included. */
  readonly ttl: number;
}

/** "It arrived": the target has given the message to its application. */
export interface Ack extends Way {
  readonly type: 'ack';
  readonly messageId: MessageId;
  /** The target. */
  readonly from: PeerId;
  /** Links that the data crossed. */
  readonly hops: number;
}

/** Why a relay gave up: no link leads nearer to the target; or the message has crossed too many. */
export type NackReason = 'unreachable' | 'hop-limit';

/** "It did not arrive": this copy went no further. */
export interface Nack extends Way {
  readonly type: 'nack';
  readonly messageId: MessageId;
  /** The relay where it ended. */
  readonly from: PeerId;
  readonly reason: NackReason;
}

/** Everything that routing says on a link. */
export type Message = Data | Ack | Nack;

const TAGS: readonly Message['type'][] = ['data', 'ack', 'nack'];
const NACK_REASONS: readonly NackReason[] = ['unreachable', 'hop-limit'];
const MESSAGE_ID_BYTES = 16;

/** An array for core's `encode`, the tag first: 0 data, 1 ack, 2 nack. Ids are byte strings. */
export function encodeMessage(message: Message): FrameValue {
  const tag = TAGS.indexOf(message.type);
  if (message.type === 'data') {
    const { goal, ring } = message;
    return [tag, ...relayedToWire(message), goal === null ? null : hexToBytes(goal), ring];
  }
  const { messageId, from, to, route, ttl } = message;
  const detail = message.type === 'ack' ? message.hops : NACK_REASONS.indexOf(message.reason);
  return [tag, hexToBytes(messageId), hexToBytes(from), hexToBytes(to), route.map(hexToBytes), ttl, detail];
}

/**
 * Reads what core's `decode` made of a frame. Checks shapes and limits; {@link Routing} checks what they say.
 * @throws {DecodeError} when it is no message of routing; nothing else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'routing', 1);
  const type = TAGS[fields.integer(0, TAGS.length - 1)] as Message['type'];
  return type === 'data' ? readData(fields) : readAnswer(type, fields);
}

function readData(fields: Fields): Data {
  const relayed = readRelayed(fields, 1);
  const goal = fields.optional(() => fields.peerId()) ?? null;
  return { type: 'data', ...relayed, goal, ring: fields.boolean() };
}

function readAnswer(type: 'ack' | 'nack', fields: Fields): Ack | Nack {
  const messageId = bytesToHex(fields.bytes(MESSAGE_ID_BYTES, MESSAGE_ID_BYTES));
  const from = fields.peerId();
  const to = fields.peerId();
  const route = fields.list(MAX_HOPS, (ids) => ids.peerId());
  const ttl = fields.integer(1, MAX_HOPS);
  if (type === 'ack') return { type, messageId, from, to, route, ttl, hops: fields.integer(1, MAX_HOPS) };
  const reason = NACK_REASONS[fields.integer(0, NACK_REASONS.length - 1)] as NackReason;
  return { type, messageId, from, to, route, ttl, reason };
}
