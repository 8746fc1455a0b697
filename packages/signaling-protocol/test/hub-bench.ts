import { type Millis, type PeerId, type Rng, SeededRng } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import {
  type ClientMessage,
  type ConnectionId,
  Hub,
  type HubConfig,
  type HubEvent,
  type HubInput,
  type HubOutput,
  type ServerMessage,
} from '../src/index.js';

/** How long a sign of life counts in these tests. */
const FRESH_MS = 5_000;

/** A hub in virtual time: timers fire in order, and every output is kept. Probes are answered where the test says so. */
export class Bench {
  readonly hub: Hub;
  now: Millis = 0;
  /** What was written to each connection. */
  readonly written = new Map<ConnectionId, ServerMessage[]>();
  readonly closed = new Map<ConnectionId, number>();
  readonly probed: ConnectionId[] = [];
  readonly events: HubEvent[] = [];
  /** How soon a probe is answered; undefined: never. */
  pongMs: Millis | undefined;
  /** Who never answers. */
  readonly dead = new Set<ConnectionId>();
  private readonly due: { readonly at: Millis; readonly input: HubInput }[] = [];

  constructor(config: Partial<HubConfig> = {}, tokens?: Rng) {
    this.hub = new Hub({ rng: new SeededRng(1), tokens, config: { freshMs: FRESH_MS, ...config } });
  }

  feed(input: HubInput): HubOutput[] {
    const out: HubOutput[] = [];
    this.hub.handle(input, this.now, out);
    for (const output of out) {
      if (output.type === 'write') this.of(output.connection).push(output.message);
      else if (output.type === 'close') this.closed.set(output.connection, output.code);
      else if (output.type === 'probe') this.probe(output.connection);
      else if (output.type === 'timer') this.due.push({ at: output.at, input: output });
      else this.events.push(output.event);
    }
    return out;
  }

  /** Lets time pass. */
  advance(ms: Millis): void {
    const end = this.now + ms;
    for (;;) {
      this.due.sort((a, b) => a.at - b.at);
      const next = this.due[0];
      if (next === undefined || next.at > end) break;
      this.due.shift();
      this.now = next.at;
      this.feed(next.input);
    }
    this.now = end;
  }

  private probe(connection: ConnectionId): void {
    this.probed.push(connection);
    if (this.pongMs === undefined || this.dead.has(connection)) return;
    this.due.push({ at: this.now + this.pongMs, input: { type: 'alive', connection } });
  }

  of(connection: ConnectionId): ServerMessage[] {
    const list = this.written.get(connection) ?? [];
    this.written.set(connection, list);
    return list;
  }

  /** Takes what was written to a connection since it was last asked. */
  take(connection: ConnectionId): ServerMessage[] {
    return this.of(connection).splice(0);
  }

  connect(connection: ConnectionId, peerId: unknown, network?: string): void {
    this.feed({ type: 'connected', connection, peerId, network });
  }

  say(connection: ConnectionId, message: ClientMessage): HubOutput[] {
    return this.feed({ type: 'message', connection, message });
  }

  /** Connects and announces as our clients do. */
  join(connection: ConnectionId, peerId: string, network?: string): HubOutput[] {
    this.connect(connection, peerId, network);
    return this.say(connection, announceOf(peerId, { network }));
  }

  eventTypes(): string[] {
    return this.events.splice(0).map((event) => event.type);
  }
}

/** Ids drawn at random, the same in each run. */
export function idSource(): () => PeerId {
  const rng = new SeededRng(42);
  return () => Array.from({ length: 5 }, () => rng.uint32().toString(16).padStart(8, '0')).join('');
}

/** A record as our clients give it. */
export const recordOf = (id: string, epoch = 1): PeerRecord => ({ id, epoch, caps: { maxPeers: 3 }, expires: 1e15 });

/** An announce as our clients send it. */
export const announceOf = (
  id: string,
  more: Partial<Extract<ClientMessage, { type: 'announce' }>> = {},
): ClientMessage => ({
  type: 'announce',
  peerId: id,
  protocol: 1,
  record: recordOf(id),
  ...more,
});
