import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Excess, SocketAllowances } from './limits/socket-limits.js';
import { SocketLimits } from './limits/socket-limits.js';

/** Who may connect, as the door let him in. */
export interface Caller {
  readonly remoteAddress: string;
  /** What the address says, unchecked. */
  readonly peerId: string | null;
  readonly network: string | null;
  /** Whether the address says that it speaks this protocol: then it announces itself as soon as the channel is open. */
  readonly speaksFirst?: boolean;
  /** Networks it may be in; absent: any. */
  readonly networks?: readonly string[] | undefined;
}

/** A WebSocket, and what it writes to. */
export interface Channel {
  readonly socket: WebSocket;
  readonly stream: Duplex;
}

/** One open socket, and what is known of it below messages. */
export class Line {
  readonly connection: number;
  readonly socket: WebSocket;
  /** What the socket writes to. */
  readonly stream: Duplex;
  readonly caller: Caller;
  /** Whether an announce named the version that it speaks: then it understands what goes beyond the README. */
  speaksProtocol = false;
  /** Whether the hub knows of it. */
  isIntroduced = false;
  /** Nothing more is read of it, or written to it. */
  isCut = false;
  private readonly limits: SocketLimits;

  constructor(
    connection: number,
    { socket, stream }: Channel,
    caller: Caller,
    allowances: SocketAllowances,
    now: number,
  ) {
    this.connection = connection;
    this.socket = socket;
    this.stream = stream;
    this.caller = caller;
    this.limits = new SocketLimits(allowances, now);
  }

  get isOpen(): boolean {
    return !this.isCut && this.socket.readyState === this.socket.OPEN;
  }

  /** Whether the caller may be in a network. */
  mayEnter(network: string): boolean {
    return this.caller.networks?.includes(network) ?? true;
  }

  /** Whether a message of so many bytes is one too many. */
  excessOf(bytes: number, now: number): Excess | undefined {
    return this.limits.message(bytes, now);
  }

  /** Whether an announce is one too many. */
  excessOfAnnounce(now: number): Excess | undefined {
    return this.limits.announce(now);
  }
}
