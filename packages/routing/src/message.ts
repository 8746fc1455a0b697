import { encode, MAX_HOPS, bytesToHex, Fields, hexToBytes, readRelayed, relayedToWire } from '@peerpigeon/core';
import type { FrameValue, MessageId, PeerId, Relayed } from '@peerpigeon/core';
import { MAX_ATTEMPTS, MAX_PARCEL_BYTES, MAX_RECEIPTS, MAX_ROUTE_HOPS } from './config.js';

/**
 * What counts in the choice of the next hop, and how. By ring distance: 0 links, tunnels and the neighbours of neighbours; 1
 * (ring mode) links and tunnels; 2 links alone. Each choice that turns out wrong raises it by one. Where nobody is nearer the
 * ring is broken, and a direct message goes round to the target's other side: 3 down to its successors and on to it, 4 up to
 * its predecessors, both as 0; 5 and 6 the same by links alone, once a choice was wrong. The mode never falls.
 */
export type Mode = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** Where a message goes after this hop; every relay renews it. */
export interface Heading {
  /** A source route: the peers still ahead, the next hop first. Once it is used up, or broken, the way is found greedily. */
  readonly route: readonly PeerId[];
  /** The peer the sender has committed to: a neighbour of the receiver, or the end of a tunnel; null: the receiver itself. */
  readonly goal: PeerId | null;
  readonly mode: Mode;
}

/** A direct message or a signal on a link: what its author signed, and the hop part that every relay renews. */
export interface Data extends Relayed, Heading {
  readonly type: 'data';
  /** How often its author had sent the message before: a relay that passed this copy on does not do so again. */
  readonly attempt: number;
}

/**
 * A small unacknowledged message on a link: to the peer `to`; to whoever is nearest to the key `to`; or, where `to` is
 * null, on a random walk.
 */
export interface Parcel extends Heading {
  readonly type: 'parcel';
  readonly address: 'peer' | 'key' | 'walk';
  readonly to: PeerId | null;
  /** Links it may cross, this one included; of a walk the steps left. */
  readonly ttl: number;
  /** Ids passed, its sender first, whoever sends it on this link last. */
  readonly path: readonly PeerId[];
  /** What its sender put in, as long as it has crossed no wire; else the bytes of it, which relays do not decode. */
  readonly body: unknown;
}

