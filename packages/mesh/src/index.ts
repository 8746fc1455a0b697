export { Mesh } from './mesh.js';
export type { Draft } from './author.js';
export { DEFAULT_NETWORK, DEFAULT_SETTINGS, LEFT } from './config.js';
export type { Config, MeshSettings } from './config.js';
export type { Backpressure, Writable } from './backpressure.js';
export { MAX_DATAGRAM_BYTES, MAX_RETRANSMITS, datagramBytes } from './datagram.js';
export type { Datagram } from './datagram.js';
export type { Event, FailureReason, WarningCode } from './event.js';
export { decodeFrame, encodeFrame } from './frame.js';
export type { Frame } from './frame.js';
export type { ChannelEvent, Input } from './input.js';
export type { LinkPhase } from './link-table.js';
export type { ChannelCommand, Output } from './output.js';
export type {
  Clock,
  Crypto,
  Link,
  LinkHandlers,
  Links,
  Ports,
  Signaling,
  SignalingChannel,
  SignalingHandlers,
  Storage,
  Store,
} from './ports.js';
export type { Explanation, ExplanationCode } from './explanation.js';
export type { Health, LinkHealth, RingHealth } from './health.js';
export type { MapSizes } from './map-sizes.js';
export { Report } from './report.js';
export type { Evaluation, Finding, LeafSet } from '@peerpigeon/topology';
export type { ConnectivityReport, DiscoveredReport, LinkReport } from './report.js';
export { MAX_TAG, MIN_TAG } from './protocol.js';
export type { Protocol, ProtocolInput, ProtocolOutput } from './protocol.js';
export type { Timer } from './timer.js';
