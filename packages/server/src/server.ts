import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { PeerPigeonError } from '@peerpigeon/core';
import type { HubEvent } from '@peerpigeon/signaling-protocol';
import type { Registry } from 'prom-client';
import type { Authorize } from './auth/authorize.js';
import { jwtAuthorize } from './auth/jwt.js';
import type { Backplane, BackplaneStats } from './backplane/backplane.js';
import { backplaneOf, nodeIdOf } from './backplane/choice.js';
import { drain } from './drain.js';
import type { ServerEvents } from './events.js';
import type { Readiness } from './http/site.js';
import { Listeners } from './listeners.js';
import { Metrics } from './metrics.js';
import { type ServerOptions, checkOptions } from './options.js';
import { Service, type ServiceParts } from './service.js';
import type { PeerInfo } from './switchboard.js';

/** What a server is given beside {@link ServerOptions}: what no flag or variable can carry. */
export interface ServerParts {
  /** Decides who may connect, in place of the JWT options. */
  readonly authorize?: Authorize | undefined;
  /**
   * An HTTP server to be attached to, in place of one of its own: `host` and `port` go unused, `start()` waits until it listens, and
   * `stop()` leaves it running. All its WebSocket upgrades are taken; give requests to `handleRequest` to have them answered.
   */
  readonly server?: Server | undefined;
  /** What several servers share that are nodes of one deployment, in place of `redisUrl`. */
  readonly backplane?: Backplane | undefined;
}

/** Options of `new PeerPigeonServer(options)`; all are optional. */
export type PeerPigeonServerOptions = Partial<ServerOptions> & ServerParts;

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
  /** How it is with the other nodes; absent where there are none. */
  readonly backplane?: BackplaneStats;
}

/** What a listener gets of an event. */
export type Listener<Name extends keyof ServerEvents> = (payload: ServerEvents[Name]) => void;

/** One run, and what is known of it. */
interface Run {
  readonly service: Service;
  readonly port: number;
  readonly since: number;
}

