import type { IncomingHttpHeaders } from 'node:http';

/** What a decision may rest on. */
export interface AuthRequest {
  /** A WebSocket, or credentials for TURN. */
  readonly purpose: 'connect' | 'ice';
  /** As the client gave it; undefined when it gave none. */
  readonly token: string | undefined;
  /** As the address says, unchecked. */
  readonly peerId: string | undefined;
  /** The network that is asked for; undefined with `ice`. */
  readonly network: string | undefined;
  readonly origin: string | undefined;
  readonly remoteAddress: string;
  readonly headers: IncomingHttpHeaders;
}

/** Who may come in, and how far. */
export interface Grant {
  /** Who it is: connections are counted by it, and TURN credentials name it. */
  readonly subject?: string | undefined;
  /** The networks it may be in; absent: any. */
  readonly networks?: readonly string[] | undefined;
  /** Connections it may have at once; absent: any number. Needs a subject. */
  readonly maxPeers?: number | undefined;
}

/** Who may not. `unauthorized`: no token, or none that is good (401, 4401); `forbidden`: it does not cover this (403, 4403). */
export interface Refusal {
  readonly refusal: 'unauthorized' | 'forbidden';
  /** Told to the client. */
  readonly reason?: string | undefined;
}

/** Decides who may connect. What it throws is reported, and refuses like a server that is full: the client returns. */
export type Authorize = (request: AuthRequest) => Grant | Refusal | Promise<Grant | Refusal>;

/** No decision could be made: the client is to come back. */
export interface Undecided {
  readonly undecided: string;
}
