import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { DEFAULT_NETWORK, CloseCode, type ServerMessage } from '@peerpigeon/signaling-protocol';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { Grant } from './auth/authorize.js';
import type { Gatekeeper } from './auth/gatekeeper.js';
import { SUBPROTOCOL, tokenOf } from './auth/token.js';
import { type AllowedOrigins, isAllowed } from './http/cors.js';
import { queryOf } from './http/site.js';
import type { Caller } from './line.js';
import type { AddressExcess, AddressLimits } from './limits/address-limits.js';
import type { ClientAddresses } from './limits/client-address.js';
import { Subjects } from './limits/subjects.js';
import type { Metrics } from './metrics.js';
import type { Switchboard } from './switchboard.js';

/** How long a client may take to answer a close frame; then its socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;
/** A message in at most so many frames; browsers send one each. */
const MAX_FRAGMENTS = 64;
/** Bytes of a chunk from the network, at least, as ws bounds their number: a quarter of a slow link's usual packet. */
const MIN_CHUNK_BYTES = 256;
/** How long who could not be told whether he may come in is asked to wait. */
const UNDECIDED_RETRY_MS = 5_000;

/** Why somebody does not come in. */
interface Rejection {
  /** Its name among the metrics. */
  readonly name: string;
  readonly status: 401 | 403 | 429 | 503;
  readonly code: number;
  readonly reason: string;
  readonly retryAfterMs?: number;
  /** The cheapest answer will do. */
  readonly isCheap?: boolean;
}

const STATUS_TEXT: Readonly<Record<Rejection['status'], string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};

/** What an entrance works with. */
export interface EntranceParts {
  readonly maxMessageSize: number;
  readonly allowed: AllowedOrigins;
  readonly requireOrigin: boolean;
  readonly addresses: ClientAddresses;
  readonly limits: AddressLimits;
  /** Undefined: everybody may come in. */
  readonly gatekeeper: Gatekeeper | undefined;
  readonly metrics: Metrics;
  readonly board: Switchboard;
  /** Told what the operator should know. */
  readonly warn: (error: Error) => void;
}

/**
 * Where WebSockets come in. First what costs least: how often the address comes, then its origin, then its token; only then a
 * socket is made of it.
 *
 * Refusals of who may connect are HTTP statuses before the upgrade (401, 403), except for clients that say, by `protocol=` in the
 * address, that they understand close codes: browsers do not show statuses to pages, so those are upgraded, told, and closed.
 * Refusals for want of room (4429, 4503) are close codes for everybody, until somebody does not stop.
 */
export class Entrance {
  private readonly parts: EntranceParts;
  private readonly sockets: WebSocketServer;
  private readonly subjects = new Subjects();
  private isShut = false;
  private hasWarned = false;

  constructor(parts: EntranceParts) {
    this.parts = parts;
    const { maxMessageSize } = parts;
    // The types of ws do not know closeTimeout yet.
    const options: ServerOptions & { readonly closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      // Compression costs 16 kB of memory a connection and saves little: signaling is short.
      perMessageDeflate: false,
      maxPayload: maxMessageSize,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: Math.ceil(maxMessageSize / MIN_CHUNK_BYTES),
      closeTimeout: CLOSE_TIMEOUT_MS,
      // Pings are counted before they are answered.
      autoPong: false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    };
    this.sockets = new WebSocketServer(options);
  }

  /** From now on nobody comes in. */
  shut(): void {
    this.isShut = true;
  }