type State =
  | { readonly name: 'stopped' }
  | { readonly name: 'starting'; readonly started: Promise<ServerAddress> }
  | ({ readonly name: 'running' } & Run)
  /** It runs, and takes nobody in any more. */
  | ({ readonly name: 'draining'; readonly drained: Promise<void> } & Run)
  | { readonly name: 'stopping'; readonly stopped: Promise<void> };

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
  private readonly authorize: Authorize | undefined;
  private readonly httpServer: Server | undefined;
  private readonly nodes: ServiceParts['nodes'];
  private readonly metrics = new Metrics();
  private readonly listeners = new Listeners<ServerEvents>();
  private state: State = { name: 'stopped' };

  /** @throws {TypeError} or {RangeError} for a wrong option; see {@link ServerOptions} */
  constructor(options: PeerPigeonServerOptions = {}) {
    const { authorize, server, backplane, ...flat } = options ?? {};
    this.options = checkOptions(options === null ? options : flat);
    if (authorize !== undefined && typeof authorize !== 'function') {
      throw new TypeError(`authorize: expected a function, got ${typeof authorize}`);
    }
    const byToken = jwtAuthorize(this.options);
    if (authorize !== undefined && byToken !== undefined) {
      throw new RangeError('authorize: expected no JWT options beside it');
    }
    this.authorize = authorize ?? byToken;
    this.httpServer = server;
    const shared = backplaneOf(this.options, backplane);
    this.nodes = shared && { backplane: shared, nodeId: nodeIdOf(this.options) };
    // Checks what only its parts can check.
    this.createService();
    const { metrics } = this;
    metrics.gauge('pp_connections', 'Open WebSockets', () => this.getStats().connections);
    metrics.gauge('pp_peers', 'Accepted peers', () => this.getStats().peers);
    if (this.nodes !== undefined) metrics.backplane(() => this.run?.service.board.backplane);
    metrics.gauge('pp_rooms', 'Networks somebody is in', () => this.run?.service.board.hub.networkCount ?? 0);
    metrics.gauge('pp_handshakes', 'TCP connections that are no WebSocket', () => {
      return this.run?.service.handshakes.count ?? 0;
    });
  }

  /** Where its figures are registered, for those who add their own or merge them with others. */
  get registry(): Registry {
    return this.metrics.registry;
  }

  /**
   * Listens. Resolves when clients can connect, with the port taken.
   * @throws {PeerPigeonError} ALREADY_RUNNING when it is started, ADDRESS_IN_USE when the port is taken
   */
  async start(): Promise<ServerAddress> {
    if (this.state.name !== 'stopped') {
      throw new PeerPigeonError('ALREADY_RUNNING', `the server is ${this.state.name}; call stop() first`);
    }
    const started = this.open();
    this.state = { name: 'starting', started };
    return started;
  }

  /** Closes every connection as “going away” and frees the port; it can be started again. Harmless when stopped. */
  async stop(): Promise<void> {
    if (this.state.name === 'starting') await this.state.started.catch(() => undefined);
    if (this.state.name === 'stopping') return this.state.stopped;
    if (this.state.name !== 'running' && this.state.name !== 'draining') return;
    const stopped = this.close(this.state.service);
    this.state = { name: 'stopping', stopped };
    return stopped;
  }

  /**
   * Stops without anybody noticing: `/ready` answers 503 at once and nobody new comes in; each client is asked to reconnect at a
   * time of its own, within the first four fifths of `withinMs`, 20 s at most; who has not gone then is closed with 1012. Resolves
   * once it has stopped. Harmless when stopped; `stop()` cuts it short.
   * @param withinMs time there is, default `drainTime`
   * @throws {RangeError} unless it is 1 to 600,000
   */
  async drain({ withinMs = this.options.drainTime }: { readonly withinMs?: number } = {}): Promise<void> {
    if (!(withinMs >= 1 && withinMs <= 600_000)) {
      throw new RangeError(`withinMs: expected 1 to 600000, got ${withinMs}`);
    }
    if (this.state.name === 'starting') await this.state.started.catch(() => undefined);
    if (this.state.name === 'draining') return this.state.drained;
    if (this.state.name !== 'running') return this.stop();
    const { service, port, since } = this.state;
    service.shut();
    const drained = drain(service.board, withinMs).then(() => {
      // Somebody may have stopped it meanwhile, and even started it again.
      return this.run?.service === service ? this.stop() : undefined;
    });
    this.state = { name: 'draining', drained, service, port, since };
    return drained;
  }

  /**
   * Answers `/health`, `/ready`, `/metrics` and `/ice`, for whoever has an HTTP server of his own.
   * @returns false for any other path, and while it is not started: then the request is somebody else's
   */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean {
    return this.run?.service.answer(request, response) ?? false;
  }

  getStats(): ServerStats {
    const { run } = this;
    const { host, port, maxConnections } = this.options;
    if (run === undefined) {
      return { isRunning: false, connections: 0, peers: 0, maxConnections, uptime: 0, host, port };
    }
    const { backplane } = run.service.board;
    return {
      ...(backplane && { backplane }),
      isRunning: true,
      connections: run.service.board.hub.connections,
      peers: run.service.board.peerCount,
      maxConnections,
      uptime: Math.round(performance.now() - run.since),
      host,
      port: run.port,
    };
  }

  /** Who is connected, in the order in which they came (S141). */
  getPeers(): PeerInfo[] {
    return this.run?.service.board.peers() ?? [];
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

  private get run(): Run | undefined {
    return this.state.name === 'running' || this.state.name === 'draining' ? this.state : undefined;
  }

  private get readiness(): Readiness {
    if (this.state.name !== 'running') return { status: 'draining' };
    const isWhole = this.state.service.board.backplane?.up ?? true;
    return isWhole ? { status: 'ready' } : { status: 'degraded', missing: ['backplane'] };
  }

  private createService(): Service {
    const { options, authorize, metrics } = this;
    const service: Service = new Service({
      options,
      authorize,
      server: this.httpServer,
      nodes: this.nodes,
      metrics,
      handlers: {
        event: (event) => this.onHubEvent(event, service),
        error: (error, peerId) => this.listeners.emit('error', peerId === undefined ? { error } : { error, peerId }),
      },
      health: () => this.getStats(),
      readiness: () => this.readiness,
    });
    return service;
  }

  private async open(): Promise<ServerAddress> {
    const { host } = this.options;
    const service = this.createService();
    try {
      const port = await service.open();
      this.state = { name: 'running', service, port, since: performance.now() };
      this.listeners.emit('started', { host, port });
      return { host, port, url: `ws://${host.includes(':') ? `[${host}]` : host}:${port}` };
    } catch (error) {
      this.state = { name: 'stopped' };
      throw error;
    }
  }

  private async close(service: Service): Promise<void> {
    await service.close();
    this.state = { name: 'stopped' };
    this.listeners.emit('stopped', undefined);
  }

  private onHubEvent(event: HubEvent, service: Service): void {
    const { peerId } = event;
    const totalConnections = service.board.hub.connections;
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
