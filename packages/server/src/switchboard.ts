import { DecodeError, type Millis } from '@peerpigeon/core';
import { isPeerId } from '@peerpigeon/identity';
import {
  CloseCode,
  Hub,
  type HubEvent,
  type HubInput,
  type HubOutput,
  type HubTimer,
  type ServerMessage,
  decodeClientMessage,
  encodeServerMessage,
} from '@peerpigeon/signaling-protocol';
import type { RawData, WebSocket } from 'ws';
import { randomBytes } from 'node:crypto';
import type { ServerOptions } from './options.js';

/** What waits for one socket at most, in bytes, beyond one largest message. Ours: a reader that far behind is of no use. */
const MAX_BACKLOG_BYTES = 1024 * 1024;

/** Deepest nesting relayed; see the protocol's `DEFAULT_LIMITS`. */
const MAX_DEPTH = 32;

/** Text of a close frame at most, in bytes (RFC 6455 §5.5.1: 125 less the code). */
const MAX_REASON_BYTES = 123;

/** One open socket. */
interface Line {
  readonly socket: WebSocket;
  readonly remoteAddress: string;
}

/** Who is connected (S141). Times are wall clock, ms since 1970. */
export interface PeerInfo {
  readonly peerId: string;
  readonly network: string;
  readonly connectedAt: number;
  readonly lastActivity: number;
  readonly remoteAddress: string;
  readonly announced: boolean;
  readonly announcedAt: number | null;
}

/** What a switchboard tells its owner. */
export interface SwitchboardHandlers {
  event(event: HubEvent): void;
  /** A socket broke the WebSocket protocol, or failed. */
  error(error: Error, peerId: string | undefined): void;
}

/**
 * The hub's interpreter: sockets and the clock in, sockets and timers out. One drain rule: inputs are handled one at a
 * time, in the order in which they came, and the outputs of one are carried out before the next is handled.
 */
export class Switchboard {
  readonly hub: Hub;
  private readonly options: ServerOptions;
  private readonly handlers: SwitchboardHandlers;
  private readonly lines = new Map<number, Line>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly inputs: HubInput[] = [];
  private draining = false;
  private nextConnection = 1;
  /** The message written last, with its text: several receivers in a row cost one encoding. */
  private encoded: { readonly message: ServerMessage; readonly text: string } | undefined;

  constructor(options: ServerOptions, handlers: SwitchboardHandlers) {
    this.options = options;
    this.handlers = handlers;
    const rng = { uint32: () => randomBytes(4).readUInt32LE() };
    this.hub = new Hub({
      rng,
      tokens: rng,
      config: {
        maxConnections: options.maxConnections,
        peerTimeoutMs: options.peerTimeout,
        sweepIntervalMs: options.cleanupInterval,
        maxMessageBytes: options.maxMessageSize,
      },
    });
  }

  /** Takes a socket that has just opened. `peerId` and `network` are what its address says, unchecked. */
  accept(socket: WebSocket, remoteAddress: string, peerId: string | null, network: string | null): void {
    const connection = this.nextConnection++;
    this.add(connection, socket, remoteAddress, isPeerId(peerId) ? peerId : undefined);
    socket.on('message', (data, isBinary) => this.feed(this.read(connection, data, isBinary)));
    socket.on('pong', () => this.feed({ type: 'alive', connection }));
    this.feed({ type: 'connected', connection, peerId, network: network ?? undefined });
  }

  /** Closes a socket that has just opened. */
  refuse(socket: WebSocket, code: number, reason: string): void {
    this.add(this.nextConnection++, socket, '', undefined);
    socket.close(code, reason);
  }

  /** Who is connected. */
  peers(): PeerInfo[] {
    const epoch = Date.now() - performance.now();
    const wall = (at: Millis): number => Math.round(epoch + at);
    return Array.from(
      this.hub.presences(),
      ({ connection, peerId, network, connectedAt, lastHeardAt, announcedAt }) => ({
        peerId,
        network,
        connectedAt: wall(connectedAt),
        lastActivity: wall(lastHeardAt),
        remoteAddress: this.lines.get(connection)?.remoteAddress ?? '',
        announced: announcedAt !== undefined,
        announcedAt: announcedAt === undefined ? null : wall(announcedAt),
      }),
    );
  }

