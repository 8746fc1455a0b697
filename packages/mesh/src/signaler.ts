import type { Emit, Envelope, MessageId, Millis, PeerId, SetTimer } from '@peerpigeon/core';
import type { JsonSignal } from '@peerpigeon/link';
import type { Route } from '@peerpigeon/topology';
import type { Author } from './author.js';
import { LIMITS, PATIENCE } from './config.js';
import { MAX_SIGNAL_BYTES, encodeSignal } from './signal-content.js';
import type { Way } from './way.js';

/** When a signal that went over the mesh should have been acknowledged. Stale once it has been. */
export interface Timer {
  readonly messageId: MessageId;
}

/** What the mesh learns: an attempt's signals reach its peer by no path. `absent`: the server does not know the peer. */
export interface Event {
  readonly type: 'unreached';
  readonly peer: PeerId;
  readonly absent: boolean;
}

/** What carries signals. */
export type Output =
  | { readonly type: 'server'; readonly to: PeerId; readonly signal: JsonSignal }
  /** An envelope of kind `signal` for routing, which acknowledges it. */
  | {
      readonly type: 'mesh';
      readonly envelope: Envelope;
      readonly route: Route | undefined;
      /** See routing's input `route`. */
      readonly mostHops?: number;
    }
  | SetTimer<Timer>
  | Emit<Event>;

/** What there is to carry signals now. */
export interface Carriers {
  /** Ready links that are not silent. */
  readonly links: number;
  /** Whether the signaling server takes messages. */
  readonly online: boolean;
}

interface UnderWay {
  readonly way: Way;
  readonly signal: JsonSignal;
  /** It went over the server as well. */
  raced: boolean;
}

type Path = 'mesh' | 'server' | 'both' | 'none';

/**
 * Brings link signals to peers that are not linked: over the mesh, as acknowledged envelopes, or over the signaling server.
 *
 * | links | server up | server down |
 * |---|---|---|
 * | 0 | server | unreached |
 * | 1 or more | mesh; unacknowledged for a while, or when it fails, also the server, which then comes first | mesh |
 * | for ring links with 1, or without a route | both at once, until one has proven itself | mesh |
 * | for spare links with 1 or more | mesh | mesh |
 *
 * What came over the mesh is answered over the mesh, back along the way it came; what came over the server, and from where no
 * route is known, over the server, since greedy routing does not yet find a newcomer. Racing every signal of a peer with one
 * link cost the server twice as much, and joined nobody sooner (120 peers, maxPeers 8: 58 messages a join, not 28).
 */
export class Signaler {
  private readonly author: Author;
  private readonly carriers: () => Carriers;
  private readonly underWay = new Map<MessageId, UnderWay>();
  private present = true;

  constructor(author: Author, carriers: () => Carriers) {
    this.author = author;
    this.carriers = carriers;
  }

  /** Signals without an acknowledgement. */
  get size(): number {
    return this.underWay.size;
  }

  /** How long to wait for a word after a request goes this way (the prototype's figures for the mesh). */
  patienceMs(way: Way): Millis {
    const path = this.choose(way);
    const { serverMs, meshMs, meshMsPerHop, maxMeshMs, rescueMs } = PATIENCE;
    if (path === 'server' || path === 'both') return serverMs;
    const overMesh = Math.min(maxMeshMs, meshMs + meshMsPerHop * hopsOf(way));
    return this.hasServer(way) ? Math.max(overMesh, ackMs(way) + rescueMs) : overMesh;
  }

  /**
   * @param again it is a copy of one that was not answered: the mesh sends its own again until they are acknowledged, the server
   *   keeps no account
   */
  send(way: Way, signal: JsonSignal, again: boolean, wall: Millis, now: Millis, out: Output[]): void {
    const path = this.choose(way);
    if (again) {
      if (path === 'server' || path === 'both') this.overServer(way, signal, out);
      return;
    }
    const envelope = path === 'mesh' || path === 'both' ? this.seal(way, signal, wall) : undefined;
    // What is too large for the mesh, or one too many, has the server alone.
    const server = path === 'server' || path === 'both' || (envelope === undefined && this.hasServer(way));
    if (server) this.overServer(way, signal, out);
    if (envelope !== undefined) {
      this.underWay.set(envelope.id, { way, signal, raced: server });
      const route = way.mesh === 'failed' ? undefined : way.route;
      out.push({ type: 'mesh', envelope, route, ...this.limit(way) });
      out.push({ type: 'timer', at: now + ackMs(way), timer: { messageId: envelope.id } });
    } else if (!server) this.giveUp(way, out);
  }

