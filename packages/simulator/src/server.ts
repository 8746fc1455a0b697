import { DecodeError, SeededRng } from '@peerpigeon/core';
import type { Millis } from '@peerpigeon/core';
import type { ChannelCommand, ChannelEvent } from '@peerpigeon/mesh';
import {
  CloseCode,
  Hub,
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
} from '@peerpigeon/signaling-protocol';
import type { ClientMessage, HubInput, HubOutput, ServerMessage } from '@peerpigeon/signaling-protocol';
import { WEBSOCKET_TRIPS } from './config.js';
import type { VirtualClock } from './clock.js';
import type { Faults } from './faults.js';
import type { Happening } from './happening.js';
import { hash } from './hash.js';
import type { Latency } from './latency.js';
import type { Observer } from './observer.js';
import type { Partition } from './partition.js';
import type { SimulatedPeer } from './peer.js';

/** What the server needs. */
export interface ServerOptions {
  readonly seed: number;
  readonly clock: VirtualClock<Happening>;
  readonly latency: Latency;
  readonly faults: Faults;
  readonly wire: boolean;
  readonly wallMs: () => Millis;
  readonly partition: Partition;
  readonly observer: Observer | undefined;
}

/** One WebSocket, as both ends see it. What the two disagree on is still on its way. */
interface Socket {
  readonly connection: number;
  readonly peer: SimulatedPeer;
  readonly latencyMs: Millis;
  client: 'opening' | 'open' | 'closed';
  server: 'opening' | 'open' | 'closed';
}

/**
 * The signaling server of a network: the hub machine behind WebSockets with latency, loss, duplicates and reordering.
 *
 * A killed peer's socket falls silent and stays open until the hub finds out: nothing is closed, probes are not answered.
 * A frozen peer's browser answers probes (RFC 6455 §5.5.2 pings, which never reach the page). What passes between the
 * server and a peer that a cut keeps from it is lost, the end of a socket included.
 */
export class SignalingServer {
  /** Inputs the hub has handled. */
  handled = 0;
  private readonly options: ServerOptions;
  private readonly sockets = new Map<number, Socket>();
  private readonly byPeer = new Map<SimulatedPeer, Socket>();
  private readonly out: HubOutput[] = [];
  private hub: Hub | undefined;
  private connections = 0;
  private starts = 0;

  constructor(options: ServerOptions) {
    this.options = options;
    this.start();
  }

  /** Whether it runs. */
  get isRunning(): boolean {
    return this.hub !== undefined;
  }

  /** Starts it, with a hub that knows nobody. It runs from the beginning; harmless while it does. */
  start(): void {
    if (this.hub !== undefined) return;
    const rng = new SeededRng(hash(this.options.seed, 'hub', String(this.starts++)));
    this.hub = new Hub({ rng, config: { maxConnections: Infinity } });
  }

  /** Stops it: every socket closes as "going away", and new ones are refused until it is started again. */
  stop(): void {
    for (const socket of this.sockets.values()) this.shut(socket, CloseCode.GOING_AWAY, 'the server stops');
    this.hub = undefined;
  }

  /** A peer does something with its socket. */
  command(peer: SimulatedPeer, command: ChannelCommand): void {
    switch (command.type) {
      case 'open':
        return this.open(peer);
      case 'write':
        return this.receive(peer, command.message);
      case 'close':
        return this.hangUp(peer);
    }
  }

  /** A peer opens a socket, closing any other it has. */
  private open(peer: SimulatedPeer): void {
    this.hangUp(peer);
    const { clock, latency } = this.options;
    const latencyMs = latency.toServer(peer.id);
    const socket: Socket = { connection: this.connections++, peer, latencyMs, client: 'opening', server: 'opening' };
    this.byPeer.set(peer, socket);
    this.later(WEBSOCKET_TRIPS * latencyMs, () => {
      if (socket.client === 'closed' || peer.state === 'killed' || !this.reaches(socket)) return;
      if (this.hub === undefined) return this.shut(socket, CloseCode.LOST, 'connection refused');
      socket.server = 'open';
      this.sockets.set(socket.connection, socket);
      this.options.observer?.socketOpened(peer.id, clock.now);
      this.later(latencyMs, () => {
        if (socket.client !== 'opening') return;
        socket.client = 'open';
        this.feed(peer, { type: 'opened' });
      });
      this.handle({ type: 'connected', connection: socket.connection, peerId: peer.id });
    });
  }