  /** Closes every socket as “going away”, those that do not answer within `patienceMs` by force. */
  async close(patienceMs: Millis): Promise<void> {
    const sockets = Array.from(this.lines.values(), (line) => line.socket);
    const closed = sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    for (const socket of sockets) socket.close(CloseCode.GOING_AWAY, 'the server stops');
    const force = setTimeout(() => {
      for (const socket of sockets) socket.terminate();
    }, patienceMs);
    await Promise.all(closed);
    clearTimeout(force);
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private add(connection: number, socket: WebSocket, remoteAddress: string, peerId: string | undefined): void {
    this.lines.set(connection, { socket, remoteAddress });
    socket.on('error', (error) => this.handlers.error(error, peerId));
    socket.on('close', () => {
      this.lines.delete(connection);
      this.feed({ type: 'closed', connection });
    });
  }

  private read(connection: number, data: RawData, isBinary: boolean): HubInput {
    try {
      if (isBinary) throw new DecodeError('UNEXPECTED', 'message: expected text, got bytes');
      // Without binary fragments ws hands over one Buffer, whose text it has checked to be UTF-8.
      const text = (data as Buffer).toString('utf8');
      const limits = { maxLength: this.options.maxMessageSize, maxDepth: MAX_DEPTH };
      return { type: 'message', connection, message: decodeClientMessage(text, limits) };
    } catch (error) {
      if (error instanceof DecodeError) return { type: 'malformed', connection, error };
      // A bug of a decoder. No client's input ends the process (S148), so it is reported and counts as the client's.
      this.handlers.error(error as Error, undefined);
      return { type: 'malformed', connection, error: new DecodeError('MALFORMED', 'message: unreadable') };
    }
  }

  private feed(input: HubInput): void {
    this.inputs.push(input);
    if (this.draining) return;
    this.draining = true;
    for (let next = this.inputs.shift(); next !== undefined; next = this.inputs.shift()) {
      const out: HubOutput[] = [];
      try {
        this.hub.handle(next, performance.now(), out);
        for (const output of out) this.carryOut(output);
      } catch (error) {
        // A bug of ours; as above.
        this.handlers.error(error as Error, undefined);
      }
    }
    this.draining = false;
  }

  private carryOut(output: HubOutput): void {
    switch (output.type) {
      case 'write':
        return this.write(output.connection, output.message);
      case 'close': {
        const reason = Buffer.from(output.reason).subarray(0, MAX_REASON_BYTES);
        return this.lines.get(output.connection)?.socket.close(output.code, reason);
      }
      case 'probe': {
        const socket = this.lines.get(output.connection)?.socket;
        if (socket?.readyState === socket?.OPEN) socket?.ping();
        return;
      }
      case 'timer':
        return this.arm(output.at, output.timer);
      case 'event':
        return this.handlers.event(output.event);
    }
  }

  private arm(at: Millis, timer: HubTimer): void {
    const handle = setTimeout(
      () => {
        this.timers.delete(handle);
        // The platform's timers may be early by a fraction of a millisecond; ours never are.
        if (performance.now() < at) this.arm(at, timer);
        // After a stall of the process signs of life may wait to be read: first they, then the timer that finds none.
        else setImmediate(() => this.feed({ type: 'timer', timer }));
      },
      Math.max(0, Math.ceil(at - performance.now())),
    );
    this.timers.add(handle);
  }

  private write(connection: number, message: ServerMessage): void {
    const socket = this.lines.get(connection)?.socket;
    if (socket === undefined || socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BACKLOG_BYTES + this.options.maxMessageSize) {
      // What waits already will hardly get through, nor will the reason.
      socket.close(CloseCode.TRY_AGAIN_LATER, 'reads too slowly');
      return this.feed({ type: 'closed', connection });
    }
    if (this.encoded?.message !== message) this.encoded = { message, text: encodeServerMessage(message, Date.now()) };
    socket.send(this.encoded.text);
  }
}
