import { DecodeError } from '@peerpigeon/core';
import { type JsonRecord, recordFromJson, recordToJson } from '@peerpigeon/identity';
import {
  type Member,
  type NodeInput,
  type NodeMessage,
  OpaqueJson,
  type ServerMessage,
  decodeServerMessage,
  encodeServerMessage,
  isSignal,
} from '@peerpigeon/signaling-protocol';

/** Nothing bounds what nodes say to each other but what their clients may say to them. */
const LIMITS = { maxLength: Infinity, maxDepth: 64 };

/** A message from node to node, as JSON in a property of what is published. */
export function encodeNodeMessage(message: NodeMessage): string {
  if (message.type !== 'write') return JSON.stringify(message);
  const { message: inner } = message;
  if (!isSignal(inner)) return JSON.stringify({ type: 'write', text: encodeServerMessage(inner, 0) });
  // What peers say to each other is passed on as the text that it came as.
  const { type: signal, from, data } = inner;
  const payload = data instanceof OpaqueJson ? data.text : JSON.stringify(data ?? null);
  return JSON.stringify({ type: 'write', signal, from, payload });
}

/**
 * Reads what was published to a node: `{at, from, network?, to?, message?, sender?, superseded?}`.
 * @returns `at`, when it was published by the index's clock, and what it says; nothing for a node's echo of its own
 * @throws {DecodeError} or {SyntaxError} for any other text
 */
export function decodePublished(text: string): { readonly at: number; readonly input: NodeInput | undefined } {
  const envelope = JSON.parse(text) as Published;
  const { at, superseded, message, ...rest } = envelope;
  if (superseded !== undefined) return { at, input: { type: 'superseded', ...superseded } };
  if (message === undefined) return { at, input: undefined };
  return { at, input: { type: 'delivered', ...rest, message: decodeNodeMessage(message) } };
}

/** What is published. Only nodes of the same deployment can publish, so that shapes are trusted, peers' texts are not. */
interface Published {
  readonly at: number;
  readonly from: string;
  readonly network?: string;
  readonly to?: readonly string[];
  readonly sender?: number;
  readonly message?: WireMessage;
  readonly superseded?: { readonly network: string; readonly peerId: string; readonly epoch: number };
}

type WireMessage =
  | Exclude<NodeMessage, { type: 'write' }>
  | { readonly type: 'write'; readonly text: string }
  | { readonly type: 'write'; readonly signal: 'offer'; readonly from: string; readonly payload: string };

function decodeNodeMessage(message: WireMessage): NodeMessage {
  if (message.type !== 'write') return message;
  return { type: 'write', message: 'text' in message ? decodeServerMessage(message.text, LIMITS) : signalOf(message) };
}

function signalOf(message: Extract<WireMessage, { signal: 'offer' }>): ServerMessage {
  const { signal, from, payload } = message;
  return { type: signal, from, data: new OpaqueJson(payload) };
}

/** A member as the index keeps it. */
export function encodeMember({ record, isOurs }: Member): string {
  return (isOurs ? '1' : '0') + JSON.stringify(recordToJson(record));
}

/**
 * Reads what `encodeMember` wrote.
 * @throws {DecodeError} for any other text
 */
export function decodeMember(text: string): Member {
  let json: JsonRecord;
  try {
    json = JSON.parse(text.slice(1)) as JsonRecord;
  } catch {
    throw new DecodeError('MALFORMED', 'member: not JSON');
  }
  return { record: recordFromJson(json), isOurs: text.startsWith('1') };
}
