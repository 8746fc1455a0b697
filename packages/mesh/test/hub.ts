import type { PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import { isSignal } from '@peerpigeon/signaling-protocol';
import type { ClientMessage, ServerMessage } from '@peerpigeon/signaling-protocol';

/** A server in a few lines: everybody is told of everybody, signals are relayed. The real one has its own tests. */
export class Hub {
  running = true;
  private readonly records = new Map<PeerId, PeerRecord>();
  private readonly write: (to: PeerId, message: ServerMessage) => void;

  constructor(write: (to: PeerId, message: ServerMessage) => void) {
    this.write = write;
  }

  receive(from: PeerId, message: ClientMessage): void {
    if (isSignal(message)) {
      const { type, to, data } = message;
      if (this.records.has(to)) this.write(to, { type, from, data });
      else this.write(from, { type: 'error', code: 'TARGET_ABSENT', message: 'not here', targetPeerId: to });
      return;
    }
    if (message.type === 'ping') return this.write(from, { type: 'pong' });
    if (message.type !== 'announce' || message.record === undefined) return;
    const { record } = message;
    this.write(from, { type: 'connected', peerId: from, protocol: 1 });
    this.write(from, { type: 'peers', peers: [...this.records.values()].filter(({ id }) => id !== from) });
    if (!this.records.has(from)) {
      for (const id of this.records.keys()) this.write(id, { type: 'peer-discovered', peerId: from, record });
    }
    this.records.set(from, record);
  }

  leave(id: PeerId): void {
    this.records.delete(id);
    for (const other of this.records.keys()) this.write(other, { type: 'peer-disconnected', peerId: id });
  }
}
