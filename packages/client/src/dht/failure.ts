import { PeerPigeonError, type DecodeError, type ErrorCode } from '@peerpigeon/core';
import type { DhtRecord, Key, Outcome } from '@peerpigeon/dht';

type Reason = Extract<Outcome, { readonly type: 'failed' }>['reason'];

/** For each reason the error's code, and a sentence. */
const REASONS: Readonly<Record<Reason, readonly [ErrorCode, string]>> = {
  full: ['STORE_FULL', 'the peers that should hold it have no room for it'],
  unavailable: ['UNREACHABLE', 'too few of the peers that should hold it answered'],
  busy: ['BUSY', 'too much is under way at once'],
  timeout: ['TIMEOUT', 'no answer in time; what was to be written may have been'],
  disconnected: ['DISCONNECTED', 'this mesh left'],
};

/** What the application gets for an operation that failed. */
export function dhtError(reason: Reason, { name: key }: Key): PeerPigeonError {
  const [code, sentence] = REASONS[reason];
  return new PeerPigeonError(code, `dht: ${JSON.stringify(key)}: ${sentence}`, { details: { key } });
}

export function abortedError({ name: key }: Key): PeerPigeonError {
  return new PeerPigeonError('ABORTED', `dht: ${JSON.stringify(key)}: aborted by its signal`, { details: { key } });
}

/** What the application gets where `expectedVersion` was not the version; `value`: that which there is. */
export function conflictError(key: string, expectedVersion: number, version: number, value: unknown): PeerPigeonError {
  const message = `dht: ${JSON.stringify(key)}: expected version ${expectedVersion}, there is ${version}`;
  return new PeerPigeonError('CONFLICT', message, { details: { key, expectedVersion, version, value } });
}

/** What the application gets for what somebody stored that is no value. */
export function malformedError(key: string, { author: from, version }: DhtRecord, cause: DecodeError): PeerPigeonError {
  const message = `dht: ${JSON.stringify(key)}: what ${from} stored is no value: ${cause.message}`;
  return new PeerPigeonError('MALFORMED', message, { cause, details: { key, version, from } });
}

/** What the application gets for a large value of which a chunk cannot be had. */
export function incompleteError(key: string, chunk: string): PeerPigeonError {
  const message = `dht: ${JSON.stringify(key)}: a part of this large value is gone`;
  return new PeerPigeonError('INCOMPLETE', message, { details: { key, chunk } });
}
