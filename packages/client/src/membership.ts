import { decodeContent, PeerPigeonError, type PeerId } from '@peerpigeon/core';
import { DEFAULT_NETWORK, type Event, type MeshSettings } from '@peerpigeon/mesh';
import type { Resume } from '@peerpigeon/signaling-protocol';
import { watchPage } from './adapters/page.js';
import { keepResume, takeResume } from './adapters/tab-session.js';
import { CHAT } from './content.js';
import { Emitter } from './emitter.js';
import { makeEngine, type Engine } from './engine.js';
import type { MeshEvents, StatusChange } from './events.js';
import { Joining, type Failure } from './joining.js';
import type { Logger } from './logger.js';
import { Messenger, type Incoming } from './messenger.js';
import { joinOf, settingsOf, type CheckedConnect, type MeshOptions } from './options.js';

/** The close code of a channel that was closed normally: RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;

/** From `connect()` to `disconnect()`. */
interface Stay {
  readonly request: CheckedConnect;
  /** The `connect()` under way. */
  joining: Joining | undefined;
  /** When it succeeded, monotonic. */
  since: number | undefined;
  /** The application was told `connected`, and not yet `disconnected`. */
  told: boolean;
  /** With it the next load of this page takes our connection over. */
  resume: Resume | undefined;
  leavePage: () => void;
}

/**
 * The part of `PeerPigeonMesh` that lasts: its engine once there is one, whether it has joined, its settings, and what the
 * mesh's events are to the application.
 */
export class Membership {
  readonly events: Emitter<MeshEvents>;
  readonly messenger: Messenger;
  /** Those in force; changed by {@link configure} alone. */
  settings: MeshSettings;
  /** The engine, once `init()` has made it. */
  engine: Engine | undefined;
  /** The server that accepted us last, or the first one asked. */
  url: string | null = null;
  private readonly options: MeshOptions;
  private readonly givenId: PeerId | undefined;
  private readonly logger: Logger;
  private starting: Promise<Engine> | undefined;
  private stay: Stay | undefined;

  constructor(options: MeshOptions, givenId: PeerId | undefined, logger: Logger) {
    this.options = options;
    this.givenId = givenId;
    this.logger = logger;
    this.settings = settingsOf(options);
    this.events = new Emitter((type, error) => this.onListenerError(type, error));
    this.messenger = new Messenger(() => this.joined(), logger);
    this.messenger.read(CHAT, { message: (message) => this.onMessage(message) });
  }

  /** Milliseconds since the successful `connect()`, 0 without one (S74). */
  get uptime(): number {
    const since = this.stay?.since;
    return since === undefined || this.engine === undefined ? 0 : this.engine.ports.clock.now() - since;
  }

  /** The engine while the mesh has joined, or is about to. */
  get joinedEngine(): Engine | undefined {
    return this.stay === undefined ? undefined : this.engine;
  }

  /**
   * The engine of a mesh that has joined, or is about to.
   * @throws {PeerPigeonError} `NOT_INITIALIZED`, `NOT_CONNECTED`
   */
  joined(): Engine {
    const engine = this.initialized();
    if (this.stay === undefined) throw new PeerPigeonError('NOT_CONNECTED', 'call connect() first');
    return engine;
  }

  /** @throws {PeerPigeonError} `NOT_INITIALIZED` */
  initialized(): Engine {
    if (this.engine === undefined) throw new PeerPigeonError('NOT_INITIALIZED', 'call init() or connect() first');
    return this.engine;
  }

  /** S9. @throws {PeerPigeonError} `UNSUPPORTED` */
  async init(): Promise<Engine> {
    if (this.engine !== undefined) return this.engine;
    this.starting ??= this.start();
    try {
      return await this.starting;
    } finally {
      this.starting = undefined;
    }
  }

