import { randomBytes } from 'node:crypto';
import { DecodeError, type Millis } from '@peerpigeon/core';
import { isPeerId } from '@peerpigeon/identity';
import {
  CloseCode,
  Hub,
  type HubEvent,
  type HubInput,
  type HubOutput,
  type NodeId,
  type NodeInput,
  type NodeOutput,
  type ServerMessage,
  decodeClientMessage,
  isSignal,
} from '@peerpigeon/signaling-protocol';
import type { RawData } from 'ws';
import type { Attachment, Backplane, BackplaneStats } from './backplane/backplane.js';
import { Heartbeat } from './heartbeat.js';
import { type Caller, type Channel, Line } from './line.js';
import { type Excess, type SocketAllowances, socketAllowances } from './limits/socket-limits.js';
import type { Metrics } from './metrics.js';
import type { ServerOptions } from './options.js';
import { Outbox } from './outbox.js';
import { Timers } from './timers.js';

/** Deepest nesting relayed; see the protocol's `DEFAULT_LIMITS`. */
const MAX_DEPTH = 32;

/** Text of a close frame at most, in bytes (RFC 6455 §5.5.1: 125 less the code). */
const MAX_REASON_BYTES = 123;

/** What the hub's refusals are called among the metrics. */
const REJECTIONS: ReadonlyMap<number, string> = new Map([
  [CloseCode.FULL, 'maxConnections'],
  [CloseCode.ID_TAKEN, 'idTaken'],
  [CloseCode.MALFORMED, 'malformed'],
]);

/** How long the first message of who speaks first is waited for. Ours: slower than any network that works. */
const FIRST_MESSAGE_MS = 1_000;

