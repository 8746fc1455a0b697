import { PeerPigeonError, type PeerId } from '@peerpigeon/core';
import { peerIdFromName } from '@peerpigeon/identity';
import type { Clock, Signaling } from '@peerpigeon/mesh';
import { bareRecord, DEFAULT_NETWORK, Session } from '@peerpigeon/signaling-protocol';
import type { Event, Input, Output, Resume, Timer } from '@peerpigeon/signaling-protocol';
import { watchPage } from './adapters/page.js';
import { secureRng } from './adapters/secure-rng.js';
import { systemClock } from './adapters/system-clock.js';
import { keepResume, takeResume } from './adapters/tab-session.js';
import type { SignalingToken } from './adapters/signaling-token.js';
import { webCrypto } from './adapters/web-crypto.js';
import type { WebSocketConstructor } from './adapters/web-socket.js';
import { Alarm } from './alarm.js';
import { Emitter, type Listener } from './emitter.js';
import { hostSignaling } from './host-ports.js';
import { Joining } from './joining.js';
import { prefixedLogger, type Logger } from './logger.js';
import { checkConnect, checkToken, joinOf, type CheckedConnect, type ConnectOptions } from './options.js';
import { Uplink } from './uplink.js';

/** Options of `new SignalingClient(options)`. */
export interface SignalingClientOptions {
  /** 40 hex digits are the id, any other text is a name. */
  readonly peerId: string;
  readonly networkName?: string;
  /** WebSocket to use instead of the host's. */
  readonly WebSocket?: WebSocketConstructor;
  /** As the mesh's option: the token that the server wants, or what fetches one. */
  readonly signalingToken?: SignalingToken;
  /** Signaling port to use instead of WebSocket. */
  readonly signaling?: Signaling;
  /** Where errors go; default the console. */
  readonly logger?: Logger;
}

/** A signal of another peer. `data` is JSON from a stranger: check it before use. */
export interface PeerSignal {
  readonly peerId: PeerId;
  readonly data: unknown;
}

/** Events of a {@link SignalingClient}. */
export type SignalingEvents = {
  connected: { readonly url: string };
  /** Unless `permanent`, it is tried again. */
  disconnected: { readonly url: string; readonly reason: string; readonly code: number; readonly permanent: boolean };
  peerDiscovered: { readonly peerId: PeerId };
  peerDisconnected: { readonly peerId: PeerId };
  offer: PeerSignal;
  answer: PeerSignal;
  iceCandidate: PeerSignal;
  /** Whatever else peers say to each other before they have a link. */
  signal: PeerSignal;
  /** The server complained, or what was sent to `peerId` did not reach it. */
  error: { readonly code: string; readonly message: string; readonly peerId?: PeerId };
};

/** Where it stands (S116). */
export type SignalingState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

/**
 * A client of a signaling server, for use without a mesh (S5): announces a peer, learns of others, relays what they say.
 * It comes back by itself after every loss but a refusal.
 * @example
 * const client = new SignalingClient({ peerId: 'alice' });
 * client.on('offer', ({ peerId, data }) => console.log(peerId, data));
 * await client.connect('ws://localhost:3000');
 */
export class SignalingClient {
  readonly peerId: PeerId;
  private readonly options: SignalingClientOptions;
  private readonly clock: Clock = systemClock();
  private readonly session: Session;
  private readonly events: Emitter<SignalingEvents>;
  private readonly logger: Logger;
  private readonly alarm: Alarm<Timer>;
  private readonly inputs: Input[] = [];
  private uplink: Uplink | undefined;
  private joining: Joining | undefined;
  private accepted = false;
  private resume: Resume | undefined;
  private leavePage: () => void = () => {};
  private draining = false;

  /** @throws {TypeError} for a wrong id; {RangeError} for a wrong network; {PeerPigeonError} `UNSUPPORTED` */
  constructor(options: SignalingClientOptions) {
    this.options = options;
    checkToken(options.signalingToken);
    this.peerId = peerIdFromName(options.peerId);
    const record = { ...bareRecord(this.peerId), epoch: this.clock.wall() };
    this.session = new Session({ record, network: options.networkName, rng: secureRng(webCrypto()) });
    this.logger = prefixedLogger(options.logger ?? console, 'error', () => this.peerId);
    this.events = new Emitter((type, error) => this.logger.error(`a listener of ${type} threw`, error));
    this.alarm = new Alarm(this.clock, (timers) => {
      for (const timer of timers) this.inputs.push({ type: 'timer', timer });
      this.drain();
    });
  }

  get state(): SignalingState {
    const { name } = this.session.state;
    if (name === 'connected') return 'connected';
    if (name === 'idle' || name === 'refused') return 'closed';
    return this.accepted ? 'reconnecting' : 'connecting';
  }

