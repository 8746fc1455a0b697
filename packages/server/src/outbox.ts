import { type ServerMessage, encodeServerMessage } from '@peerpigeon/signaling-protocol';
import type { Line } from './line.js';
import type { Metrics } from './metrics.js';
import { WriteBatch } from './write-batch.js';

/** How much may wait for one reader, in bytes. */
export interface Backlog {
  /** Beyond it hints are left out. */
  readonly softBacklog: number;
  /** Beyond it nothing more is written. */
  readonly hardBacklog: number;
}

/** Writes messages to sockets, as long as somebody reads them. */
export class Outbox {
  private readonly backlog: Backlog;
  private readonly metrics: Metrics;
  private readonly batch = new WriteBatch();
  /** The message written last, with its bytes: several receivers in a row cost one encoding. */
  private encoded: { readonly message: ServerMessage; readonly bytes: Buffer } | undefined;

  constructor(backlog: Backlog, metrics: Metrics) {
    this.backlog = backlog;
    this.metrics = metrics;
  }

  /** @returns false when the reader is so slow that it had better be cut off */
  write({ socket, stream }: Line, message: ServerMessage): boolean {
    const { softBacklog, hardBacklog } = this.backlog;
    // What only waits for the end of this turn is no backlog.
    if (socket.bufferedAmount > softBacklog) this.batch.release(stream);
    if (socket.bufferedAmount > softBacklog && isHint(message)) {
      this.metrics.backpressure.inc({ action: 'drop' });
      return true;
    }
    if (this.encoded?.message !== message) {
      this.encoded = { message, bytes: Buffer.from(encodeServerMessage(message, Date.now())) };
    }
    const { bytes } = this.encoded;
    if (socket.bufferedAmount + bytes.length > hardBacklog) this.batch.release(stream);
    // What is larger than the bound passes where nothing waits: it is within the bound on messages.
    if (socket.bufferedAmount > 0 && socket.bufferedAmount + bytes.length > hardBacklog) {
      this.metrics.backpressure.inc({ action: 'close' });
      return false;
    }
    this.metrics.messages.inc({ type: message.type, dir: 'out' });
    this.metrics.bytes.inc({ dir: 'out' }, bytes.length);
    this.batch.hold(stream);
    socket.send(bytes, { binary: false });
    return true;
  }
}

/** Whether it can be done without: other hints follow, and links tell more than any of them. */
function isHint({ type }: ServerMessage): boolean {
  return type === 'peer-discovered' || type === 'peer-disconnected';
}
