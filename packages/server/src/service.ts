import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PeerPigeonError } from '@peerpigeon/core';
import { Gatekeeper } from './auth/gatekeeper.js';
import type { Authorize } from './auth/authorize.js';
import type { NodeId } from '@peerpigeon/signaling-protocol';
import type { Backplane } from './backplane/backplane.js';
import { Entrance } from './entrance.js';
import { IceServers } from './http/ice.js';
import { type Readiness, Site } from './http/site.js';
import { AddressLimits } from './limits/address-limits.js';
import { ClientAddresses } from './limits/client-address.js';
import { Handshakes } from './limits/handshakes.js';
import type { Metrics } from './metrics.js';
import { type ServerOptions, allowedOrigins } from './options.js';
import { Switchboard, type SwitchboardHandlers } from './switchboard.js';

/** How long clients may take to answer a close frame when the server stops. */
const STOP_PATIENCE_MS = 1_000;
const MAX_HEADER_BYTES = 8 * 1024;

/** What a service is made of. */
export interface ServiceParts {
  readonly options: ServerOptions;
  /** Undefined: everybody may come in. */
  readonly authorize: Authorize | undefined;
  /** Somebody else's HTTP server; undefined: one of its own, which listens where the options say. */
  readonly server: Server | undefined;
  readonly metrics: Metrics;
  readonly handlers: SwitchboardHandlers;
  /** Several nodes behind one network namespace, and this one's name among them; undefined: it is alone. */
  readonly nodes: { readonly backplane: Backplane; readonly nodeId: NodeId } | undefined;
  readonly health: () => object;
  readonly readiness: () => Readiness;
}

/** One run of a server, from its start to its stop: the HTTP server, what answers there, and the switchboard. */
export class Service {
  readonly board: Switchboard;
  readonly handshakes: Handshakes;
  private readonly parts: ServiceParts;
  private readonly site: Site;
  private readonly entrance: Entrance;
  private readonly http: Server;
  private readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.handshakes.end(request.socket);
    void this.entrance.admit(request, socket, head);
  };

  constructor(parts: ServiceParts) {
    this.parts = parts;
    const { options, authorize, metrics, handlers, health, readiness } = parts;
    const { requireOrigin, maxMessageSize, handshakeRate, handshakeBurst } = options;
    this.board = new Switchboard(options, metrics, handlers, parts.nodes?.nodeId);
    this.handshakes = new Handshakes(options.maxHandshakes, () => metrics.rejects.inc({ reason: 'maxHandshakes' }));
    const common = {
      allowed: allowedOrigins(options.corsOrigin),
      requireOrigin,
      addresses: new ClientAddresses(options.trustedProxies),
      limits: new AddressLimits({
        connections: options.addressConnections,
        handshakes: { rate: handshakeRate, burst: handshakeBurst },
      }),
      gatekeeper:
        authorize &&
        new Gatekeeper(authorize, { timeoutMs: options.authTimeout, maxPending: options.maxPendingAuth }, (error) =>
          handlers.error(error, undefined),
        ),
      metrics,
    };
    const showMetrics = options.metrics ? { token: options.metricsToken } : undefined;
    this.site = new Site({ ...common, showMetrics, ice: new IceServers(options), health, readiness });
    const warn = (error: Error): void => handlers.error(error, undefined);
    this.entrance = new Entrance({ ...common, maxMessageSize, board: this.board, warn });
    this.http = parts.server ?? this.createHttp(options.handshakeTimeout);
  }

  /**
   * Listens, or waits until the given HTTP server does.
   * @returns the port taken
   * @throws {PeerPigeonError} ADDRESS_IN_USE
   */
  async open(): Promise<number> {
    const { http, parts } = this;
    if (parts.nodes !== undefined) await this.board.attach(parts.nodes.backplane, parts.nodes.nodeId);
    http.on('upgrade', this.onUpgrade);
    try {
      if (parts.server === undefined) await listen(http, parts.options);
      else if (!http.listening) await new Promise<void>((resolve) => http.once('listening', () => resolve()));
    } catch (error) {
      http.off('upgrade', this.onUpgrade);
      await this.board.detach();
      throw error;
    }
    if (parts.server === undefined) http.on('error', (error) => parts.handlers.error(error, undefined));
    const address = http.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Answers a request, if its path is one of ours. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (!Site.has(request)) return false;
    this.site.answer(request, response);
    return true;
  }

  /** Takes no new clients. */
  shut(): void {
    this.entrance.shut();
  }

  /** Closes every socket, and frees the port if it is ours. */
  async close(): Promise<void> {
    const { http, parts } = this;
    this.shut();
    if (parts.server !== undefined) {
      await this.board.closeAll(STOP_PATIENCE_MS);
      http.off('upgrade', this.onUpgrade);
      return this.board.detach();
    }
    const freed = new Promise<void>((resolve) => http.close(() => resolve()));
    http.closeIdleConnections();
    await this.board.closeAll(STOP_PATIENCE_MS);
    await this.board.detach();
    http.closeAllConnections();
    await freed;
  }

  private createHttp(timeoutMs: number): Server {
    const options = {
      headersTimeout: timeoutMs,
      requestTimeout: timeoutMs,
      // Node looks for late requests so often.
      connectionsCheckingInterval: Math.min(30_000, timeoutMs),
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    const http = createServer(options, (request, response) => this.site.answer(request, response));
    http.on('connection', (socket: Socket) => this.handshakes.begin(socket));
    return http;
  }
}

/** Listens. */
function listen(http: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const details = { host, port };
      reject(new PeerPigeonError('ADDRESS_IN_USE', `port ${port} of ${host} is taken`, { cause: error, details }));
    });
    http.listen(port, host, () => {
      http.removeAllListeners('error');
      resolve();
    });
  });
}
