import { MAX_BYTES, PeerPigeonError } from '@peerpigeon/core';
import { DEFAULT_NETWORK, DEFAULT_SETTINGS, type MeshSettings, type Ports, type Storage } from '@peerpigeon/mesh';
import { isNetworkName } from '@peerpigeon/signaling-protocol';
import type { RtcConstructor } from './adapters/peer-connection.js';
import { checkIceServers, type IceServers } from './adapters/ice-servers.js';
import { MAX_CONNECTIONS } from './adapters/web-rtc.js';
import type { SignalingToken } from './adapters/signaling-token.js';
import type { WebSocketConstructor } from './adapters/web-socket.js';
import { ArgumentRangeError, ArgumentTypeError, checkInteger, checkType } from './argument.js';
import { MAX_CONTENT_BYTES } from './content.js';
import type { Logger } from './logger.js';
import type { SendOptions } from './messenger.js';

/** Options of `new PeerPigeonMesh(options)`; all are optional. Those of setters are checked as the setters check them. */
export interface MeshOptions extends Partial<MeshSettings> {
  /**
   * 40 hex digits are the id; any other text is a name, and the first 20 bytes of its SHA-256 are. Such ids cannot be
   * proved. Default: the id of a fresh key.
   */
  readonly peerId?: string;
  /** Peers of other networks are never met; default `global`. */
  readonly networkName?: string;
  /** Links beside the `maxPeers` of the mesh, for calls and transfers: 0 to 50, default 8. */
  readonly maxExtraPeers?: number;
  /**
   * How long a peer is shown as connected whose link has lost its path and could not be mended, while it is dialled anew, in ms: up
   * to 60,000, default 10,000; 0: `peerDisconnected` at once.
   */
  readonly reconnectGraceMs?: number;
  /** How long broadcasts are kept for peers that missed them, in ms: up to an hour, default 300,000; 0 for not at all. */
  readonly historyMs?: number;
  /** Broadcasts from before this peer joined are wanted, too, up to `sinceMs` old: up to an hour; default none. */
  readonly history?: { readonly sinceMs: number };
  /**
   * `fifo` shows broadcasts of one peer in the order in which it sent them: one waits for earlier ones up to 20 s, then
   * `messageGap` tells what is missing. Default `none`: as they come.
   */
  readonly order?: 'none' | 'fifo';
  /** Whether files, streams and large messages are sent and taken; default true. Their code is loaded by `init()`. */
  readonly transfer?: boolean;
  /** Largest direct message, in bytes, sent and taken: 61,440 to 67,108,864, default 16,777,216. Beyond a frame it is a transfer. */
  readonly maxMessageBytes?: number;
  /** Whether this peer takes part in the distributed hash table; default true. */
  readonly enableWebDHT?: boolean;
  /**
   * Where this peer keeps records of others, by network and id: default `memoryStorage()`; `indexedDbStorage()`, or in Node
   * `nodeStorage(path)`. What lasts is of use only to who comes back with the same `peerId`.
   */
  readonly storage?: Storage;
  /**
   * STUN and TURN servers, or a function, also async, that fetches them, alone or with the time for which their credentials are
   * good. Default none: peers of one local network meet; over the internet give at least a STUN server.
   */
  readonly iceServers?: IceServers;
  /** `relay` uses TURN alone; default `all`. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** RTCPeerConnections at once at most: 1 to 480, default 128. All meshes of a page or process have room for 480 together. */
  readonly maxConnections?: number;
  /** WebRTC to use instead of the host's; in Node instead of `@roamhq/wrtc`. */
  readonly RTCPeerConnection?: RtcConstructor;
  /** WebSocket to use instead of the host's; in Node instead of `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /**
   * The token that the signaling server wants, or a function, also async, that fetches one; it is asked at each connection anew, so
   * that it may be short-lived. Sent among the WebSocket's subprotocols.
   */
  readonly signalingToken?: SignalingToken;
  /** Where lines of the log go; default the console. */
  readonly logger?: Logger;
  /** Log everything to the console; else only errors. An own logger gets everything either way. Default false. */
  readonly debug?: boolean;
  /** Ports to use instead of the host's: other transports, a virtual clock. */
  readonly ports?: Partial<Ports>;
}

/** Options of `connect`. */
export interface ConnectOptions {
  /**
   * How long to wait for each server, in ms; default 10,000. An attempt to open a channel takes so long at most, and never more
   * than 10 s, later ones too; within the time that is left the servers are tried again.
   */
  readonly timeoutMs?: number;
  /** Aborts the attempt. */
  readonly signal?: AbortSignal;
}

