export { DEFAULTS, MAX_BLOCK_BYTES, MAX_CHUNK_BYTES, MAX_NAME_LENGTH, MAX_TEXT_LENGTH } from './config.js';
export type { Config } from './config.js';
export type { Event } from './event.js';
export type { Input } from './input.js';
export { MerkleTree } from './merkle.js';
export { decodeMessage, encodeMessage } from './message.js';
export type {
  Ack,
  Cancel,
  Chunk,
  Description,
  Done,
  End,
  Kind,
  Message,
  Offer,
  Reason,
  TransferId,
} from './message.js';
export type { Handle, Output } from './output.js';
export type { Timer } from './timer.js';
export { Transfer } from './transfer.js';
