import { DecodeError, type Properties } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { recordFromJson, recordToJson } from '@peerpigeon/identity';
import type { PeerRecord } from '@peerpigeon/identity';
import { DEFAULT_LIMITS, MAX_PEERS_PER_MESSAGE, type TextLimits } from './config.js';
import { WireEnvelope } from './envelope.js';
import { parseJson } from './json.js';
import { type ServerMessage, SIGNAL_KINDS } from './message.js';
import { OpaqueJson } from './opaque-json.js';
import { MAX_TOKEN_LENGTH } from './resume.js';

const TYPES: readonly ServerMessage['type'][] = [
  ...SIGNAL_KINDS,
  'connected',
  'peers',
  'peer-discovered',
  'peer-disconnected',
  'pong',
  'drain',
  'error',
];
const MAX_CODE_LENGTH = 64;
const MAX_TEXT_LENGTH = 1024;

/** `fromPeerId` of what the server itself says. */
const SYSTEM = 'system';

/**
 * A server's message as text: the README's envelope `{type, data, fromPeerId, targetPeerId?, timestamp}`.
 * @param timestamp wall clock, ms since 1970
 */
export function encodeServerMessage(message: ServerMessage, timestamp: Millis): string {
  if ('from' in message && message.data instanceof OpaqueJson) {
    const { type, from, data } = message;
    return `{"type":"${type}","fromPeerId":"${from}","timestamp":${timestamp},"data":${data.text}}`;
  }
  return JSON.stringify(serverEnvelope(message, timestamp));
}

function serverEnvelope(message: ServerMessage, timestamp: Millis): object {
  const envelope = { type: message.type, fromPeerId: SYSTEM, timestamp };
  switch (message.type) {
    case 'connected': {
      const { peerId, protocol, peerTimeoutMs, maxMessageBytes, resume } = message;
      return { ...envelope, data: { peerId, protocol, peerTimeoutMs, maxMessageBytes, resume } };
    }
    case 'peers':
      return {
        ...envelope,
        data: { peers: message.peers.map(recordToJson), seeking: message.seeking?.map(recordToJson) },
      };
    case 'peer-discovered': {
      const { peerId, record } = message;
      return { ...envelope, data: { peerId, record: record === undefined ? undefined : recordToJson(record) } };
    }
    case 'peer-disconnected':
      return { ...envelope, data: { peerId: message.peerId } };
    case 'pong':
      return envelope;
    case 'drain':
      return { ...envelope, data: { afterMs: message.afterMs } };
    case 'error': {
      const { code, message: text, targetPeerId, retryAfterMs } = message;
      return { ...envelope, data: { code, message: text, targetPeerId, retryAfterMs } };
    }
    default:
      return { ...envelope, fromPeerId: message.from, data: message.data ?? null };
  }
}

/**
 * Reads a server's text. Unknown fields are ignored.
 * @throws {DecodeError} for any other text
 */
export function decodeServerMessage(text: string, limits: TextLimits = DEFAULT_LIMITS): ServerMessage {
  const envelope = new WireEnvelope(parseJson(text, limits), TYPES);
  const type = envelope.type;
  switch (type) {
    case 'connected': {
      const data = envelope.data();
      const positive = (name: string): number | undefined => naturalIn(data, name, 1);
      return {
        type,
        peerId: envelope.subject(),
        protocol: positive('protocol'),
        peerTimeoutMs: positive('peerTimeoutMs'),
        maxMessageBytes: positive('maxMessageBytes'),
        resume: data.at('resume').optional(() => data.string(MAX_TOKEN_LENGTH)),
      };
    }
    case 'peers': {
      const data = envelope.data();
      const records = (name: 'peers' | 'seeking'): PeerRecord[] =>
        data.at(name).list(MAX_PEERS_PER_MESSAGE, (list) => recordFromJson(list.any()));
      return { type, peers: records('peers'), seeking: data.at('seeking').optional(() => records('seeking')) };
    }
    case 'peer-discovered': {
      const data = envelope.data();
      const peerId = subjectOf(envelope);
      const record = data.at('record').optional(() => recordFromJson(data.any()));
      if (record !== undefined && record.id !== peerId) {
        throw new DecodeError('UNEXPECTED', 'peer-discovered.record: of another peer');
      }
      return { type, peerId, record };
    }
    case 'peer-disconnected':
      return { type, peerId: subjectOf(envelope) };
    case 'pong':
      return { type };
    case 'drain':
      return { type, afterMs: naturalIn(envelope.data(), 'afterMs') };
    case 'error': {
      const data = envelope.data();
      return {
        type,
        code: data.at('code').optional(() => data.string(MAX_CODE_LENGTH)) ?? 'UNKNOWN',
        message: data.at('message').optional(() => data.string(MAX_TEXT_LENGTH)) ?? '',
        targetPeerId: data.at('targetPeerId').optional(() => data.peerId()),
        retryAfterMs: naturalIn(data, 'retryAfterMs'),
      };
    }
    default:
      return { type, from: envelope.peerId('fromPeerId'), data: envelope.payload() };
  }
}

function naturalIn(data: Properties, name: string, least = 0): number | undefined {
  return data.at(name).optional(() => data.integer(least, Number.MAX_SAFE_INTEGER));
}

function subjectOf(envelope: WireEnvelope<string>): PeerId {
  const peerId = envelope.subject();
  if (peerId === undefined)
    throw new DecodeError('UNEXPECTED', `${envelope.type}.peerId: expected a peer id, got none`);
  return peerId;
}