  /**
   * Reaches a server and announces this peer; resolves once it is accepted. Of several addresses each is tried in turn.
   * @throws as `PeerPigeonMesh.connect`
   */
  async connect(url: string | readonly string[], options: ConnectOptions = {}): Promise<void> {
    const checked = checkConnect(url, options);
    if (this.joining !== undefined || this.state === 'connected' || this.state === 'reconnecting') {
      throw new PeerPigeonError('ALREADY_CONNECTED', 'disconnect() first');
    }
    const joining = new Joining(this.clock, checked);
    this.joining = joining;
    try {
      const { clock, peerId, logger } = this;
      const signaling = this.options.signaling ?? (await hostSignaling(this.options));
      this.uplink ??= new Uplink({ signaling, clock }, peerId, logger, (event) => this.feed(event));
      if (this.joining === joining) this.enter(checked);
      await joining.done;
    } catch (error) {
      if (this.joining === joining) this.leave();
      throw error;
    } finally {
      if (this.joining === joining) this.joining = undefined;
    }
  }

  /** Says goodbye and closes; harmless when not connected. */
  disconnect(): void {
    this.joining?.abort('disconnect()');
    this.joining = undefined;
    this.leave();
  }

  /** Announces this peer again, which asks for peers; rationed, so that asking often costs nothing. */
  announce(): void {
    this.feed({ type: 'discover' });
  }

  sendOffer(peerId: string, data: unknown): void {
    this.feed({ type: 'send', to: peerIdFromName(peerId), kind: 'offer', data });
  }

  sendAnswer(peerId: string, data: unknown): void {
    this.feed({ type: 'send', to: peerIdFromName(peerId), kind: 'answer', data });
  }

  sendIceCandidate(peerId: string, data: unknown): void {
    this.feed({ type: 'send', to: peerIdFromName(peerId), kind: 'ice-candidate', data });
  }

  /** Adds a listener; the returned function removes it. */
  on<Type extends keyof SignalingEvents>(type: Type, listener: Listener<SignalingEvents[Type]>): () => void {
    return this.events.on(type, listener);
  }

  off<Type extends keyof SignalingEvents>(type: Type, listener: Listener<SignalingEvents[Type]>): void {
    this.events.off(type, listener);
  }

  private enter(request: CheckedConnect): void {
    const { peerId, network } = this;
    this.leavePage();
    this.leavePage = watchPage({
      hidden: () => this.resume && keepResume(network, peerId, this.resume),
      restored: () => this.feed({ type: 'hasten' }),
      awake: () => this.feed({ type: 'hasten' }),
    });
    this.feed({ type: 'join', ...joinOf(request), resume: takeResume(network, peerId) });
  }

  private get network(): string {
    return this.options.networkName ?? DEFAULT_NETWORK;
  }

  private leave(): void {
    this.leavePage();
    this.leavePage = () => {};
    this.resume = undefined;
    this.accepted = false;
    this.feed({ type: 'leave' });
    this.alarm.clear();
  }

  private feed(input: Input): void {
    this.inputs.push(input);
    this.drain();
  }

  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    const out: Output[] = [];
    for (let at = 0; at < this.inputs.length; at++) {
      this.session.handle(this.inputs[at] as Input, this.clock.now(), out);
      for (const output of out) this.perform(output);
      out.length = 0;
    }
    this.inputs.length = 0;
    this.draining = false;
    this.alarm.set();
  }

  private perform(output: Output): void {
    switch (output.type) {
      case 'open':
      case 'write':
      case 'close':
        return this.uplink?.command(output);
      case 'timer':
        return this.alarm.push(output.at, output.timer);
      case 'event':
        return this.onEvent(output.event);
    }
  }

  private onEvent(event: Event): void {
    switch (event.type) {
      case 'connected':
        this.accepted = true;
        this.resume = event.resume;
        this.joining?.accepted();
        return this.events.post('connected', { url: event.url });
      case 'disconnected': {
        const { url, reason, code, permanent } = event;
        this.joining?.lost(event);
        return this.events.post('disconnected', { url, reason, code, permanent });
      }
      case 'discovered':
        for (const { id: peerId } of event.records) this.events.post('peerDiscovered', { peerId });
        return;
      case 'departed':
        return this.events.post('peerDisconnected', { peerId: event.peer });
      case 'signal': {
        const type = event.kind === 'ice-candidate' ? 'iceCandidate' : event.kind;
        return this.events.post(type, { peerId: event.from, data: event.data });
      }
      case 'absent':
        return this.fail('TARGET_ABSENT', 'the peer is not at the server', event.peer);
      case 'unsent':
        return this.fail('NOT_CONNECTED', `${event.kind} was not sent: there is no connection`, event.peer);
      case 'error':
        return this.events.post('error', { code: event.code, message: event.message });
    }
  }

  private fail(code: string, message: string, peerId: PeerId): void {
    this.events.post('error', { code, message, peerId });
  }
}
