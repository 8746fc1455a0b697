import { DecodeError, MAX_NAME_LENGTH } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { isPeerId, recordFromJson, recordToJson } from '@peerpigeon/identity';
import { DEFAULT_LIMITS, MAX_LOST, MAX_SAMPLE, MAX_SEEKING, type TextLimits } from './config.js';
import { WireEnvelope } from './envelope.js';
import { type ClientMessage, SIGNAL_KINDS } from './message.js';
import { OpaqueJson } from './opaque-json.js';
import { type Outline, parseOutline } from './outline.js';
import { MAX_TOKEN_LENGTH } from './resume.js';

const TYPES: readonly ClientMessage['type'][] = [...SIGNAL_KINDS, 'announce', 'goodbye', 'cleanup', 'ping'];

/**
 * A client's message as text: the README's envelope `{type, data, fromPeerId, targetPeerId?, timestamp}`.
 * @param from the sender's id
 * @param timestamp wall clock, ms since 1970
 */
export function encodeClientMessage(message: ClientMessage, from: PeerId, timestamp: Millis): string {
  return JSON.stringify(clientEnvelope(message, from, timestamp));
}

function clientEnvelope(message: ClientMessage, from: PeerId, timestamp: Millis): object {
  const envelope = { type: message.type, fromPeerId: from, timestamp };
  switch (message.type) {
    case 'announce': {
      const { peerId = from, network, protocol, record, seeking, lost, sample, resume } = message;
      const data = {
        peerId,
        timestamp,
        network,
        protocol,
        record: record === undefined ? undefined : recordToJson(record),
        seeking,
        lost,
        sample,
        resume,
      };
      return { ...envelope, data };
    }
    case 'goodbye':
      return { ...envelope, data: { peerId: from, timestamp } };
    case 'cleanup':
    case 'ping':
      return envelope;
    default:
      return { ...envelope, targetPeerId: message.to, data: message.data ?? null };
  }
}

/**
 * Reads a client's text. Takes the README's forms (`peerId` in `data` or beside it); unknown fields are ignored, and so is
 * `fromPeerId`: a server knows who sent it.
 * @param payloads `opaque`: the `data` of what is relayed is an `OpaqueJson`, which `encodeServerMessage` passes on as it came
 * @throws {DecodeError} for any other text
 */
export function decodeClientMessage(
  text: string,
  limits: TextLimits = DEFAULT_LIMITS,
  payloads: 'parsed' | 'opaque' = 'parsed',
): ClientMessage {
  const outline = parseOutline(text, limits);
  const envelope = new WireEnvelope(outline.value, TYPES);
  const type = envelope.type;
  switch (type) {
    case 'announce': {
      const data = envelope.data();
      return {
        type,
        peerId: envelope.subject(),
        network: data.at('network').optional(() => networkName(data.string(MAX_NAME_LENGTH))),
        protocol: data.at('protocol').optional(() => data.integer(1, 0xffff)),
        record: data.at('record').optional(() => recordFromJson(data.any())),
        seeking: data.at('seeking').optional(() => data.integer(0, MAX_SEEKING)),
        lost: data.at('lost').optional(() => data.list(MAX_LOST, (list) => lostPeer(list.string(MAX_NAME_LENGTH)))),
        sample: data.at('sample').optional(() => data.integer(0, MAX_SAMPLE)),
        resume: data.at('resume').optional(() => data.string(MAX_TOKEN_LENGTH)),
      };
    }
    case 'goodbye':
    case 'cleanup':
    case 'ping':
      return { type };
    default:
      return {
        type,
        to: envelope.peerId('targetPeerId'),
        data: payloads === 'opaque' ? opaque(envelope.payload(), text, outline) : envelope.payload(),
      };
  }
}

/** `data` as it stands in the text. */
function opaque(data: unknown, text: string, outline: Outline): OpaqueJson {
  return new OpaqueJson(outline.data === undefined ? JSON.stringify(data) : text.slice(...outline.data));
}

function networkName(name: string): string {
  if (name === '') throw new DecodeError('UNEXPECTED', 'announce.network: expected a name, got an empty one');
  return name;
}

function lostPeer(id: string): PeerId {
  if (!isPeerId(id)) throw new DecodeError('UNEXPECTED', 'announce.lost: expected peer ids');
  return id;
}
