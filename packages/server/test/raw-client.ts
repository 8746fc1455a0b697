import { WebSocket } from 'ws';

/** What a server's frame holds, as JSON; a test knows which fields to expect. */
export interface Frame {
  readonly type: string;
  readonly data?: { readonly [name: string]: unknown } | null;
  readonly fromPeerId?: string;
  readonly targetPeerId?: string;
  readonly timestamp?: number;
}

/** How a socket ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  /** The HTTP status, where there was no upgrade. */
  readonly status?: number;
}

/** What a client is made with. */
export interface RawClientOptions {
  readonly origin?: string;
  readonly autoPong?: boolean;
  /** Subprotocols that it offers. */
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A bare WebSocket that speaks JSON and knows nothing of PeerPigeon: what a third party would write. */
export class RawClient {
  readonly socket: WebSocket;
  readonly closed: Promise<Ending>;
  private readonly frames: Frame[] = [];
  private readonly waiting: (() => void)[] = [];

  constructor(address: string, { protocols = [], ...options }: RawClientOptions = {}) {
    this.socket = new WebSocket(address, [...protocols], { ...options, perMessageDeflate: false });
    this.socket.on('message', (data) => {
      this.frames.push(JSON.parse((data as Buffer).toString('utf8')) as Frame);
      for (const wake of this.waiting.splice(0)) wake();
    });
    this.socket.on('error', () => this.socket.terminate());
    let status: number | undefined;
    this.socket.on('unexpected-response', (request, response) => {
      status = response.statusCode;
      request.destroy();
      this.socket.terminate();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString('utf8'), ...(status !== undefined && { status }) });
        for (const wake of this.waiting.splice(0)) wake();
      });
    });
  }

  /** Connects as `peerId` and waits for `connected`. */
  static async connect(url: string, peerId: string): Promise<RawClient> {
    const client = new RawClient(`${url}/signaling?peerId=${peerId}`);
    await client.next('connected');
    return client;
  }

  /** Sends JSON, or text and bytes as they are; bytes as a text frame unless told otherwise. */
  send(content: object | string, options: { readonly binary: boolean } = { binary: false }): void {
    const raw = typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content);
    this.socket.send(raw, options);
  }

  /** The next frame of that type, or of several, those before it left out. Rejects when the socket closes first. */
  async next(...types: string[]): Promise<Frame> {
    for (;;) {
      for (let frame = this.frames.shift(); frame !== undefined; frame = this.frames.shift()) {
        if (types.includes(frame.type)) return frame;
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(`closed before a ${types.join(' or ')} came`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** The frames that came before the answer to a ping: whatever the server had to say is here then. */
  async settled(): Promise<Frame[]> {
    this.send({ type: 'ping' });
    const seen: Frame[] = [];
    for (;;) {
      for (let frame = this.frames.shift(); frame !== undefined; frame = this.frames.shift()) {
        if (frame.type === 'pong') return seen;
        seen.push(frame);
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('closed before the pong came');
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