  /** Somebody wants a WebSocket. Never throws or rejects. */
  async admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // A connection that breaks meanwhile must not end the process.
    socket.on('error', () => socket.destroy());
    const { addresses, limits } = this.parts;
    if (this.isShut) return this.reject(request, socket, head, SHUT);
    const remoteAddress = addresses.of(request);
    const excess = limits.connect(remoteAddress, performance.now());
    if (excess !== undefined) {
      if (addresses.ignores(request)) this.warnOfProxy(remoteAddress);
      return this.reject(request, socket, head, rejectionOf(excess));
    }
    socket.once('close', () => limits.release(remoteAddress));
    const decision = await this.decide(request, remoteAddress);
    if (socket.destroyed) return;
    if ('status' in decision) return this.reject(request, socket, head, decision);
    const { subject, maxPeers = Infinity } = decision;
    if (subject !== undefined) {
      if (!this.subjects.enter(subject, maxPeers)) return this.reject(request, socket, head, TOO_MANY_OF_SUBJECT);
      socket.once('close', () => this.subjects.leave(subject));
    }
    this.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const caller = { ...callerOf(request, remoteAddress), networks: decision.networks };
      this.parts.board.accept({ socket: webSocket, stream: socket }, caller);
    });
  }

  /** Once: behind a proxy that it is not told of, a server takes all its clients for one. */
  private warnOfProxy(address: string): void {
    if (this.hasWarned) return;
    this.hasWarned = true;
    this.parts.warn(
      new Error(`trustedProxies: ${address} is over its limits and forwards for others; name it if it is yours`),
    );
  }

  private async decide(request: IncomingMessage, remoteAddress: string): Promise<Grant | Rejection> {
    const { allowed, requireOrigin, gatekeeper } = this.parts;
    const { headers } = request;
    const { origin } = headers;
    if (!isAllowed(origin, allowed) || (requireOrigin && allowed !== '*' && origin === undefined)) return WRONG_ORIGIN;
    if (gatekeeper === undefined) return {};
    const query = queryOf(request);
    const network = query.get('network') ?? DEFAULT_NETWORK;
    const decision = await gatekeeper.decide({
      purpose: 'connect',
      token: tokenOf(headers),
      peerId: query.get('peerId') ?? undefined,
      network,
      origin,
      remoteAddress,
      headers,
    });
    if (this.isShut) return SHUT;
    if ('undecided' in decision) return { ...UNDECIDED, reason: decision.undecided };
    if ('refusal' in decision) {
      const { refusal, reason = refusal } = decision;
      return { ...(refusal === 'unauthorized' ? UNAUTHORIZED : FORBIDDEN), reason };
    }
    return decision.networks?.includes(network) === false ? WRONG_NETWORK : decision;
  }

  private reject(request: IncomingMessage, socket: Duplex, head: Buffer, rejection: Rejection): void {
    const { metrics, board, addresses } = this.parts;
    const { name, status, code, reason, retryAfterMs, isCheap = false } = rejection;
    metrics.rejects.inc({ reason: name });
    const readsCodes = status === 429 || status === 503 || queryOf(request).has('protocol');
    if (isCheap || !readsCodes) return rejectByStatus(socket, rejection);
    const complaint: ServerMessage | undefined =
      retryAfterMs === undefined ? undefined : { type: 'error', code: 'RATE_LIMITED', message: reason, retryAfterMs };
    this.sockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      const caller = callerOf(request, addresses.of(request));
      board.refuse({ socket: webSocket, stream: socket }, caller, code, reason, complaint);
    });
  }
}

function callerOf(request: IncomingMessage, remoteAddress: string): Caller {
  const query = queryOf(request);
  const [peerId, network] = [query.get('peerId'), query.get('network')];
  return { remoteAddress, peerId, network, speaksFirst: query.has('protocol') };
}

const WRONG_ORIGIN: Rejection = {
  name: 'origin',
  status: 403,
  code: CloseCode.FORBIDDEN,
  reason: 'this origin may not connect',
};
const WRONG_NETWORK: Rejection = {
  name: 'network',
  status: 403,
  code: CloseCode.FORBIDDEN,
  reason: 'the token is not for this network',
};
const UNAUTHORIZED = { name: 'unauthorized', status: 401, code: CloseCode.UNAUTHORIZED } as const;
const FORBIDDEN = { name: 'forbidden', status: 403, code: CloseCode.FORBIDDEN } as const;
const UNDECIDED = {
  name: 'undecided',
  status: 503,
  code: CloseCode.FULL,
  retryAfterMs: UNDECIDED_RETRY_MS,
  isCheap: true,
} as const;
const TOO_MANY_OF_SUBJECT: Rejection = {
  name: 'maxPeers',
  status: 429,
  code: CloseCode.RATE_LIMITED,
  reason: 'too many connections of this subject',
  retryAfterMs: UNDECIDED_RETRY_MS,
};
/** A proxy that is told so tries another server, before any client learns of it. */
const SHUT: Rejection = {
  name: 'draining',
  status: 503,
  code: CloseCode.RESTART,
  reason: 'the server stops',
  isCheap: true,
};

function rejectionOf({ limit, retryAfterMs, isFinal }: AddressExcess): Rejection {
  const reason = limit === 'handshakes' ? 'too many new connections' : 'too many connections';
  const code = CloseCode.RATE_LIMITED;
  return { name: limit, status: 429, code, reason: `${reason} of this address`, retryAfterMs, isCheap: isFinal };
}

function rejectByStatus(socket: Duplex, { status, reason, retryAfterMs }: Rejection): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_TEXT[status]}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(reason)}`,
    ...(retryAfterMs === undefined ? [] : [`Retry-After: ${Math.ceil(retryAfterMs / 1_000)}`]),
    ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${reason}`, () => socket.destroy());
}
