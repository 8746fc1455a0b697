/// <reference lib="esnext.disposable" preserve="true" />
import { MAX_HOPS, PeerPigeonError, type MessageId, type PeerId } from '@peerpigeon/core';
import { ArgumentRangeError, ArgumentTypeError, checkInteger, checkString, parseId } from './argument.js';
import { Channel, type ChannelOptions } from './channel.js';
import { CHAT, encodeMessage } from './content.js';
import type { Listener } from './emitter.js';
import type { MeshEvents } from './events.js';
import type { Reach, Receipt, SendOptions } from './messenger.js';
import { MAX_BROADCAST_BYTES } from './parts.js';
import { InvitingMesh } from './invites/inviting-mesh.js';
import { Presence } from './presence.js';
import type { FileTransfer, SendFileOptions } from './transfer/offers.js';
import type { FileContent } from './transfer/source.js';
import type { Transfers } from './transfer/transfers.js';
import { checkMethod, Requests, type RequestHandler, type RequestOptions } from './requests.js';
import {
  checkConnect,
  checkSending,
  withMaxPeers,
  withMinPeers,
  withSwitch,
  type ConnectOptions,
  type MeshOptions,
} from './options.js';

/** Reasons travel to the other side; a guess, enough for a sentence. */
const MAX_REASON_LENGTH = 128;

/**
 * A peer of a mesh: finds others through a signaling server, links with some of them over WebRTC, and talks to all.
 *
 * Listeners run after the call that caused their event has returned. Setters, getters and listeners work at any time;
 * sending needs `connect()`.
 * @example
 * const mesh = new PeerPigeonMesh();
 * mesh.on('messageReceived', ({ from, content }) => console.log(from, content));
 * await mesh.connect('ws://localhost:3000');
 * mesh.sendMessage('hello');
 */
export class PeerPigeonMesh extends InvitingMesh {
  /** What gossip remembers (S21). */
  readonly gossipManager: { readonly seenMessages: { readonly size: number } };
  /** `disconnect()`, for `await using`; absent where the platform has no such symbol. */
  declare [Symbol.asyncDispose]: () => Promise<void>;
  private readonly requests: Requests;
  private presenceInUse: Presence | undefined;

  /** @throws {TypeError} or {RangeError} for an option that its setter would not take */
  constructor(options: MeshOptions = {}) {
    super(options);
    const { membership } = this;
    this.requests = new Requests({
      messenger: membership.messenger,
      clock: () => membership.joined().ports.clock,
      onError: (what, error) => membership.onListenerError(what, error),
    });
    this.gossipManager = {
      seenMessages: {
        get size() {
          return membership.engine?.mesh.report.seenMessages.size ?? 0;
        },
      },
    };
    if (typeof Symbol.asyncDispose !== 'symbol') return;
    this[Symbol.asyncDispose] = async () => {
      this.disconnect();
      await membership.engine?.dht?.close();
    };
  }

  /**
   * Detects what the host can do and creates the identity. `connect()` runs it when it has not run; repeating it is harmless.
   * @throws {PeerPigeonError} `UNSUPPORTED`, naming what is missing (S168)
   */
  async init(): Promise<void> {
    await this.membership.init();
  }

  /**
   * Joins the mesh through a signaling server; resolves once it has accepted this peer. Of several addresses, up to 16 of one
   * deployment, the first that accepts counts; when it is lost, and from then on until `disconnect()`, it and the others are
   * tried in turn. Addresses are ws: or wss:; http: and https: are understood as these. `broadcast:name` instead of a server: by
   * the other tabs of this origin that connect to the same name.
   * @throws {TypeError} or {RangeError} for a bad address or option
   * @throws {PeerPigeonError} `ALREADY_CONNECTED`, `UNSUPPORTED`, `INSECURE_URL`, `SIGNALING_REFUSED`; `SIGNALING_UNREACHABLE` or
   *   `TIMEOUT`, with `details.failures`: why, for each address; `ABORTED`
   * @example
   * await mesh.connect(['wss://one.example.org', 'wss://two.example.org'], { timeoutMs: 5_000 });
   */
  async connect(url: string | readonly string[], options: ConnectOptions = {}): Promise<void> {
    await this.membership.join(checkConnect(url, options));
  }

