import { DecodeError, SeededRng } from '@peerpigeon/core';
import type { Signaling, SignalingChannel, SignalingHandlers } from '@peerpigeon/mesh';
import {
  Hub,
  decodeClientMessage,
  encodeServerMessage,
  type HubInput,
  type HubOutput,
} from '@peerpigeon/signaling-protocol';

interface Connection {
  readonly handlers: SignalingHandlers;
}

/** A signaling port within one process, with a real hub behind it. */
export class MemorySignaling implements Signaling {
  /** Close codes with which newcomers are refused, until emptied. */
  refusal: { readonly code: number; readonly reason: string } | undefined;
  /** Nobody answers, neither yes nor no. */
  mute = false;
  private hub = new Hub({ rng: new SeededRng(1) });
  private readonly connections = new Map<number, Connection>();
  private made = 0;
  private up = true;

  /** Open channels. */
  get count(): number {
    return this.connections.size;
  }

  open(url: string, handlers: SignalingHandlers): SignalingChannel {
    const connection = this.made++;
    const { searchParams } = new URL(url);
    this.connections.set(connection, { handlers });
    setImmediate(() => {
      if (!this.connections.has(connection) || this.mute) return;
      if (!this.up) return this.drop(connection, 1006, '');
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
        if (known) setImmediate(() => this.feed({ type: 'closed', connection }));
      },
    };
  }

  /** The server ends; whoever asks meanwhile is not answered. */
  stop(): void {
    this.up = false;
    this.hub = new Hub({ rng: new SeededRng(1) });
    for (const connection of this.connections.keys()) this.drop(connection, 1001, 'going away');
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
