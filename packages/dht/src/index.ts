export { DEFAULTS, MAX_KEY_BYTES, MAX_RECORD_BYTES, MAX_REPLICAS, MAX_TTL_MS } from './config.js';
export type { Config, Options } from './config.js';
export { NOTHING_COUNTED, count, counted, decodeCounter, encodeCounter } from './counter.js';
export type { CounterPart } from './counter.js';
export { Dht } from './dht.js';
export type { Stats } from './dht.js';
export type { Event, Outcome } from './event.js';
export type { Input, Kept, Ticket } from './input.js';
export { decodeMessage, encodeMessage } from './message.js';
export type { Digest, Lease, Message, Op, Refusal, RequestId, Result } from './message.js';
export type { Output } from './output.js';
export { DHT, dhtProtocol } from './protocol.js';
export { SPACES, chunkName, compareRank, hashOf, keyId } from './record.js';
export type { Copy, DhtRecord, Form, Key, Rank, Space } from './record.js';
export { Replica } from './replica.js';
export {
  NOTHING_SAID,
  addElement,
  decodeSet,
  elementId,
  elementOf,
  elementsIn,
  encodeSet,
  removeElement,
  settledPart,
} from './set.js';
export type { Dot, ElementId, SetPart, SetParts } from './set.js';
export { keptFromBytes } from './kept.js';
export type { Timer } from './timer.js';