  /** Routing says what became of an envelope. False if it is none of ours. */
  settle(messageId: MessageId, arrived: boolean, out: Output[]): boolean {
    const held = this.underWay.get(messageId);
    if (held === undefined) return false;
    this.underWay.delete(messageId);
    const { way } = held;
    if (!arrived) this.failed(way, held, out);
    else if (way.mesh === 'untried') way.mesh = 'proven';
    return true;
  }

  /** The acknowledgement is late: the server, if there is one, gets the signal too. Without one routing goes on trying. */
  expire({ messageId }: Timer, out: Output[]): void {
    const held = this.underWay.get(messageId);
    if (held !== undefined && !held.raced && this.hasServer(held.way)) this.failed(held.way, held, out);
  }

  /** The server does not know the peer. That ends an attempt unless a way over the mesh is known that may still reach it. */
  absent(way: Way, out: Output[]): void {
    way.server = 'absent';
    if (way.mesh !== 'proven' && (way.route === undefined || !this.isUnderWay(way))) this.giveUp(way, out);
  }

  /** From `leave` to `join` only the server carries signals, and nothing is under way. */
  join(): void {
    this.present = true;
  }

  leave(): void {
    this.present = false;
    for (const { way } of this.underWay.values()) way.over = true;
  }

  private choose(way: Way): Path {
    const { links } = this.carriers();
    const mesh = this.present && links > 0;
    if (!this.hasServer(way)) return mesh ? 'mesh' : 'none';
    if (!mesh || way.mesh === 'failed') return 'server';
    if (way.mesh === 'proven') return 'mesh';
    if (way.route === undefined && way.server === 'proven') return 'server';
    return way.worth === 'ring' && (links === 1 || way.route === undefined) ? 'both' : 'mesh';
  }

  /** While the server is up one copy is enough: it comes second, or the link is one of many that would do. */
  private limit(way: Way): { readonly mostHops?: number } {
    if (!this.carriers().online) return {};
    return { mostHops: this.hasServer(way) ? PATIENCE.mostHops : PATIENCE.spareHops };
  }

  private hasServer(way: Way): boolean {
    const { links, online } = this.carriers();
    return way.server !== 'absent' && online && (way.worth !== 'spare' || links === 0);
  }

  private isUnderWay(way: Way): boolean {
    for (const held of this.underWay.values()) if (held.way === way) return true;
    return false;
  }

  private failed(way: Way, held: UnderWay, out: Output[]): void {
    way.mesh = 'failed';
    if (way.over) return;
    if (this.hasServer(way)) {
      // Whatever else is under way went the same way.
      for (const each of [held, ...this.underWay.values()]) {
        if (each.way !== way || each.raced) continue;
        each.raced = true;
        this.overServer(way, each.signal, out);
      }
    } else if (!this.isUnderWay(way)) this.giveUp(way, out);
  }

  private overServer(way: Way, signal: JsonSignal, out: Output[]): void {
    out.push({ type: 'server', to: way.peer, signal });
  }

  private giveUp({ peer, server }: Way, out: Output[]): void {
    out.push({ type: 'event', event: { type: 'unreached', peer, absent: server === 'absent' } });
  }

  /** The envelope of a signal; undefined when it is too large, or too many are under way. */
  private seal(way: Way, signal: JsonSignal, wall: Millis): Envelope | undefined {
    let ofPeer = 0;
    for (const held of this.underWay.values()) if (held.way.peer === way.peer) ofPeer++;
    if (this.underWay.size >= LIMITS.signals || ofPeer >= LIMITS.signalsPerPeer) return undefined;
    const content = encodeSignal(signal);
    if (content.length > MAX_SIGNAL_BYTES) return undefined;
    return this.author.seal({ kind: 'signal', channel: '', to: way.peer, content, timestamp: wall });
  }
}

/** Links to cross; Infinity where nobody knows. */
function hopsOf({ route }: Way): number {
  return route === undefined ? Infinity : route.length + 1;
}

/** How long an acknowledgement may take. */
function ackMs(way: Way): Millis {
  return Math.min(PATIENCE.maxAckMs, PATIENCE.ackMs + PATIENCE.meshMsPerHop * hopsOf(way));
}