/** Who is due for a ping, or dead, is looked for no more often than so many times in the time it takes to be. */
const HEARTBEAT_GRAIN = 20;

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
  private readonly metrics: Metrics;
  private readonly handlers: SwitchboardHandlers;
  private readonly allowances: SocketAllowances;
  private readonly heartbeat: Heartbeat;
  private readonly heartbeatGrainMs: Millis;
  private readonly outbox: Outbox;
  private readonly lines = new Map<number, Line>();
  private readonly timers = new Timers();
  private beating = false;
  private readonly inputs: (HubInput | NodeInput)[] = [];
  private attachment: Attachment | undefined;
  private feeding = false;
  private nextConnection = 1;
  private accepted = 0;

  /** @param node its name among several, where it is not alone: then it must be attached before the first socket comes */
  constructor(options: ServerOptions, metrics: Metrics, handlers: SwitchboardHandlers, node?: NodeId) {
    this.options = options;
    this.metrics = metrics;
    this.handlers = handlers;
    this.allowances = socketAllowances(options);
    this.outbox = new Outbox(options, metrics);
    const intervalMs = Math.min(options.pingInterval, options.peerTimeout / 3);
    this.heartbeat = new Heartbeat({ intervalMs, patienceMs: options.pongTimeout });
    this.heartbeatGrainMs = Math.min(intervalMs, options.pongTimeout) / HEARTBEAT_GRAIN;
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
      ...(node !== undefined && { node }),
    });
  }

  /** Becomes one of several nodes, by the name that it was made with. */
  async attach(backplane: Backplane, node: NodeId): Promise<void> {
    this.attachment = await backplane.attach(node, {
      receive: (input) => this.feed(input),
      error: (error) => this.handlers.error(error, undefined),
    });
  }

  /** Gives up what it holds among the nodes. */
  async detach(): Promise<void> {
    const { attachment } = this;
    this.attachment = undefined;
    await attachment?.detach();
  }

  /** How it is with the other nodes; undefined where it is alone. */
  get backplane(): BackplaneStats | undefined {
    return this.attachment?.stats();
  }

  /** Takes a socket that has just opened. */
  accept(channel: Channel, caller: Caller): void {
    const line = this.add(channel, caller);
    const { connection, socket } = line;
    socket.on('message', (data, isBinary) => this.onMessage(line, data as Buffer, isBinary));
    socket.on('ping', (data) => this.onControl(line, data));
    socket.on('pong', () => this.onControl(line));
    this.heartbeat.heard(connection, performance.now());
    this.beat();
    // Its announce may carry the token of a former connection that still lives, and would answer the hub's probe before it comes.
    if (caller.speaksFirst !== true || !isPeerId(caller.peerId)) return this.introduce(line);
    this.timers.at(performance.now() + FIRST_MESSAGE_MS, () => this.introduce(line));
  }

  /** Tells the hub of a socket, with its first message or when none has come for a while. */
  private introduce(line: Line): void {
    const { connection, caller, isIntroduced, isCut } = line;
    if (isIntroduced || isCut || !this.lines.has(connection)) return;
    line.isIntroduced = true;
    this.feed({ type: 'connected', connection, peerId: caller.peerId, network: caller.network ?? undefined });
    this.metrics.connects.inc({ result: line.isCut ? 'refused' : 'accepted' });
  }

  /** Closes a socket that has just opened, and says why. */
  refuse(channel: Channel, caller: Caller, code: number, reason: string, complaint?: ServerMessage): void {
    const line = this.add(channel, caller);
    if (complaint !== undefined) this.send(line, complaint);
    this.metrics.connects.inc({ result: 'refused' });
    this.close(line, code, reason);
  }

  /** How many peers are connected. */
  get peerCount(): number {
    return this.accepted;
  }

  /** Every socket that is open and not on its way out. */
  openLines(): readonly Line[] {
    return Array.from(this.lines.values()).filter((line) => line.isOpen);
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
        remoteAddress: this.lines.get(connection)?.caller.remoteAddress ?? '',
        announced: announcedAt !== undefined,
        announcedAt: announcedAt === undefined ? null : wall(announcedAt),
      }),
    );
  }

  /** Closes every socket as “going away”, those that do not answer within `patienceMs` by force. */
  async closeAll(patienceMs: Millis): Promise<void> {
    const sockets = Array.from(this.lines.values(), (line) => line.socket);
    const closed = sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    for (const socket of sockets) socket.close(CloseCode.GOING_AWAY, 'the server stops');
    const force = setTimeout(() => {
      for (const socket of sockets) socket.terminate();
    }, patienceMs);
    await Promise.all(closed);
    clearTimeout(force);
    this.timers.clear();
  }

  /** Ends a connection that the hub knows. */
  cut(line: Line, code: number, reason: string): void {
    if (line.isCut) return;
    this.close(line, code, reason);
    this.feed({ type: 'closed', connection: line.connection });
  }

  /** Writes a message; a reader that is too slow for it is cut off. */
  send(line: Line, message: ServerMessage): void {
    // What waits already will hardly get through, nor will the reason.
    if (line.isOpen && !this.outbox.write(line, message)) {
      this.cut(line, CloseCode.TRY_AGAIN_LATER, 'reads too slowly');
    }
  }

  private add(channel: Channel, caller: Caller): Line {
    const line = new Line(this.nextConnection++, channel, caller, this.allowances, performance.now());
    const { connection, socket } = line;
    this.lines.set(connection, line);
    const peerId = isPeerId(caller.peerId) ? caller.peerId : undefined;
    socket.on('error', (error) => this.handlers.error(error, peerId));
    socket.on('close', () => {
      this.lines.delete(connection);
      this.heartbeat.remove(connection);
      this.feed({ type: 'closed', connection });
    });
    return line;
  }

  private close(line: Line, code: number, reason: string): void {
    line.isCut = true;
    this.heartbeat.remove(line.connection);
    line.socket.close(code, Buffer.from(reason).subarray(0, MAX_REASON_BYTES));
  }

  private onMessage(line: Line, data: Buffer, isBinary: boolean): void {
    if (line.isCut) return;
    const now = performance.now();
    const { connection } = line;
    this.heartbeat.heard(connection, now);
    this.metrics.bytes.inc({ dir: 'in' }, data.length);
    const excess = line.excessOf(data.length, now);
    if (excess !== undefined) return this.onExcess(line, excess);
    const input = this.read(line, data, isBinary);
    if (input.type === 'message' && input.message.type === 'announce') {
      const tooMany = line.excessOfAnnounce(now);
      if (tooMany !== undefined) return this.onExcess(line, tooMany);
      line.speaksProtocol = input.message.protocol !== undefined;
      const { network } = input.message;
      if (network !== undefined && !line.mayEnter(network)) {
        this.metrics.rejects.inc({ reason: 'network' });
        return this.cut(line, CloseCode.FORBIDDEN, 'the token is not for this network');
      }
    }
    this.introduce(line);
    this.feed(input);
    if (input.type !== 'message') return;
    const seconds = (performance.now() - now) / 1_000;
    if (isSignal(input.message)) this.metrics.routeSeconds.observe(seconds);
    else if (input.message.type === 'announce') this.metrics.closestSeconds.observe(seconds);
  }

  /** A ping, whose data it came with, or a pong. They count like messages: else a flood of pings is one of pongs, too. */
  private onControl(line: Line, ping?: Buffer): void {
    if (line.isCut) return;
    const { connection, socket } = line;
    const now = performance.now();
    const rtt = this.heartbeat.heard(connection, now);
    const excess = line.excessOf(ping?.length ?? 0, now);
    if (excess !== undefined) return this.onExcess(line, excess);
    if (ping !== undefined) {
      if (line.isOpen && socket.bufferedAmount < this.options.softBacklog) socket.pong(ping);
    } else if (rtt !== undefined) this.metrics.rttSeconds.observe(rtt / 1_000);
    this.feed({ type: 'alive', connection });
  }

  /** A message too many: dropped unread. The client is told, and cut off if it goes on. */
  private onExcess(line: Line, { limit, retryAfterMs, isFinal }: Excess): void {
    this.metrics.rejects.inc({ reason: limit });
    const message = `too many ${limit}: this one was dropped`;
    this.send(line, { type: 'error', code: 'RATE_LIMITED', message, retryAfterMs });
    if (isFinal) this.cut(line, CloseCode.RATE_LIMITED, `too many ${limit}`);
    else this.feed({ type: 'alive', connection: line.connection });
  }

  private read({ connection }: Line, data: RawData, isBinary: boolean): HubInput {
    try {
      if (isBinary) throw new DecodeError('UNEXPECTED', 'message: expected text, got bytes');
      // Without binary fragments ws hands over one Buffer, whose text it has checked to be UTF-8.
      const text = (data as Buffer).toString('utf8');
      const limits = { maxLength: this.options.maxMessageSize, maxDepth: MAX_DEPTH };
      const message = decodeClientMessage(text, limits, 'opaque');
      this.metrics.messages.inc({ type: message.type, dir: 'in' });
      return { type: 'message', connection, message };
    } catch (error) {
      this.metrics.messages.inc({ type: 'malformed', dir: 'in' });
      if (error instanceof DecodeError) return { type: 'malformed', connection, error };
      // A bug of a decoder. No client's input ends the process (S148), so it is reported and counts as the client's.
      this.handlers.error(error as Error, undefined);
      return { type: 'malformed', connection, error: new DecodeError('MALFORMED', 'message: unreadable') };
    }
  }

  private feed(input: HubInput | NodeInput): void {
    this.inputs.push(input);
    if (this.feeding) return;
    this.feeding = true;
    for (let next = this.inputs.shift(); next !== undefined; next = this.inputs.shift()) {
      const out: (HubOutput | NodeOutput)[] = [];
      // Of a target on no other node the index has told.
      const scope = next.type === 'absent' ? 'remote' : 'local';
      try {
        this.hub.handle(next, performance.now(), out);
        for (const output of out) this.carryOut(output, scope);
      } catch (error) {
        // A bug of ours; as above.
        this.handlers.error(error as Error, undefined);
      }
    }
    this.feeding = false;
  }

  private carryOut(output: HubOutput | NodeOutput, scope: 'local' | 'remote'): void {
    switch (output.type) {
      case 'write': {
        const { connection, message } = output;
        if (isSignal(message)) this.metrics.routes.inc({ scope: 'local', result: 'sent' });
        else if (message.type === 'error' && message.code === 'TARGET_ABSENT') {
          this.metrics.routes.inc({ scope, result: 'absent' });
        }
        const line = this.lines.get(connection);
        if (line !== undefined) this.send(line, message);
        return;
      }
      case 'close': {
        const line = this.lines.get(output.connection);
        const reason = REJECTIONS.get(output.code);
        if (reason !== undefined) this.metrics.rejects.inc({ reason });
        if (line !== undefined) this.close(line, output.code, output.reason);
        return;
      }
      case 'probe':
        return this.ping(output.connection);
      case 'timer':
        return this.timers.at(output.at, () => this.feed({ type: 'timer', timer: output.timer }));
      case 'event':
        // Each exactly once for a peer (S144, S145).
        if (output.event.type === 'peerConnected') this.accepted++;
        else if (output.event.type === 'peerDisconnected') this.accepted--;
        return this.handlers.event(output.event);
      default:
        if (output.type === 'forward' && output.sender !== undefined) {
          this.metrics.routes.inc({ scope: 'remote', result: 'sent' });
        }
        this.attachment?.handle(output);
    }
  }

  private ping(connection: number): void {
    const line = this.lines.get(connection);
    if (line?.isOpen) line.socket.ping();
  }

  /** Sees to it that silent connections are pinged and dead ones closed: one timer for all of them. */
  private beat(): void {
    if (this.beating || this.heartbeat.size === 0) return;
    this.beating = true;
    const now = performance.now();
    this.timers.at(Math.max(this.heartbeat.nextAt, now + this.heartbeatGrainMs), () => {
      this.beating = false;
      const at = performance.now();
      for (const connection of this.heartbeat.takeDead(at)) {
        const line = this.lines.get(connection);
        if (line !== undefined) this.cut(line, CloseCode.IDLE, 'no answer to a ping');
      }
      for (const connection of this.heartbeat.duePings(at)) this.ping(connection);
      this.beat();
    });
  }
}
