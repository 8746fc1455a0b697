export { CloseCode, LOST, NOT_IN_TIME, isPermanent } from './close-code.js';
export {
  DEFAULT_CONFIG,
  DEFAULT_HUB_CONFIG,
  DEFAULT_LIMITS,
  DEFAULT_NETWORK,
  MAX_PEERS_PER_MESSAGE,
  PROTOCOL_VERSION,
} from './config.js';
export type { Config, HubConfig, TextLimits } from './config.js';
export { SIGNAL_KINDS, bareRecord, isSignal } from './message.js';
export type { ClientMessage, Message, ServerErrorCode, ServerMessage, SignalKind } from './message.js';
export { decodeClientMessage, encodeClientMessage } from './client-frame.js';
export { decodeServerMessage, encodeServerMessage } from './server-frame.js';
export { OpaqueJson } from './opaque-json.js';
export { endpointUrl, isNetworkName } from './endpoint.js';
export { Session } from './session.js';
export type { SessionOptions } from './session.js';
export type { Event, Input, Output, SessionState, Timer } from './session-io.js';
export type { Resume } from './resume.js';
export { Hub } from './hub.js';
export { Registry } from './registry.js';
export type { Owner, RegistryOptions } from './registry.js';
export type { Epoch, Member, NodeId, NodeInput, NodeMessage, NodeOutput, Search, Stranger, Ticket } from './node-io.js';
export type { ConnectionId, HubEvent, HubInput, HubOptions, HubOutput, HubTimer, Presence } from './hub-io.js';
