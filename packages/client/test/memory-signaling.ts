import { DecodeError, SeededRng } from '@peerpigeon/core';
import type { Signaling, SignalingChannel, SignalingHandlers } from '@peerpigeon/mesh';
import {
  Hub,
  decodeClientMessage,
  encodeServerMessage,
  type HubInput,
  type HubOutput,
} from '@peerpigeon/signaling-protocol';

/** Draws are the same in each run. */
function newHub(): Hub {
  return new Hub({ rng: new SeededRng(1), tokens: new SeededRng(2) });
}

interface Connection {
  readonly handlers: SignalingHandlers;
}

/** A signaling port within one process, with a real hub behind it. */
export class MemorySignaling implements Signaling {
  /** Close codes with which newcomers are refused, until emptied. */
  refusal: { readonly code: number; readonly reason: string } | undefined;
  /** Nobody answers, neither yes nor no. */
  mute = false;
  /** Hosts at which nobody listens, and hosts that say nothing. All others are doors to the same hub. */
  readonly down = new Set<string>();
  readonly silent = new Set<string>();
  /** The network is lost: what a client closes the server goes on holding. */
  lossy = false;
  /** Hosts asked so far, in order. */
  readonly asked: string[] = [];
  private hub = newHub();
  private readonly connections = new Map<number, Connection>();
  private made = 0;
  private up = true;

  /** Open channels. */
  get count(): number {
    return this.connections.size;
  }

  open(url: string, handlers: SignalingHandlers): SignalingChannel {
    const connection = this.made++;
    const { searchParams, host } = new URL(url);
    this.asked.push(host);
    this.connections.set(connection, { handlers });
    setImmediate(() => {
      if (!this.connections.has(connection) || this.mute || this.silent.has(host)) return;
      if (!this.up || this.down.has(host)) return this.drop(connection, 1006, '');
      if (this.refusal !== undefined) return this.drop(connection, this.refusal.code, this.refusal.reason);
      handlers.opened();
      const [peerId, network] = [searchParams.get('peerId'), searchParams.get('network') ?? undefined];
      this.feed({ type: 'connected', connection, peerId, network });
    });
    return {
      send: (text) => setImmediate(() => this.onText(connection, text)),
      // What was written before arrives before.
      close: () => {
        const known = this.connections.delete(connection);
        if (known && !this.lossy) setImmediate(() => this.feed({ type: 'closed', connection }));
      },
    };
  }

  /** The server ends; whoever asks meanwhile finds nobody. */
  stop(code = 1001, reason = 'going away'): void {
    this.up = false;
    this.hub = newHub();
    for (const connection of this.connections.keys()) this.drop(connection, code, reason);
  }

  start(): void {
    this.up = true;
  }

  private drop(connection: number, code: number, reason: string): void {
    const found = this.connections.get(connection);
    this.connections.delete(connection);
    setImmediate(() => found?.handlers.closed(code, reason));
  }

  private onText(connection: number, text: string): void {
    try {
      this.feed({ type: 'message', connection, message: decodeClientMessage(text) });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.feed({ type: 'malformed', connection, error });
    }
  }

  private feed(input: HubInput): void {
    const out: HubOutput[] = [];
    this.hub.handle(input, performance.now(), out);
    for (const output of out) {
      if (output.type === 'close') this.drop(output.connection, output.code, output.reason);
      if (output.type === 'probe' && this.connections.has(output.connection)) {
        this.feed({ type: 'alive', connection: output.connection });
      }
      if (output.type !== 'write') continue;
      const { connection, message } = output;
      const text = encodeServerMessage(message, Date.now());
      setImmediate(() => this.connections.get(connection)?.handlers.message(text));
    }
  }
}