/** What `connect` was asked, checked. */
export interface CheckedConnect {
  /** Each once, in the order in which they are tried; none without a server. */
  readonly urls: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Signaling over a BroadcastChannel. */
export const TABS = 'broadcast:';
/** Servers of one deployment at most. A guess. */
const MAX_SERVERS = 16;
/** How long `connect()` waits unless told otherwise: 10 s (S10). */
const CONNECT_TIMEOUT_MS = 10_000;
/** Two weeks. A guess: more is a mistake of units. */
export const MAX_TIMEOUT_MS = 1_209_600_000;
/** An hour. A guess: with more, who comes back is better served by the application's own store. */
const MAX_HISTORY_MS = 3_600_000;
/** A minute. A guess: who is away for longer has left, as far as others are concerned. */
const MAX_GRACE_MS = 60_000;
/** README: 1 to 50, and 0 to 49 (S56, S57). */
const MAX_PEERS = 50;
const SWITCHES = ['autoDiscovery', 'evictionStrategy', 'xorRouting'] as const;

const NAMES: readonly string[] = Object.keys(DEFAULT_SETTINGS).concat(
  [
    'peerId',
    'networkName',
    'maxExtraPeers',
    'reconnectGraceMs',
    'historyMs',
    'history',
    'order',
    'transfer',
    'maxMessageBytes',
    'enableWebDHT',
    'storage',
    'iceServers',
    'iceTransportPolicy',
    'maxConnections',
    'RTCPeerConnection',
    'WebSocket',
    'signalingToken',
  ],
  ['logger', 'debug', 'ports'],
);

/** @throws {TypeError} for a wrong type, or a name that is no option: a typing error would go unnoticed */
export function checkOptions(options: MeshOptions): void {
  checkType('options', options, 'object');
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) throw new ArgumentTypeError(`options.${name}: no such option`);
  }
  for (const name of ['transfer', 'enableWebDHT', 'debug'] as const) {
    if (options[name] !== undefined) checkType(name, options[name], 'boolean');
  }
  const {
    networkName = DEFAULT_NETWORK,
    maxExtraPeers = 0,
    reconnectGraceMs = 0,
    historyMs = 0,
    maxMessageBytes = MAX_CONTENT_BYTES,
    maxConnections = MAX_CONNECTIONS,
    iceServers = [],
    iceTransportPolicy = 'all',
    storage,
  } = options;
  if (typeof iceServers !== 'function') checkIceServers('iceServers', iceServers);
  if (iceTransportPolicy !== 'all' && iceTransportPolicy !== 'relay') {
    throw new ArgumentRangeError(`iceTransportPolicy: expected 'all' or 'relay', got ${String(iceTransportPolicy)}`);
  }
  checkInteger('maxConnections', maxConnections, 1, MAX_CONNECTIONS);
  checkInteger('historyMs', historyMs, 0, MAX_HISTORY_MS);
  if (options.history !== undefined) {
    checkType('history', options.history, 'object');
    checkInteger('history.sinceMs', options.history.sinceMs, 0, MAX_HISTORY_MS);
  }
  checkToken(options.signalingToken);
  if (options.order !== undefined && options.order !== 'none' && options.order !== 'fifo') {
    throw new ArgumentRangeError(`order: expected 'none' or 'fifo', got ${String(options.order)}`);
  }
  if (storage !== undefined) {
    const { open }: { readonly open?: unknown } = checkType('storage', storage, 'object');
    checkType('storage.open', open, 'function');
  }
  checkInteger('maxExtraPeers', maxExtraPeers, 0, MAX_PEERS);
  checkInteger('reconnectGraceMs', reconnectGraceMs, 0, MAX_GRACE_MS);
  checkInteger('maxMessageBytes', maxMessageBytes, MAX_CONTENT_BYTES, MAX_BYTES);
  if (!isNetworkName(checkType('networkName', networkName, 'string'))) {
    throw new ArgumentRangeError('networkName: expected 1 to 128 well-formed characters');
  }
}

/** @throws {TypeError} for what can be no token; one that the server does not take is its matter */
export function checkToken(token: SignalingToken | undefined): void {
  if (token !== undefined && typeof token !== 'function') checkType('signalingToken', token, 'string');
}

/** The settings that the options ask for. An explicit `minPeers` above `maxPeers` is an error, the default gives way (S62). */
export function settingsOf(options: MeshOptions): MeshSettings {
  const { maxPeers = DEFAULT_SETTINGS.maxPeers, minPeers } = options;
  let settings = withMaxPeers(DEFAULT_SETTINGS, maxPeers);
  if (minPeers !== undefined) settings = withMinPeers(settings, minPeers);
  for (const name of SWITCHES) {
    if (options[name] !== undefined) settings = withSwitch(settings, name, options[name]);
  }
  return settings;
}

