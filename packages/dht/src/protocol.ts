import type { FrameValue } from '@peerpigeon/core';
import type { Options } from './config.js';
import { Dht } from './dht.js';
import { decodeMessage, encodeMessage } from './message.js';
import type { Message } from './message.js';

/** By which a mesh knows this protocol. */
export const DHT = 'dht';
/** PROTOCOL.md, channel 6. */
const TAG = 6;

/** The dht as an optional protocol of a mesh: for `protocols` of its config. */
export function dhtProtocol(options: Options): {
  readonly name: string;
  readonly tag: number;
  readonly machine: Dht;
  encode(message: unknown): FrameValue;
  decode(value: unknown): Message;
  contentBytes(message: unknown): number;
} {
  return {
    name: DHT,
    tag: TAG,
    machine: new Dht(options),
    encode: (message) => encodeMessage(message as Message),
    decode: decodeMessage,
    contentBytes: () => 0,
  };
}
