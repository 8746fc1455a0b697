import { ArgumentRangeError, ArgumentTypeError, checkType } from '../argument.js';

/** What a provider may give beside a plain list: servers, and how long their credentials are good. */
export interface IceServerLease {
  readonly iceServers: readonly RTCIceServer[];
  /** Until when, in ms since 1970. */
  readonly expiresAt?: number;
  /** For how many seconds from now: the `ttl` of TURN services. `expiresAt` counts where both are given. */
  readonly ttlSeconds?: number;
}

/** Fetches STUN and TURN servers: short-lived TURN credentials. */
export type IceServerProvider = () =>
  | readonly RTCIceServer[]
  | IceServerLease
  | Promise<readonly RTCIceServer[] | IceServerLease>;

/** STUN and TURN servers, or a function that fetches them. What it gives is used until shortly before it expires. */
export type IceServers = readonly RTCIceServer[] | IceServerProvider;

/** Servers for which nothing is said are fetched anew after 5 minutes. A guess: TURN services give 10 minutes and more. */
const DEFAULT_LIFETIME_MS = 300_000;
/** So long before credentials expire new ones are fetched, at most half of their time. A guess: a handshake, and a slow clock. */
const RENEWAL_MS = 60_000;
/** How long a provider may take. As a WebSocket may (S10). */
const FETCH_TIMEOUT_MS = 10_000;
/** RFC 7064 §3.1, RFC 7065 §3.1: no path and no credentials; TURN may name its transport. */
const STUN_URL = /^stuns?:[^\s/?#@]+$/i;
const TURN_URL = /^turns?:[^\s/?#@]+(\?transport=(udp|tcp))?$/i;

/** Fetches ICE servers when they are needed, keeps them while they are good, and outlives a provider that fails. */
export class IceServerSource {
  private readonly provider: IceServerProvider;
  private readonly onFailure: (error: unknown) => void;
  /** The last good ones, expired or not. */
  private last: { readonly iceServers: readonly RTCIceServer[]; readonly renewAt: number } | undefined;
  private fetching: Promise<readonly RTCIceServer[]> | undefined;
  /** Its failure was told, and it has not succeeded since. */
  private failing = false;

  /** @param onFailure told when it begins to fail */
  constructor(provider: IceServerProvider, onFailure: (error: unknown) => void) {
    this.provider = provider;
    this.onFailure = onFailure;
  }

  /**
   * Servers that are good now; who asks while they are fetched shares the fetch. When it fails the last good ones.
   * @throws what the provider throws, while there has been no good list; {@link ArgumentTypeError} and
   *   {@link ArgumentRangeError} for what is no list of servers; `TimeoutError` after 10 s
   */
  async get(): Promise<readonly RTCIceServer[]> {
    if (this.last !== undefined && Date.now() < this.last.renewAt) return this.last.iceServers;
    this.fetching ??= this.fetch().finally(() => {
      this.fetching = undefined;
    });
    return this.fetching;
  }

  private async fetch(): Promise<readonly RTCIceServer[]> {
    try {
      const began = Date.now();
      const { iceServers, expiresAt } = await fetchIceServers(this.provider);
      this.last = { iceServers, renewAt: renewalOf(began, iceServers, expiresAt) };
      this.failing = false;
      return iceServers;
    } catch (error) {
      if (!this.failing) this.onFailure(error);
      this.failing = true;
      // What has expired may still do: STUN asks for no credentials, and clocks differ.
      if (this.last !== undefined) return this.last.iceServers;
      throw error;
    }
  }
}

/**
 * What a provider gives, checked, within 10 s.
 * @throws as {@link IceServerSource.get}
 */
export async function fetchIceServers(
  provider: IceServerProvider,
): Promise<{ readonly iceServers: readonly RTCIceServer[]; readonly expiresAt: number | undefined }> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `the provider of ICE servers gave none in ${FETCH_TIMEOUT_MS} ms`;
    timer = setTimeout(() => reject(Object.assign(new Error(message), { name: 'TimeoutError' })), FETCH_TIMEOUT_MS);
  });
  try {
    const given: unknown = await Promise.race([provider(), late]);
    if (Array.isArray(given)) return { iceServers: checkIceServers('iceServers', given), expiresAt: undefined };
    const lease: { readonly [Key in keyof IceServerLease]?: unknown } = checkType('iceServers', given, 'object');
    const { expiresAt, ttlSeconds } = lease;
    const iceServers = checkIceServers('iceServers', lease.iceServers);
    if (expiresAt !== undefined) return { iceServers, expiresAt: checkTime('expiresAt', expiresAt) };
    if (ttlSeconds === undefined) return { iceServers, expiresAt: undefined };
    return { iceServers, expiresAt: Date.now() + 1_000 * checkTime('ttlSeconds', ttlSeconds) };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A list of STUN and TURN servers, as RTCPeerConnection would take it.
 * @throws {ArgumentTypeError} or {ArgumentRangeError} naming what is wrong
 */
export function checkIceServers(name: string, given: unknown): readonly RTCIceServer[] {
  if (!Array.isArray(given)) throw new ArgumentTypeError(`${name}: expected an array of servers, got ${typeof given}`);
  for (const [index, one] of given.entries()) checkIceServer(`${name}[${index}]`, one);
  return given as readonly RTCIceServer[];
}

function renewalOf(now: number, iceServers: readonly RTCIceServer[], said: number | undefined): number {
  const expiresAt = said ?? Math.min(...iceServers.map(({ username = '' }) => expiryOf(username)));
  const renewAt = expiresAt === Infinity ? Infinity : expiresAt - Math.min(RENEWAL_MS, (expiresAt - now) / 2);
  return said === undefined ? Math.min(renewAt, now + DEFAULT_LIFETIME_MS) : renewAt;
}

/** Until when a name of the usual kind is good, `seconds:user` (draft-uberti-behave-turn-rest-00 §2.2), in ms since 1970. */
function expiryOf(username: string): number {
  const seconds = /^(\d{10})(?=:|$)/.exec(username)?.[1];
  return seconds === undefined ? Infinity : 1_000 * Number(seconds);
}

/** The URLs of a server, as a list. */
export function urlsOf({ urls }: RTCIceServer): readonly string[] {
  return typeof urls === 'string' ? [urls] : urls;
}

function checkIceServer(name: string, given: unknown): void {
  const server: { readonly [Key in keyof RTCIceServer]?: unknown } = checkType(name, given, 'object');
  const urls: readonly unknown[] = Array.isArray(server.urls) ? server.urls : [server.urls];
  if (urls.length === 0) throw new ArgumentRangeError(`${name}.urls: expected one URL at least, got none`);
  for (const one of urls) {
    const url = checkType(`${name}.urls`, one, 'string');
    if (TURN_URL.test(url)) {
      for (const part of ['username', 'credential'] as const) {
        if (typeof server[part] === 'string') continue;
        throw new ArgumentTypeError(`${name}.${part}: expected a string for ${url}, got ${typeof server[part]}`);
      }
    } else if (!STUN_URL.test(url)) {
      const got = JSON.stringify(url.slice(0, 200));
      throw new ArgumentRangeError(`${name}.urls: expected stun:, stuns:, turn: or turns: and a host, got ${got}`);
    }
  }
}

function checkTime(name: string, given: unknown): number {
  const time = checkType(name, given, 'number');
  if (Number.isFinite(time) && time >= 0) return time;
  throw new ArgumentRangeError(`${name}: expected a time, got ${time}`);
}