/** S56: takes `minPeers` down with it if it must. */
export function withMaxPeers(settings: MeshSettings, count: number): MeshSettings {
  const maxPeers = checkInteger('maxPeers', count, 1, MAX_PEERS);
  return { ...settings, maxPeers, minPeers: Math.min(settings.minPeers, maxPeers) };
}

/** S57: never above `maxPeers`. */
export function withMinPeers(settings: MeshSettings, count: number): MeshSettings {
  const minPeers = checkInteger('minPeers', count, 0, MAX_PEERS - 1);
  if (minPeers > settings.maxPeers) {
    throw new ArgumentRangeError(`minPeers: expected at most maxPeers (${settings.maxPeers}), got ${minPeers}`);
  }
  return { ...settings, minPeers };
}

/** @throws {TypeError} unless `on` is a boolean */
export function withSwitch(settings: MeshSettings, name: (typeof SWITCHES)[number], on: boolean): MeshSettings {
  return { ...settings, [name]: checkType(name, on, 'boolean') };
}

/**
 * The address of a signaling server as a WebSocket has it; http: and https: are understood as ws: and wss:. `broadcast:name`
 * is no server but the tabs of this origin.
 * @param page the address of the page that asks, where there is one
 * @throws {TypeError} when it is not a string; {RangeError} when it is no such address
 * @throws {PeerPigeonError} `INSECURE_URL` for ws: outside localhost from a secure page, which browsers block (S179)
 */
function signalingUrl(given: unknown, page: { readonly protocol?: string } | undefined): string {
  const url = checkType('url', given, 'string');
  const address = url.replace(/^http(?=s?:)/i, 'ws');
  const parsed = parseUrl(address);
  if (parsed?.protocol === TABS && parsed.pathname !== '') return url;
  if (parsed === undefined || !/^wss?:$/.test(parsed.protocol)) {
    throw new ArgumentRangeError(`url: expected ws://…, wss://… or ${TABS}…, got ${JSON.stringify(url.slice(0, 200))}`);
  }
  const local = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(parsed.hostname);
  if (page?.protocol === 'https:' && parsed.protocol === 'ws:' && !local) {
    throw new PeerPigeonError('INSECURE_URL', `a secure page cannot open ${url}; use wss://`, { details: { url } });
  }
  return address;
}

/**
 * @param servers one address, or up to 16 of one deployment in the order in which they are tried
 * @throws as {@link signalingUrl}, and for a wrong `timeoutMs` or `signal`; `ABORTED`
 */
export function checkConnect(
  servers: string | readonly string[],
  { timeoutMs = CONNECT_TIMEOUT_MS, signal }: ConnectOptions,
): CheckedConnect {
  const given: readonly unknown[] = Array.isArray(servers) ? servers : [servers];
  if (given.length === 0 || given.length > MAX_SERVERS) {
    throw new ArgumentRangeError(`url: expected 1 to ${MAX_SERVERS} addresses, got ${given.length}`);
  }
  const urls = [...new Set(given.map((url) => signalingUrl(url, globalThis.location)))];
  checkSending({ timeoutMs, signal });
  if (signal?.aborted === true) throw new PeerPigeonError('ABORTED', 'connect() was aborted by its signal');
  return { urls, timeoutMs, signal };
}

/** `connectWithoutServer()`. */
export const NO_SERVER: CheckedConnect = { urls: [], timeoutMs: CONNECT_TIMEOUT_MS, signal: undefined };

/** What a session is to be told of it: how to reach the servers. */
export function joinOf({ urls, timeoutMs }: CheckedConnect): {
  readonly url: string;
  readonly fallbacks: readonly string[];
  readonly connectTimeoutMs: number;
} {
  const [url, ...fallbacks] = urls as readonly [string, ...string[]];
  return { url, fallbacks, connectTimeoutMs: Math.min(timeoutMs, CONNECT_TIMEOUT_MS) };
}

/** @throws {TypeError} or {RangeError} for a wrong `timeoutMs` or `signal` */
export function checkSending({ signal, timeoutMs = CONNECT_TIMEOUT_MS }: SendOptions): void {
  if (signal !== undefined) checkType('signal', signal, 'object');
  checkInteger('timeoutMs', timeoutMs, 1, MAX_TIMEOUT_MS);
}

function parseUrl(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
