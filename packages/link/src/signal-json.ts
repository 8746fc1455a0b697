import { DecodeError, Properties } from '@peerpigeon/core';
import { recordFromJson, recordToJson } from '@peerpigeon/identity';
import {
  MAX_CANDIDATE_LENGTH,
  MAX_MID_LENGTH,
  MAX_PURPOSE_LENGTH,
  MAX_REASON_LENGTH,
  MAX_REDIRECT_PEERS,
  MAX_RETRY_AFTER_MS,
  MAX_SDP_LENGTH,
  MAX_SESSION_LENGTH,
} from './config.js';
import type { Description, RedirectReason, Signal } from './signal.js';

/** The envelope types of the signaling server under which signals travel. */
export type SignalType = 'offer' | 'answer' | 'ice-candidate' | 'signal';

/** A signal as the signaling server relays it: the envelope's `type` and its `data`, JSON-safe. */
export interface JsonSignal {
  readonly type: SignalType;
  readonly data: object;
}

const KINDS = ['request', 'accept', 'redirect', 'cancel', 'restart'] as const;
const REASONS: readonly RedirectReason[] = ['full', 'busy', 'refused'];
const MAX_SEQ = Number.MAX_SAFE_INTEGER;
const MAX_LINE_INDEX = 65_535;

/**
 * The signal for the server's envelope. Offers, answers and candidates are what the README's clients send (their `data`
 * is an RTCSessionDescription or an RTCIceCandidate) with `session` and `seq` beside; the others are of type `signal`.
 */
export function signalToJson(signal: Signal): JsonSignal {
  const { session, seq } = signal;
  switch (signal.kind) {
    case 'offer':
    case 'answer':
      return { type: signal.kind, data: { ...signal.description, session, seq } };
    case 'candidate':
      return { type: 'ice-candidate', data: { ...signal.candidate, session, seq } };
    case 'request':
      return { type: 'signal', data: { ...signal, record: recordToJson(signal.record) } };
    case 'redirect':
      return {
        type: 'signal',
        data: { ...signal, peers: signal.peers.slice(0, MAX_REDIRECT_PEERS).map(recordToJson) },
      };
    default:
      return { type: 'signal', data: signal };
  }
}

/**
 * Reads an envelope's `data`. Without `session` it comes from a client that knows none: its session is `''`, its seq 0.
 * Unknown properties are ignored.
 * @throws {DecodeError} on wrong properties, or on one over its limit
 */
export function signalFromJson(type: SignalType, data: unknown): Signal {
  const object = new Properties(data, type);
  if (type === 'signal') return bodyFromJson(object);
  const session = object.at('session').optional(() => object.string(MAX_SESSION_LENGTH)) ?? '';
  const seq = object.at('seq').optional(() => object.integer(0, MAX_SEQ)) ?? 0;
  if (type === 'ice-candidate') {
    const candidate = object.at('candidate').string(MAX_CANDIDATE_LENGTH);
    const sdpMid = object.at('sdpMid').optional(() => object.string(MAX_MID_LENGTH)) ?? null;
    const sdpMLineIndex = object.at('sdpMLineIndex').optional(() => object.integer(0, MAX_LINE_INDEX)) ?? null;
    return { session, seq, kind: 'candidate', candidate: { candidate, sdpMid, sdpMLineIndex } };
  }
  const description: Description = {
    type: object.at('type').oneOf([type]),
    sdp: object.at('sdp').string(MAX_SDP_LENGTH),
  };
  return { session, seq, kind: type, description };
}

function bodyFromJson(object: Properties): Signal {
  const kind = object.at('kind').oneOf(KINDS);
  const session = object.at('session').string(MAX_SESSION_LENGTH);
  if (session === '') throw new DecodeError('UNEXPECTED', `signal: a ${kind} without a session`);
  const seq = object.at('seq').integer(0, MAX_SEQ);
  switch (kind) {
    case 'request': {
      const purpose = object.at('purpose').string(MAX_PURPOSE_LENGTH);
      const isolated = object.at('isolated').boolean();
      return { session, seq, kind, purpose, isolated, record: recordFromJson(object.at('record').any()) };
    }
    case 'accept':
    case 'restart':
      return { session, seq, kind };
    case 'redirect': {
      const reason = object.at('reason').oneOf(REASONS);
      const peers = object.at('peers').list(MAX_REDIRECT_PEERS, (records) => recordFromJson(records.any()));
      const retryAfterMs = object.at('retryAfterMs').optional(() => object.integer(0, MAX_RETRY_AFTER_MS));
      return { session, seq, kind, reason, peers, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    case 'cancel':
      return { session, seq, kind, reason: object.at('reason').string(MAX_REASON_LENGTH) };
  }
}