  /** Says goodbye and closes signaling and all links; harmless when not connected. The same mesh can connect again. */
  disconnect(): void {
    this.membership.leave('disconnected by the application');
  }

  // Events

  /** Adds a listener; the returned function removes it. The same one is added once. */
  on<Type extends keyof MeshEvents>(type: Type, listener: Listener<MeshEvents[Type]>): () => void {
    return this.membership.events.on(type, listener);
  }

  /** Adds a listener for the next event alone. */
  once<Type extends keyof MeshEvents>(type: Type, listener: Listener<MeshEvents[Type]>): () => void {
    return this.membership.events.once(type, listener);
  }

  off<Type extends keyof MeshEvents>(type: Type, listener: Listener<MeshEvents[Type]>): void {
    this.membership.events.off(type, listener);
  }

  addEventListener<Type extends keyof MeshEvents>(type: Type, listener: Listener<MeshEvents[Type]>): void {
    this.on(type, listener);
  }

  removeEventListener<Type extends keyof MeshEvents>(type: Type, listener: Listener<MeshEvents[Type]>): void {
    this.off(type, listener);
  }

  // Messages

  /**
   * Broadcasts plain data to the whole mesh, up to 1 MiB encoded; returns the message's id. `ttl` pins how many links it may cross.
   * @throws {TypeError} for what is not plain data; {RangeError} for a `ttl` that is not in 1…1023
   * @throws {PeerPigeonError} `NOT_INITIALIZED`, `NOT_CONNECTED`, `MESSAGE_TOO_LARGE`
   */
  sendMessage(content: unknown, { ttl }: { readonly ttl?: number } = {}): MessageId {
    this.membership.joined();
    if (ttl !== undefined) checkInteger('ttl', ttl, 1, MAX_HOPS);
    return this.membership.messenger.publish(CHAT, encodeMessage(content, MAX_BROADCAST_BYTES), ttl);
  }

  /**
   * Broadcasts as {@link sendMessage}, has every copy answered, and resolves with how many peers it reached: when all have
   * answered, or after 10 s. That costs several copies a peer, and as many answers.
   * @throws as {@link sendMessage}; rejects with `DISCONNECTED`
   */
  async broadcast(content: unknown, options: { readonly receipts: true; readonly ttl?: number }): Promise<Reach> {
    this.membership.joined();
    const { ttl, receipts } = options;
    if (!receipts) throw new ArgumentTypeError('receipts: expected true; without receipts call sendMessage()');
    if (ttl !== undefined) checkInteger('ttl', ttl, 1, MAX_HOPS);
    return this.membership.messenger.counted(CHAT, encodeMessage(content, MAX_BROADCAST_BYTES), ttl);
  }

  /**
   * Sends plain data to one peer, over other peers where need be; returns the message's id. `messageDelivered` or
   * `messageFailed` follows.
   * @throws as {@link sendMessage}, and {RangeError} for the own id
   */
  sendDirectMessage(peerId: string, content: unknown): MessageId {
    this.membership.joined();
    const { messenger } = this.membership;
    return messenger.post(CHAT, encodeMessage(content, messenger.maxDirectBytes), this.otherId(peerId), false);
  }

  /**
   * Sends plain data to one peer as {@link sendDirectMessage} does, and resolves when its application has it. A message sent
   * before there is any link waits for one.
   * @throws as {@link sendDirectMessage}; {PeerPigeonError} by how it failed, `details: {messageId, to, reason}`:
   *   `UNREACHABLE`, `TIMEOUT` (it may have arrived), `PEER_LEFT`, `REFUSED`, `ABORTED`, `DISCONNECTED`
   * @example
   * const { hops, roundTripMs } = await mesh.send(peerId, { move: 'e4' }, { timeoutMs: 5_000 });
   */
  async send(peerId: string, content: unknown, options: SendOptions = {}): Promise<Receipt> {
    this.membership.joined();
    checkSending(options);
    const { messenger } = this.membership;
    const encoded = encodeMessage(content, messenger.maxDirectBytes);
    return messenger.send(CHAT, encoded, this.otherId(peerId), options).done;
  }

