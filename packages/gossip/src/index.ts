export { DEFAULTS } from './config.js';
export type { Config, Options } from './config.js';
export type { Event, MessageEvent } from './event.js';
export { Gossip } from './gossip.js';
export type { Counters } from './gossip.js';
export type { Input } from './input.js';
export { decodeMessage, encodeMessage } from './message.js';
export type {
  Announcement,
  AuthorDigest,
  AuthorGone,
  Digest,
  Gone,
  Graft,
  Message,
  Mode,
  Payload,
  Prune,
  Receipt,
  Summary,
} from './message.js';
export type { Output } from './output.js';
export type { RangeList } from './ranges.js';
export type { Timer } from './timer.js';
