export { PeerPigeonServer } from './server.js';
export type { Listener, ServerAddress, ServerStats } from './server.js';
export type { ServerEvents } from './events.js';
export { DEFAULT_OPTIONS, OPTION_NAMES } from './options.js';
export type { ServerOptions } from './options.js';
export type { PeerInfo } from './switchboard.js';