/** An answer's way: back along the path of what it answers, then, if that is broken, greedily toward `to`. */
export interface Way {
  /** Who sent what is answered. */
  readonly to: PeerId;
  /** What is left of that path, reversed: a source route. */
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

/**
 * Why a copy went no further: no link leads nearer to the target; it has crossed too many; the next peer did not say that it
 * has it, so that nobody knows; the target said goodbye; with its path it exceeds a frame; the target would not have it.
 */
export type NackReason = 'unreachable' | 'hop-limit' | 'unanswered' | 'left' | 'too-large' | 'refused';

/** "It did not arrive, as far as I know": this copy went no further. */
export interface Nack extends Way {
  readonly type: 'nack';
  readonly messageId: MessageId;
  /** The relay where it ended. */
  readonly from: PeerId;
  readonly reason: NackReason;
}

/** "Your parcel to `peer` went no further." */
export interface Bounce extends Way {
  readonly type: 'bounce';
  readonly peer: PeerId;
}

/** What goes back. */
export type Answer = Ack | Nack | Bounce;

/** "I have them, and see to it that they go on": to the neighbour that sent copies of these messages. It goes no further. */
export interface Receipt {
  readonly type: 'receipt';
  readonly messageIds: readonly MessageId[];
}

/** Everything that routing says on a link. */
export type Message = Data | Parcel | Answer | Receipt;

const TAGS: readonly Message['type'][] = ['data', 'ack', 'nack', 'parcel', 'bounce', 'receipt'];
const NACK_REASONS: readonly NackReason[] = ['unreachable', 'hop-limit', 'unanswered', 'left', 'too-large', 'refused'];
const ADDRESSES: readonly Parcel['address'][] = ['peer', 'key', 'walk'];
const MESSAGE_ID_BYTES = 16;

/**
 * An array for core's `encode`, the tag first: 0 data, 1 ack, 2 nack, 3 parcel, 4 bounce, 5 receipt. Ids are byte strings.
 * @param encodeBody makes a value for core's `encode` of a parcel's body
 */
export function encodeMessage(message: Message, encodeBody: (body: unknown) => FrameValue): FrameValue {
  const tag = TAGS.indexOf(message.type);
  if (message.type === 'receipt') return [tag, message.messageIds.map(hexToBytes)];
  const route = message.route.map(hexToBytes);
  if (message.type === 'data') return [tag, ...relayedToWire(message), route, ...aimToWire(message), message.attempt];
  if (message.type === 'parcel') {
    const { address, to, ttl, path, body } = message;
    const bytes = body instanceof Uint8Array ? body : encode(encodeBody(body));
    const parcel = [ADDRESSES.indexOf(address), idToWire(to), ttl, path.map(hexToBytes), bytes];
    return [tag, ...parcel, route, ...aimToWire(message)];
  }
  const way = [tag, hexToBytes(message.to), route, message.ttl];
  if (message.type === 'bounce') return [...way, hexToBytes(message.peer)];
  const detail = message.type === 'ack' ? message.hops : NACK_REASONS.indexOf(message.reason);
  return [...way, hexToBytes(message.messageId), hexToBytes(message.from), detail];
}

/**
 * Reads what core's `decode` made of a frame. Checks shapes and limits; {@link Routing} checks what they say.
 * @throws {DecodeError} when it is no message of routing; nothing else
 */
export function decodeMessage(value: unknown): Message {
  const fields = new Fields(value, 'routing', 1);
  const type = TAGS[fields.integer(0, TAGS.length - 1)] as Message['type'];
  switch (type) {
    case 'data':
      return {
        type,
        ...readRelayed(fields, 1),
        ...readHeading(fields),
        attempt: fields.integer(0, MAX_ATTEMPTS - 1),
      };
    case 'parcel':
      return readParcel(fields);
    case 'receipt':
      return { type, messageIds: fields.list(MAX_RECEIPTS, readMessageId) };
    default:
      return readAnswer(type, fields);
  }
}

function aimToWire({ goal, mode }: Heading): FrameValue[] {
  return [idToWire(goal), mode];
}

function idToWire(id: PeerId | null): FrameValue {
  return id === null ? null : hexToBytes(id);
}

function readHeading(fields: Fields): Heading {
  const route = readIds(fields, MAX_ROUTE_HOPS);
  return { route, goal: readOptionalId(fields), mode: fields.integer(0, 6) as Mode };
}

function readIds(fields: Fields, most: number): PeerId[] {
  return fields.list(most, (ids) => ids.peerId());
}

function readOptionalId(fields: Fields): PeerId | null {
  return fields.optional(() => fields.peerId()) ?? null;
}

function readMessageId(fields: Fields): MessageId {
  return bytesToHex(fields.bytes(MESSAGE_ID_BYTES, MESSAGE_ID_BYTES));
}

function readParcel(fields: Fields): Parcel {
  const address = ADDRESSES[fields.integer(0, ADDRESSES.length - 1)] as Parcel['address'];
  const to = address === 'walk' ? readOptionalId(fields) : fields.peerId();
  const ttl = fields.integer(1, MAX_HOPS);
  const path = readIds(fields, MAX_HOPS);
  return { type: 'parcel', address, to, ttl, path, body: fields.bytes(MAX_PARCEL_BYTES), ...readHeading(fields) };
}

function readAnswer(type: Answer['type'], fields: Fields): Answer {
  const to = fields.peerId();
  const route = readIds(fields, MAX_HOPS);
  const way = { to, route, ttl: fields.integer(1, MAX_HOPS) };
  if (type === 'bounce') return { type, ...way, peer: fields.peerId() };
  const messageId = readMessageId(fields);
  const from = fields.peerId();
  if (type === 'ack') return { type, ...way, messageId, from, hops: fields.integer(1, MAX_HOPS) };
  const reason = NACK_REASONS[fields.integer(0, NACK_REASONS.length - 1)] as NackReason;
  return { type, ...way, messageId, from, reason };
}
