import { decodeContent, DecodeError, PeerPigeonError, type PeerId } from '@peerpigeon/core';
import type { Event, MeshSettings } from '@peerpigeon/mesh';
import { watchPage } from './adapters/page.js';
import { CHAT } from './content.js';
import { Emitter } from './emitter.js';
import { makeEngine, type Engine } from './engine.js';
import type { MeshEvents, Notice } from './events.js';
import { Joining } from './joining.js';
import type { Logger } from './logger.js';
import { NORMAL_CLOSURE, notice, noticesOf, status } from './notices.js';
import { settingsOf, type ConnectOptions, type MeshOptions } from './options.js';

/** From `connect()` to `disconnect()`. */
interface Stay {
  readonly url: string;
  /** The `connect()` under way. */
  joining: Joining | undefined;
  /** When it succeeded, monotonic. */
  since: number | undefined;
  /** The application was told `connected`, and not yet `disconnected`. */
  told: boolean;
  leavePage: () => void;
}

/**
 * The part of `PeerPigeonMesh` that lasts: its engine once there is one, whether it has joined, its settings, and what the
 * mesh's events are to the application.
 */
export class Membership {
  readonly events: Emitter<MeshEvents>;
  private readonly options: MeshOptions;
  private readonly givenId: PeerId | undefined;
  private readonly logger: Logger;
  private current: MeshSettings;
  private running: Engine | undefined;
  private starting: Promise<Engine> | undefined;
  private stay: Stay | undefined;
  private lastUrl: string | null = null;

  constructor(options: MeshOptions, givenId: PeerId | undefined, logger: Logger) {
    this.options = options;
    this.givenId = givenId;
    this.logger = logger;
    this.current = settingsOf(options);
    this.events = new Emitter((type, error) => this.onListenerError(type, error));
  }

  get settings(): MeshSettings {
    return this.current;
  }

  /** The engine, once `init()` has made it. */
  get engine(): Engine | undefined {
    return this.running;
  }

  /** The URL last joined. */
  get url(): string | null {
    return this.lastUrl;
  }

  /** Milliseconds since the successful `connect()`, 0 without one (S74). */
  get uptime(): number {
    const since = this.stay?.since;
    return since === undefined || this.running === undefined ? 0 : this.running.ports.clock.now() - since;
  }

  /**
   * The engine of a mesh that has joined, or is about to.
   * @throws {PeerPigeonError} `NOT_INITIALIZED`, `NOT_CONNECTED`
   */
  joined(): Engine {
    if (this.running === undefined) throw new PeerPigeonError('NOT_INITIALIZED', 'call init() or connect() first');
    if (this.stay === undefined) throw new PeerPigeonError('NOT_CONNECTED', 'call connect() first');
    return this.running;
  }

  /** S9. @throws {PeerPigeonError} `UNSUPPORTED` */
  async init(): Promise<Engine> {
    if (this.running !== undefined) return this.running;
    this.starting ??= this.start();
    try {
      return await this.starting;
    } finally {
      this.starting = undefined;
    }
  }

  /** Joins through `url`, already checked; see `PeerPigeonMesh.connect`. */
  async join(url: string, options: Required<Pick<ConnectOptions, 'timeoutMs'>> & ConnectOptions): Promise<void> {
    if (this.stay !== undefined) {
      throw new PeerPigeonError('ALREADY_CONNECTED', `disconnect() from ${this.stay.url} first`);
    }
    const stay: Stay = { url, joining: undefined, since: undefined, told: false, leavePage: () => {} };
    this.stay = stay;
    this.lastUrl = url;
    try {
      const { ports, runtime } = await this.init();
      if (this.stay !== stay) throw new PeerPigeonError('ABORTED', 'connect() was aborted by disconnect()');
      stay.joining = new Joining(url, ports.clock, options);
      stay.leavePage = watchPage({
        hidden: () => this.goodbye(stay, 'page closed'),
        restored: () => runtime.feed({ type: 'join', url }),
      });
      this.post(status({ type: 'connecting', message: `connecting to ${url}`, url }));
      runtime.feed({ type: 'join', url });
      await stay.joining.done;
      stay.since = ports.clock.now();
    } catch (error) {
      if (this.stay === stay) this.leave('connect() failed');
      throw error;
    } finally {
      stay.joining = undefined;
    }
  }

  /** Leaves the mesh; harmless when not joined. */
  leave(reason: string): void {
    const { stay } = this;
    if (stay === undefined) return;
    this.stay = undefined;
    stay.leavePage();
    stay.joining?.abort('disconnect()');
    this.goodbye(stay, reason);
  }

  configure(settings: MeshSettings): void {
    this.current = settings;
    this.running?.runtime.feed({ type: 'configure', settings });
    this.post(status({ type: 'settings', message: 'settings changed', settings }));
  }

  private async start(): Promise<Engine> {
    const engine = await makeEngine(this.options, {
      peerId: this.givenId,
      settings: () => this.current,
      logger: this.logger,
      onEvent: (event) => this.onEvent(event),
      onError: (error) => this.report('an error inside PeerPigeon', error),
    });
    this.running = engine;
    const { peerId } = engine;
    this.post(status({ type: 'initialized', message: `this peer is ${peerId}`, peerId }));
    return engine;
  }

  private goodbye(stay: Stay, reason: string): void {
    this.running?.runtime.feed({ type: 'leave' });
    if (stay.told) this.post(notice('disconnected', { reason, code: NORMAL_CLOSURE, permanent: true }));
    stay.told = false;
    this.post(status({ type: 'disconnected', message: reason, reason }));
  }

  private onEvent(event: Event): void {
    if (event.type === 'message') return this.onMessage(event);
    const { stay } = this;
    if (event.type === 'signalingConnected') {
      stay?.joining?.accepted();
      if (stay !== undefined) stay.told = true;
    }
    for (const each of noticesOf(event)) {
      // A first attempt that failed is no loss of signaling.
      if (each.type !== 'disconnected' || stay?.told === true) this.post(each);
    }
    if (event.type === 'signalingDisconnected') {
      stay?.joining?.lost(event.reason, event.code, event.permanent);
      if (stay !== undefined) stay.told = false;
    }
    if (event.type === 'peerConnected' || event.type === 'peerDisconnected') {
      this.post(notice('peersUpdated', { peers: this.running?.mesh.report.peers() ?? [] }));
    }
  }

  private onMessage({ envelope, hops, ttl, path, verified }: Extract<Event, { readonly type: 'message' }>): void {
    const { id: messageId, from, timestamp, kind, channel } = envelope;
    // Other channels belong to other parts, or to later versions.
    if (channel !== CHAT) return;
    try {
      const content = decodeContent(envelope.content);
      const direct = kind === 'direct';
      this.post(notice('messageReceived', { messageId, from, content, direct, hops, ttl, path, timestamp, verified }));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.logger.warn(`message ${messageId} of ${from} cannot be read: ${error.message}`);
    }
  }

  private onListenerError(type: keyof MeshEvents, error: unknown): void {
    const message = `a listener of ${type} threw: ${String(error)}`;
    // Told by an event as well, unless it is the listener of that event which throws.
    if (type === 'statusChanged') this.logger.error(message, error);
    else this.report(message, error);
  }

  private report(message: string, error: unknown): void {
    this.logger.error(message, error);
    this.post(status({ type: 'error', message, error }));
  }

  private post({ type, payload }: Notice): void {
    this.logger.debug(type, payload);
    this.events.post(type, payload);
  }
}
