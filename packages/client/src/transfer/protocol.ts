import type { Protocol } from '@peerpigeon/mesh';
import { Transfer, decodeMessage, encodeMessage, type Message } from '@peerpigeon/transfer';

/** By which the mesh knows it. */
export const TRANSFER = 'transfer';
/** PROTOCOL.md, channel 5. */
const TAG = 5;

/** Transfers as an optional protocol of the mesh. @param maxMessageBytes largest message that is taken */
export function transferProtocol(maxMessageBytes: number): Protocol {
  return {
    name: TRANSFER,
    tag: TAG,
    encode: (message) => encodeMessage(message as Message),
    decode: decodeMessage,
    contentBytes: (message) =>
      (message as Message).type === 'chunk' ? (message as { bytes: Uint8Array }).bytes.length : 0,
    machine: new Transfer({ maxMessageBytes }),
  };
}