  // Files and streams

  /**
   * Sends a file to one peer: over a direct link if there can be one, else over other peers; it goes on where it was after
   * either was lost for up to a minute. The other side gets `fileOffered`. What `content` consists of must not change meanwhile.
   * @throws {TypeError} or {RangeError} for wrong arguments
   * @throws {PeerPigeonError} `NOT_INITIALIZED`, `NOT_CONNECTED`, `NOT_AVAILABLE` with `transfer: false`
   * @example
   * const { done, cancel } = mesh.sendFile(peerId, input.files[0], { onProgress: ({ bytes, size }) => show(bytes / size) });
   * const { root, tookMs } = await done;
   */
  sendFile(peerId: string, content: FileContent, options: SendFileOptions = {}): FileTransfer {
    return this.transfers.sendFile(this.otherId(peerId), content, options);
  }

  /**
   * Opens a stream to one peer, which gets `streamOpened`: what is written to `writable` it reads, in order, as it comes. A
   * write waits until the other side has read enough. `transfer.done` resolves once that has read everything.
   * @throws as {@link sendFile}; `UNSUPPORTED` where there is no TransformStream
   * @example
   * const { writable } = mesh.openStream(peerId, { name: 'log' });
   * await lines.pipeThrough(new TextEncoderStream()).pipeTo(writable);
   */
  openStream(
    peerId: string,
    { name }: { readonly name: string },
  ): { readonly writable: WritableStream<Uint8Array>; readonly transfer: FileTransfer } {
    return this.transfers.openStream(this.otherId(peerId), name);
  }

  // Channels

  /**
   * Opens a channel (a topic): what is sent on it reaches the applications that have opened it, and no other listener. `name`
   * has 1 to 64 characters. Each call gives a handle of its own: the channel is open while one of them is. Works at any time.
   * @throws {TypeError} or {RangeError} for a wrong name or option
   * @example
   * const moves = mesh.channel<Move>('moves', { parse: readMove });
   * moves.on('message', ({ from, data }) => play(from, data));
   * await moves.send({ from: 'e2', to: 'e4' });
   */
  channel<T = unknown>(name: string, options: ChannelOptions<T> = {}): Channel<T> {
    const { messenger } = this.membership;
    return new Channel(name, options, {
      messenger,
      otherId: (peerId) => this.otherId(peerId),
      onError: (what, error) => this.membership.onListenerError(what, error),
    });
  }

  /**
   * Asks a peer, over other peers where need be, and resolves to what its handler of `method` gives: plain data, both ways.
   * `method` has 1 to 64 characters. `Result` is what you expect: content of others needs a check before use.
   * @throws {TypeError} or {RangeError} for wrong arguments; {RequestError} when the other side says why not
   * @throws {PeerPigeonError} when no answer came: `TIMEOUT`, `ABORTED`, `UNREACHABLE`, `PEER_LEFT`, `DISCONNECTED`, `BUSY`…
   * @example
   * const { sum } = await mesh.request<{ sum: number }>(peerId, 'add', [1, 2], { timeoutMs: 5_000 });
   */
  async request<Result = unknown>(
    peerId: string,
    method: string,
    params?: unknown,
    options: RequestOptions = {},
  ): Promise<Result> {
    this.membership.joined();
    checkSending(options);
    return (await this.requests.request(this.otherId(peerId), checkMethod(method), params, options)) as Result;
  }

  /**
   * Has `handler` answer requests for `method`, one handler each; the returned function undoes it. What it returns, or
   * resolves to, is the answer; a {@link RequestError} that it throws says why not. Works at any time, over `disconnect()` too.
   * @throws {TypeError} or {RangeError} for a wrong method or handler, and for a method that has one
   * @example
   * mesh.respond<number[]>('add', ([a, b], { from, signal }) => ({ sum: a + b }));
   */
  respond<Params = unknown, Result = unknown>(method: string, handler: RequestHandler<Params, Result>): () => void {
    return this.requests.respond(checkMethod(method), handler as RequestHandler);
  }

