import { randomBytes } from 'node:crypto';
import type { PeerId } from '@peerpigeon/core';
import {
  type Event,
  type Input,
  type Output,
  Session,
  decodeServerMessage,
  encodeClientMessage,
} from '@peerpigeon/signaling-protocol';
import { WebSocket } from 'ws';

/** A client as ours are, the brain of theirs over `ws`: it knows all servers, and goes where it is sent. */
export class SessionClient {
  readonly id: PeerId;
  readonly events: Event[] = [];
  private readonly session: Session;
  private readonly timers = new Set<NodeJS.Timeout>();
  private socket: WebSocket | undefined;

  constructor(id: PeerId) {
    this.id = id;
    const record = { id, epoch: 1, caps: { maxPeers: 3 }, expires: 1e15 };
    this.session = new Session({ record, rng: { uint32: () => randomBytes(4).readUInt32LE() } });
  }

  /** Where it is connected. */
  get url(): string | undefined {
    const { state } = this.session;
    return state.name === 'connected' ? state.url : undefined;
  }

  join(url: string, fallbacks: readonly string[]): void {
    this.feed({ type: 'join', url, fallbacks });
  }

  leave(): void {
    this.feed({ type: 'leave' });
    for (const timer of this.timers) clearTimeout(timer);
    this.socket?.terminate();
  }

  private feed(input: Input): void {
    const out: Output[] = [];
    this.session.handle(input, performance.now(), out);
    for (const output of out) this.carryOut(output);
  }

  private carryOut(output: Output): void {
    switch (output.type) {
      case 'open':
        return this.open(output.url);
      case 'write':
        this.socket?.send(encodeClientMessage(output.message, this.id, Date.now()));
        return;
      case 'close':
        this.socket?.removeAllListeners('close');
        this.socket?.close();
        this.socket = undefined;
        return;
      case 'timer': {
        const timer = setTimeout(
          () => {
            this.timers.delete(timer);
            this.feed({ type: 'timer', timer: output.timer });
          },
          Math.ceil(output.at - performance.now()) + 1,
        );
        this.timers.add(timer);
        return;
      }
      case 'event':
        this.events.push(output.event);
    }
  }

  private open(url: string): void {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    this.socket = socket;
    const isCurrent = (): boolean => this.socket === socket;
    socket.on('open', () => isCurrent() && this.feed({ type: 'opened' }));
    socket.on('message', (data) => {
      if (isCurrent()) this.feed({ type: 'message', message: decodeServerMessage((data as Buffer).toString()) });
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', (code, reason) => {
      if (isCurrent()) this.feed({ type: 'closed', code, reason: reason.toString() });
    });
  }
}
