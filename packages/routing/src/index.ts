export { DEFAULTS } from './config.js';
export type { Config, CustodyConfig, Options, Resending } from './config.js';
export type { Counters } from './counters.js';
export type { Event, FailureReason } from './event.js';
export type { Address, Input } from './input.js';
export { decodeMessage, encodeMessage } from './message.js';
export type {
  Ack,
  Answer,
  Bounce,
  Data,
  Heading,
  Message,
  Mode,
  Nack,
  NackReason,
  Parcel,
  Receipt,
  Way,
} from './message.js';
export type { Output } from './output.js';
export { Routing } from './routing.js';
export type { Timer } from './timer.js';
