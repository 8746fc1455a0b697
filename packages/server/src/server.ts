import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { PeerPigeonError } from '@peerpigeon/core';
import { CloseCode, type HubEvent } from '@peerpigeon/signaling-protocol';
import { WebSocketServer } from 'ws';
import type { ServerEvents } from './events.js';
import { answer, isAllowed } from './http.js';
import { Listeners } from './listeners.js';
import { type ServerOptions, allowedOrigins, checkOptions } from './options.js';
import { type PeerInfo, Switchboard } from './switchboard.js';

/** Where a started server listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** What clients connect to: `ws://host:port`. */
  readonly url: string;
}

/** A server's state in figures; JSON-safe (S140). */
export interface ServerStats {
  readonly isRunning: boolean;
  /** Open WebSockets. */
  readonly connections: number;
  /** Those of them that were accepted. */
  readonly peers: number;
  readonly maxConnections: number;
  /** Milliseconds since the start, 0 when not running. */
  readonly uptime: number;
  readonly host: string;
  /** The port listened on; before the start, the one asked for. */
  readonly port: number;
}

/** What a listener gets of an event. */
export type Listener<Name extends keyof ServerEvents> = (payload: ServerEvents[Name]) => void;

type State =
  | { readonly name: 'stopped' }
  | { readonly name: 'starting'; readonly started: Promise<ServerAddress> }
  | {
      readonly name: 'running';
      readonly http: Server;
      readonly board: Switchboard;
      readonly port: number;
      readonly since: number;
    }
  | { readonly name: 'stopping'; readonly stopped: Promise<void> };

/** How long clients may take to answer a close frame when the server stops. */
const STOP_PATIENCE_MS = 1_000;
/** How long a client may take to send its HTTP headers. Ours; Node's default is a minute. */
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 8 * 1024;
/** A message in at most so many frames; browsers send one each. */
const MAX_FRAGMENTS = 64;
/** Bytes of a chunk from the network, at least, as ws bounds their number: a quarter of a slow link's usual packet. */
const MIN_CHUNK_BYTES = 256;

/**
 * The signaling server: peers meet here, and relay offers, answers and candidates until they have links of their own.
 * It stores no messages, only who is connected.
 *
 * @example
 * const server = new PeerPigeonServer({ port: 3000 });
 * server.on('peerConnected', ({ peerId, totalConnections }) => console.log(peerId, totalConnections));
 * await server.start();
 */
export class PeerPigeonServer {
  private readonly options: ServerOptions;
  private readonly listeners = new Listeners<ServerEvents>();
  private state: State = { name: 'stopped' };

  /** @throws {TypeError} or {RangeError} for a wrong option; see {@link ServerOptions} */
  constructor(options: Partial<ServerOptions> = {}) {
    this.options = checkOptions(options);
  }

  /**
   * Listens. Resolves when clients can connect, with the port taken.
   * @throws {PeerPigeonError} ALREADY_RUNNING when it is started, ADDRESS_IN_USE when the port is taken
   */
  async start(): Promise<ServerAddress> {
    if (this.state.name !== 'stopped') {
      throw new PeerPigeonError('ALREADY_RUNNING', `the server is ${this.state.name}; call stop() first`);
    }
    const started = this.listen();
    this.state = { name: 'starting', started };
    return started;
  }

  /** Closes every connection as “going away” and frees the port; it can be started again. Harmless when stopped. */
  async stop(): Promise<void> {
    if (this.state.name === 'starting') await this.state.started.catch(() => undefined);
    if (this.state.name === 'stopping') return this.state.stopped;
    if (this.state.name !== 'running') return;
    const stopped = this.shutDown(this.state.http, this.state.board);
    this.state = { name: 'stopping', stopped };
    return stopped;
  }

  getStats(): ServerStats {
    const { state } = this;
    const { host, port, maxConnections } = this.options;
    if (state.name !== 'running') {
      return { isRunning: false, connections: 0, peers: 0, maxConnections, uptime: 0, host, port };
    }
    return {
      isRunning: true,
      connections: state.board.hub.connections,
      peers: state.board.peers().length,
      maxConnections,
      uptime: Math.round(performance.now() - state.since),
      host,
      port: state.port,
    };
  }

