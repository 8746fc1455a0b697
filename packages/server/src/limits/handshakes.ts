import type { Socket } from 'node:net';

/**
 * TCP connections that have not become WebSockets: few, and short-lived where all is well. Who opens many and says nothing loses the
 * oldest of them to whoever comes next, so that a handshake in progress, which takes milliseconds, is the last to suffer.
 */
export class Handshakes {
  private readonly max: number;
  private readonly onDrop: () => void;
  private readonly sockets = new Set<Socket>();

  constructor(max: number, onDrop: () => void) {
    this.max = max;
    this.onDrop = onDrop;
  }

  get count(): number {
    return this.sockets.size;
  }

  /** A client has connected. */
  begin(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.end(socket));
    if (this.sockets.size <= this.max) return;
    for (const oldest of this.sockets) {
      this.end(oldest);
      this.onDrop();
      oldest.destroy();
      return;
    }
  }

  /** It is a WebSocket now, or gone. */
  end(socket: Socket): void {
    this.sockets.delete(socket);
  }
}