  /**
   * The small states of all peers: who is here, and what they are at. In use from the first access on.
   * @example
   * mesh.presence.on('change', ({ peerId, state }) => show(peerId, state));
   * mesh.presence.set({ name: 'Ada' });
   */
  get presence(): Presence {
    const { membership, requests } = this;
    this.presenceInUse ??= new Presence({
      messenger: membership.messenger,
      requests,
      engine: () => membership.joinedEngine,
      parseId,
      onError: (what, error) => membership.onListenerError(what, error),
    });
    return this.presenceInUse;
  }

  /**
   * How many messages for this application were dropped because they could not be read, or broke a rule: content that is no
   * plain data, what a channel's `parse` refused, malformed requests and presence.
   */
  get ignoredMessages(): number {
    return this.membership.messenger.ignored;
  }

  // Links

  /**
   * Dials a known peer; harmless when it is connected or being dialled.
   * @throws {TypeError} or {RangeError} for the own or a malformed id; {PeerPigeonError} `UNKNOWN_PEER`
   */
  connectToPeer(peerId: string): void {
    const { mesh, runtime } = this.membership.joined();
    const peer = this.otherId(peerId);
    if (mesh.report.hasPeer(peer)) return;
    if (!mesh.report.discovered().some((known) => known.peerId === peer)) {
      throw new PeerPigeonError('UNKNOWN_PEER', `${peer} has not been discovered`, { details: { peerId: peer } });
    }
    runtime.feed({ type: 'dial', peer });
  }

  /** Closes the link with a peer; both sides see the reason. No ban: it may be made again. */
  disconnectPeer(peerId: string, reason = 'closed by the application'): void {
    const peer = this.otherId(peerId);
    checkString('reason', reason, MAX_REASON_LENGTH);
    this.membership.engine?.runtime.feed({ type: 'hangup', peer, reason });
  }

  /** Dials every discovered peer up to `maxPeers`; returns how many attempts it started. */
  forceConnectToAllPeers(): number {
    const { mesh, runtime } = this.membership.joined();
    const busy = (): number => mesh.report.discovered().filter(({ isConnecting }) => isConnecting).length;
    const before = busy();
    let free = this.membership.settings.maxPeers - this.getConnectedPeerCount() - before;
    for (const { peerId, isConnecting } of this.getDiscoveredPeers()) {
      if (isConnecting || free-- <= 0) continue;
      runtime.feed({ type: 'dial', peer: peerId });
    }
    return Math.max(0, busy() - before);
  }

  // Settings

  /** 1 to 50, default 3. 1 makes pairs only, 2 only a ring; 8 is recommended. Takes `minPeers` down with it. */
  setMaxPeers(count: number): void {
    this.membership.configure(withMaxPeers(this.membership.settings, count));
  }

  /** 0 to 49, default 2, and at most `maxPeers`. */
  setMinPeers(count: number): void {
    this.membership.configure(withMinPeers(this.membership.settings, count));
  }

  setAutoDiscovery(on: boolean): void {
    this.membership.configure(withSwitch(this.membership.settings, 'autoDiscovery', on));
  }

  setEvictionStrategy(on: boolean): void {
    this.membership.configure(withSwitch(this.membership.settings, 'evictionStrategy', on));
  }

  setXorRouting(on: boolean): void {
    this.membership.configure(withSwitch(this.membership.settings, 'xorRouting', on));
  }

  /** @throws {RangeError} for anything but 'websocket' */
  setConnectionType(type: 'websocket'): void {
    if (type !== 'websocket') throw new ArgumentRangeError(`connectionType: expected 'websocket', got ${String(type)}`);
  }

  private get transfers(): Transfers {
    const { transfers } = this.membership.joined();
    if (transfers === undefined) throw new PeerPigeonError('NOT_AVAILABLE', 'this mesh was made with transfer: false');
    return transfers;
  }

  private otherId(peerId: string): PeerId {
    const id = parseId(peerId);
    if (id === this.peerId) throw new ArgumentRangeError('peerId: expected another peer, got the own id');
    return id;
  }
}