  /** A peer writes to its socket. */
  private receive(peer: SimulatedPeer, message: ClientMessage): void {
    const socket = this.byPeer.get(peer);
    if (socket?.client !== 'open' || !this.reaches(socket)) return;
    const text = this.options.wire ? encodeClientMessage(message, peer.id, peer.wallMs) : undefined;
    for (const lateMs of this.options.faults.signaling()) {
      this.later(socket.latencyMs + lateMs, () => this.arrive(socket, message, text));
    }
  }

  private arrive(socket: Socket, message: ClientMessage, text: string | undefined): void {
    if (socket.server !== 'open') return;
    const { connection } = socket;
    const { observer, clock } = this.options;
    try {
      const read = text === undefined ? message : decodeClientMessage(text);
      observer?.signaled(socket.peer.id, read, clock.now);
      this.handle({ type: 'message', connection, message: read });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.handle({ type: 'malformed', connection, error });
    }
  }

  /** A peer closes its socket. */
  hangUp(peer: SimulatedPeer): void {
    const socket = this.byPeer.get(peer);
    if (socket === undefined) return;
    socket.client = 'closed';
    this.byPeer.delete(peer);
    if (!this.reaches(socket)) return;
    this.later(socket.latencyMs, () => {
      if (socket.server !== 'open') return;
      this.forget(socket);
      this.handle({ type: 'closed', connection: socket.connection });
    });
  }

  private handle(input: HubInput): void {
    const { hub, out } = this;
    if (hub === undefined) return;
    this.handled++;
    hub.handle(input, this.options.clock.now, out);
    for (const output of out) this.carryOut(output);
    out.length = 0;
  }

  private carryOut(output: HubOutput): void {
    if (output.type === 'event') return;
    if (output.type === 'timer') {
      const { hub } = this;
      this.later(output.at - this.options.clock.now, () => {
        if (this.hub === hub) this.handle({ type: 'timer', timer: output.timer });
      });
      return;
    }
    const socket = this.sockets.get(output.connection);
    if (socket === undefined) return;
    switch (output.type) {
      case 'write':
        return this.write(socket, output.message);
      case 'close':
        return this.shut(socket, output.code, output.reason);
      case 'probe':
        return this.later(2 * socket.latencyMs, () => {
          const up = socket.server === 'open' && socket.peer.state === 'up' && socket.client === 'open';
          if (up && this.reaches(socket)) this.handle({ type: 'alive', connection: socket.connection });
        });
    }
  }

  private write(socket: Socket, message: ServerMessage): void {
    const { observer, clock, faults, wire, wallMs } = this.options;
    observer?.signaled(socket.peer.id, message, clock.now);
    if (!this.reaches(socket)) return;
    const text = wire ? encodeServerMessage(message, wallMs()) : undefined;
    for (const lateMs of faults.signaling()) {
      this.later(socket.latencyMs + lateMs, () => {
        if (socket.client === 'open') this.feed(socket.peer, readServerMessage(message, text));
      });
    }
  }

  /** The server's end closes, and the client learns of it. */
  private shut(socket: Socket, code: number, reason: string): void {
    this.forget(socket);
    if (!this.reaches(socket)) return;
    this.later(socket.latencyMs, () => {
      if (socket.client === 'closed') return;
      socket.client = 'closed';
      if (this.byPeer.get(socket.peer) === socket) this.byPeer.delete(socket.peer);
      this.feed(socket.peer, { type: 'closed', code, reason });
    });
  }

  private reaches({ peer }: Socket): boolean {
    return this.options.partition.reachesServer(peer);
  }

  private forget(socket: Socket): void {
    socket.server = 'closed';
    this.sockets.delete(socket.connection);
  }

  private feed(to: SimulatedPeer, event: ChannelEvent): void {
    this.options.clock.at(this.options.clock.now, { type: 'input', to, input: { type: 'signaling', event } });
  }

  private later(delayMs: Millis, act: () => void): void {
    this.options.clock.at(this.options.clock.now + delayMs, { type: 'act', act });
  }
}

function readServerMessage(message: ServerMessage, text: string | undefined): ChannelEvent {
  if (text === undefined) return { type: 'message', message };
  try {
    return { type: 'message', message: decodeServerMessage(text) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { type: 'malformed', error };
  }
}
