import type { Millis, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Message, Reason } from './message.js';
import type { Output } from './output.js';

/** A link with a peer, as far as transfers see it. */
export interface DirectLink {
  /** Largest chunk that its frames hold, in bytes. */
  readonly maxChunkBytes: number;
  /** Bytes of bulk that it takes, as it said last, less what was sent since. */
  writable: number;
  /** Of these, bytes that are being read. */
  reserved: number;
}

/** What one transfer needs of the machine. */
export interface Host {
  readonly config: Config;
  /** The link with a peer, if there is one. */
  link(peer: PeerId): DirectLink | undefined;
  /** To a peer: over the link with it, else over other peers. */
  send(to: PeerId, message: Message, out: Output[]): void;
  /** A transfer is over, for whatever reason; `done`: the other side may still have to be told that it has all of it. */
  over(how: Reason | 'done', now: Millis, out: Output[]): void;
}
