export type {
  Emit,
  Machine,
  Millis,
  PeerDown,
  PeerId,
  PeerUp,
  Received,
  Send,
  SetTimer,
  TimerFired,
  Violation,
  ViolationCode,
} from './machine.js';
export { bytesToHex, concatBytes, equalBytes, hexToBytes, isWellFormed, utf8Decode, utf8Encode } from './bytes.js';
export { decode, encode } from './codec.js';
export type { FrameValue } from './codec.js';
export { AssertionError, DecodeError, PeerPigeonError, assert } from './errors.js';
export type { DecodeErrorCode, ErrorCode, ErrorOptions } from './errors.js';
export { SeededRng, below, between, jitter, pick, randomBytes, sample } from './rng.js';
export type { Rng } from './rng.js';
export { TimeHeap } from './heap.js';
export { ExpiringMap } from './expiring-map.js';
export type { ExpiringMapOptions } from './expiring-map.js';
export { Fields } from './fields.js';
export { Properties } from './properties.js';
export { ENVELOPE_VERSION, MAX_NAME_LENGTH, openEnvelope, sealEnvelope } from './envelope.js';
export type { Envelope, EnvelopeFields, EnvelopeKind, MessageId } from './envelope.js';
export { MAX_HOPS, findFault, readRelayed, relayedToWire } from './relayed.js';
export type { Carriage, Fault, Relayed } from './relayed.js';
export { MAX_BYTES, MAX_DEPTH, MAX_ITEMS } from './structure.js';
export type { CodecLimits } from './structure.js';
export { decodeContent, encodeContent } from './plain-data.js';
export type { Plain } from './plain-data.js';