  /** Who is connected, in the order in which they came (S141). */
  getPeers(): PeerInfo[] {
    return this.state.name === 'running' ? this.state.board.peers() : [];
  }

  /** Listens to an event. The returned function undoes it. */
  on<Name extends keyof ServerEvents>(name: Name, listener: Listener<Name>): () => void {
    return this.listeners.on(name, listener);
  }

  /** Undoes `on` of the same listener. */
  off<Name extends keyof ServerEvents>(name: Name, listener: Listener<Name>): void {
    this.listeners.off(name, listener);
  }

  /** Listens to the next event of that name alone. The returned function undoes it. */
  once<Name extends keyof ServerEvents>(name: Name, listener: Listener<Name>): () => void {
    const undo = this.on(name, (payload) => {
      undo();
      listener(payload);
    });
    return undo;
  }

  private async listen(): Promise<ServerAddress> {
    const { host, maxMessageSize } = this.options;
    const allowed = allowedOrigins(this.options.corsOrigin);
    const board = new Switchboard(this.options, {
      event: (event) => this.onHubEvent(event, board),
      error: (error, peerId) => this.listeners.emit('error', peerId === undefined ? { error } : { error, peerId }),
    });
    const http = createServer(
      { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: MAX_HEADER_BYTES },
      (request, response) => answer(request, response, allowed, () => this.getStats()),
    );
    const sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Compression costs 16 kB of memory a connection and saves little: signaling is short.
      perMessageDeflate: false,
      maxPayload: maxMessageSize,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: Math.ceil(maxMessageSize / MIN_CHUNK_BYTES),
    });
    http.on('upgrade', (request, socket, head) => {
      // A connection that breaks meanwhile must not end the process.
      socket.on('error', () => socket.destroy());
      this.upgrade(sockets, board, allowed, request, socket, head);
    });
    try {
      const port = await bind(http, this.options);
      http.on('error', (error) => this.listeners.emit('error', { error }));
      this.state = { name: 'running', http, board, port, since: performance.now() };
      this.listeners.emit('started', { host, port });
      return { host, port, url: `ws://${host.includes(':') ? `[${host}]` : host}:${port}` };
    } catch (error) {
      this.state = { name: 'stopped' };
      throw error;
    }
  }

  private upgrade(
    sockets: WebSocketServer,
    board: Switchboard,
    allowed: '*' | readonly string[],
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    if (this.state.name === 'stopping') return void socket.destroy();
    // Refusals come as close codes, since a browser's WebSocket does not show HTTP statuses.
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (!isAllowed(request.headers.origin, allowed)) {
        return board.refuse(webSocket, CloseCode.FORBIDDEN, 'this origin may not connect');
      }
      // The path is free (S118), so only the query is read, and no path can be malformed.
      const query = new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));
      board.accept(webSocket, request.socket.remoteAddress ?? '', query.get('peerId'), query.get('network'));
    });
  }

  private async shutDown(http: Server, board: Switchboard): Promise<void> {
    const freed = new Promise<void>((resolve) => http.close(() => resolve()));
    http.closeIdleConnections();
    await board.close(STOP_PATIENCE_MS);
    http.closeAllConnections();
    await freed;
    this.state = { name: 'stopped' };
    this.listeners.emit('stopped', undefined);
  }

  private onHubEvent(event: HubEvent, board: Switchboard): void {
    const { peerId } = event;
    const totalConnections = board.hub.connections;
    switch (event.type) {
      case 'peerConnected':
      case 'peerDisconnected':
        return this.listeners.emit(event.type, { peerId, totalConnections });
      case 'peerAnnounced':
      case 'peerGoodbye':
        return this.listeners.emit(event.type, { peerId });
      case 'peerMisbehaved':
        return this.listeners.emit('error', { error: event.error, peerId });
    }
  }
}

/** Listens; gives the port taken. */
function bind(http: Server, { host, port }: ServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const details = { host, port };
      reject(new PeerPigeonError('ADDRESS_IN_USE', `port ${port} of ${host} is taken`, { cause: error, details }));
    });
    http.listen(port, host, () => {
      http.removeAllListeners('error');
      resolve((http.address() as AddressInfo).port);
    });
  });
}
