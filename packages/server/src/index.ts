export { PeerPigeonServer } from './server.js';
export type { Listener, PeerPigeonServerOptions, ServerAddress, ServerParts, ServerStats } from './server.js';
export type { ServerEvents } from './events.js';
export { DEFAULT_OPTIONS, OPTION_DESCRIPTIONS, OPTION_NAMES } from './options.js';
export type { ServerOptions } from './options.js';
export type { OptionDescription } from './option-table.js';
export type { Authorize, AuthRequest, Grant, Refusal } from './auth/authorize.js';
export type { PeerInfo } from './switchboard.js';
