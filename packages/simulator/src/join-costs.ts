import type { Millis, PeerId } from '@peerpigeon/core';
import type { ClientMessage, ServerMessage } from '@peerpigeon/signaling-protocol';
import { JOIN_WINDOW_MS } from './config.js';

interface Joiner {
  readonly since: Millis;
  messages: number;
}

/**
 * What each join costs the signaling server, in messages received and sent.
 *
 * A peer is a joiner from its first socket's opening until it has the links it wants, min(maxPeers, others up), and at
 * most {@link JOIN_WINDOW_MS}. Meanwhile each message at the server counts for it that passes its own socket, or that
 * passes another's and is from it, to it or about it: so an offer to it counts twice, in and out, and a notice of its
 * coming once for each who is told. `ping` and `pong` do not count. A message between two joiners counts for both.
 */
export class JoinCosts {
  private readonly joiners = new Map<PeerId, Joiner>();
  private readonly all = new Map<PeerId, Joiner>();

  /** A socket opened; only a peer's first one is a join. */
  opened(peer: PeerId, now: Millis): void {
    if (this.all.has(peer)) return;
    const joiner = { since: now, messages: 0 };
    this.joiners.set(peer, joiner);
    this.all.set(peer, joiner);
  }

  /** A peer has the links it wants. */
  linked(peer: PeerId): void {
    this.joiners.delete(peer);
  }

  /** A message passed the server's end of the socket of `peer`. */
  passed(peer: PeerId, message: ClientMessage | ServerMessage, now: Millis): void {
    if (isPing(message)) return;
    this.count(peer, now);
    const about = subject(message);
    if (about !== undefined && about !== peer) this.count(about, now);
  }

  /** Messages per join, in the order of joining. */
  costs(): number[] {
    return [...this.all.values()].map((joiner) => joiner.messages);
  }

  private count(peer: PeerId, now: Millis): void {
    const joiner = this.joiners.get(peer);
    if (joiner === undefined) return;
    if (now - joiner.since > JOIN_WINDOW_MS) this.joiners.delete(peer);
    else joiner.messages++;
  }
}

/** Whether a message only keeps a socket open. */
export function isPing({ type }: ClientMessage | ServerMessage): boolean {
  return type === 'ping' || type === 'pong';
}

/** Whom a message is from, to or about, besides the peer at whose socket it passes. */
function subject(message: ClientMessage | ServerMessage): PeerId | undefined {
  if ('to' in message) return message.to;
  if ('from' in message) return message.from;
  if (message.type === 'peer-discovered' || message.type === 'peer-disconnected') return message.peerId;
  return message.type === 'error' ? message.targetPeerId : undefined;
}