  /** Joins as asked; see `PeerPigeonMesh.connect`. */
  async join(request: CheckedConnect): Promise<void> {
    if (this.stay !== undefined) {
      throw new PeerPigeonError('ALREADY_CONNECTED', `disconnect()${this.url && ` from ${this.url}`} first`);
    }
    const blank = { joining: undefined, since: undefined, told: false, resume: undefined, leavePage: () => {} };
    const stay: Stay = { request, ...blank };
    const [url = null] = request.urls;
    this.stay = stay;
    this.url = url;
    try {
      const { ports, runtime, dht } = await this.init();
      await dht?.open();
      if (this.stay !== stay) throw new PeerPigeonError('ABORTED', 'connect() was aborted by disconnect()');
      if (url !== null) stay.joining = new Joining(ports.clock, request);
      stay.leavePage = watchPage({
        hidden: () => {
          this.tellLeaving();
          this.keep(stay);
          this.goodbye(stay, 'page closed');
        },
        restored: () => this.enter(runtime, request),
        awake: () => runtime.feed({ type: 'hasten' }),
      });
      if (url !== null) this.tell({ type: 'connecting', message: `connecting to ${request.urls.join(', ')}`, url });
      this.enter(runtime, request);
      await stay.joining?.done;
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
    if (stay === undefined) return void this.engine?.dht?.close();
    this.tellLeaving();
    this.stay = undefined;
    stay.leavePage();
    stay.joining?.abort('disconnect()');
    this.goodbye(stay, reason);
    void this.engine?.dht?.close();
  }

  configure(settings: MeshSettings): void {
    this.settings = settings;
    this.engine?.runtime.feed({ type: 'configure', settings });
    this.tell({ type: 'settings', message: 'settings changed', settings });
  }

  /** An application's listener or handler threw. */
  onListenerError(type: string, error: unknown): void {
    const message = `a listener of ${type} threw: ${String(error)}`;
    // Told by an event as well, unless it is the listener of that event which throws.
    if (type === 'statusChanged') this.logger.error(message, error);
    else this.report(message, error);
  }

  private async start(): Promise<Engine> {
    const engine = await makeEngine(this.options, {
      peerId: this.givenId,
      settings: () => this.settings,
      logger: this.logger,
      onEvent: (event) => this.onEvent(event),
      show: {
        fileOffered: (offer) => this.show('fileOffered', offer),
        streamOpened: (stream) => this.show('streamOpened', stream),
      },
      tell: {
        changed: (change) => this.post('dhtValueChanged', change),
        conflicted: (conflict) => this.post('dhtConflict', conflict),
      },
      onWarning: (warning) => this.tell({ type: 'warning', ...warning }),
      onError: (error, message = 'an error inside PeerPigeon') => this.report(message, error),
    });
    this.engine = engine;
    const { peerId } = engine;
    this.tell({ type: 'initialized', message: `this peer is ${peerId}`, peerId });
    return engine;
  }

  private enter(runtime: Engine['runtime'], request: CheckedConnect): void {
    const { givenId } = this;
    const resume = givenId === undefined ? undefined : takeResume(this.network, givenId);
    const servers = request.urls.length > 0 ? joinOf(request) : {};
    runtime.feed({ type: 'join', ...servers, resume, history: this.options.history });
    this.messenger.tell({ type: 'joined' });
  }

  private get network(): string {
    return this.options.networkName ?? DEFAULT_NETWORK;
  }

  /** For the next load of this page, which has the same id only if that is given. */
  private keep({ resume }: Stay): void {
    if (resume !== undefined && this.givenId !== undefined) keepResume(this.network, this.givenId, resume);
  }

  /** While messages can still be sent. */
  private tellLeaving(): void {
    if (this.engine !== undefined) this.messenger.tell({ type: 'leaving' });
  }

  private goodbye(stay: Stay, reason: string): void {
    this.engine?.runtime.feed({ type: 'leave' });
    const { url } = this;
    if (stay.told && url !== null) this.post('disconnected', { url, reason, code: NORMAL_CLOSURE, permanent: true });
    stay.told = false;
    this.tell({ type: 'disconnected', message: reason, reason });
  }

  /** What the mesh's events are to the application. */
  private onEvent(event: Event): void {
    if (!this.messenger.tell(event)) return;
    switch (event.type) {
      case 'message':
        // The messenger has handed it out.
        return;
      case 'signalingConnected':
        return this.onConnected(event);
      case 'signalingDisconnected':
        return this.onLost(event);
      case 'datagram':
      case 'datagramFailed':
        return;
      case 'peerForgotten':
        // The getters no longer name it; the README has no event for it.
        return;
      case 'peerDiscovered':
        return this.post('peerDiscovered', { peerId: event.peer });
      case 'peerConnected':
        this.post('peerConnected', { peerId: event.peer });
        return this.onPeersUpdated();
      case 'peerDisconnected':
        this.post('peerDisconnected', { peerId: event.peer, reason: event.reason || 'unknown' });
        return this.onPeersUpdated();
      case 'peerEvicted': {
        const { peer: peerId, reason, initiatedBy } = event;
        return this.post('peerEvicted', { peerId, reason, initiatedBy });
      }
      case 'peerDegraded': {
        const message = `nothing heard of ${event.peer} for a while`;
        return this.tell({ type: 'peerDegraded', message, peerId: event.peer });
      }
      case 'peerReconnecting': {
        const message = `looking for another path to ${event.peer}`;
        return this.tell({ type: 'peerReconnecting', message, peerId: event.peer });
      }
      case 'peerRecovered':
        return this.tell({ type: 'peerRecovered', message: `${event.peer} is heard of again`, peerId: event.peer });
      case 'messageDelivered': {
        const { messageId, to: peerId, hops, roundTripMs, late } = event;
        return this.post('messageDelivered', { messageId, peerId, hops, roundTripMs, late });
      }
      case 'messageFailed':
        return this.post('messageFailed', { messageId: event.messageId, peerId: event.to, reason: event.reason });
      case 'messageGap': {
        const { from, epoch, fromSeq, toSeq } = event;
        return this.post('messageGap', { from, epoch, fromSeq, toSeq });
      }
      case 'messageUnsent':
        return this.post('messageUnsent', { messageId: event.messageId, reason: event.reason });
      case 'receipts':
        // The promise of the broadcast has it.
        return;
      case 'evaluated': {
        const { findings } = event;
        const message = findings.map((finding) => finding.message).join('; ');
        if (findings.length > 0) this.tell({ type: 'warning', code: 'evaluation', message, findings });
        return;
      }
      case 'warning':
        return this.tell(event);
    }
  }

  private onConnected({ url, resume }: Extract<Event, { type: 'signalingConnected' }>): void {
    const { stay } = this;
    this.url = url;
    stay?.joining?.accepted();
    if (stay !== undefined) {
      stay.told = true;
      stay.resume = resume;
    }
    this.post('connected', { url });
    this.tell({ type: 'connected', message: `connected to ${url}`, url });
  }

  private onLost(failure: Failure): void {
    const { stay } = this;
    const { url, reason, code, permanent } = failure;
    // A first attempt that failed is no loss of signaling.
    if (stay?.told === true) this.post('disconnected', { url, reason, code, permanent });
    if (permanent) {
      const message = `the signaling server refused this peer: ${reason} (${code})`;
      this.tell({ type: 'error', message, error: { code, reason } });
    } else {
      this.tell({ type: 'reconnecting', message: `no signaling by ${url}: ${reason} (${code})`, url, reason, code });
    }
    stay?.joining?.lost(failure);
    if (stay !== undefined) stay.told = false;
  }

  private onPeersUpdated(): void {
    this.post('peersUpdated', { peers: this.engine?.mesh.report.peers() ?? [] });
  }

  private onMessage({ envelope, hops, ttl, path, verified }: Incoming): void {
    const { id: messageId, from, timestamp, kind } = envelope;
    const content = decodeContent(envelope.content);
    const direct = kind === 'direct';
    this.post('messageReceived', { messageId, from, content, direct, hops, ttl, path, timestamp, verified });
  }

  private report(message: string, error: unknown): void {
    this.logger.error(message, error);
    this.tell({ type: 'error', message, error });
  }

  private tell(change: StatusChange): void {
    this.post('statusChanged', change);
  }

  /** Posts what the application has to answer; false when nobody listens for it. */
  private show<Type extends keyof MeshEvents>(type: Type, payload: MeshEvents[Type]): boolean {
    if (!this.events.isHeard(type)) return false;
    this.post(type, payload);
    return true;
  }

  private post<Type extends keyof MeshEvents>(type: Type, payload: MeshEvents[Type]): void {
    this.logger.debug(type, payload);
    this.events.post(type, payload);
  }
}
