import { WebSocket } from 'ws';

/**
 * A client written from the README alone, with a bare WebSocket: its endpoint, its envelope and the six messages of its table,
 * besides the `ping` that the envelope lists. The tables do not say how peers are discovered, so the client takes every message of
 * a type that they do not have as a notice about the peer that it names, if it names one.
 */

/** The README's message format. */
export interface Envelope {
  readonly type: string;
  readonly data?: unknown;
  readonly fromPeerId?: string;
  readonly targetPeerId?: string;
  readonly timestamp?: number;
}

/** What a server said of a peer. */
export interface Notice {
  readonly type: string;
  readonly peerId: string;
}

const RELAYED: readonly string[] = ['offer', 'answer', 'ice-candidate'];

export class ReadmeClient {
  readonly peerId: string;
  /** Offers, answers and candidates for this peer, in order. */
  readonly signals: Envelope[] = [];
  /** What was said of other peers, in order. */
  readonly notices: Notice[] = [];
  /** Everything that came, in order. */
  readonly received: Envelope[] = [];
  readonly closed: Promise<number>;
  private readonly socket: WebSocket;
  private readonly waiting = new Set<() => void>();

  /** @param url of the server, without a path */
  constructor(url: string, peerId: string, path = '/signaling') {
    this.peerId = peerId;
    this.socket = new WebSocket(`${url}${path}?peerId=${peerId}`);
    this.socket.on('error', () => this.socket.terminate());
    this.socket.on('message', (text) => this.receive(JSON.parse((text as Buffer).toString('utf8')) as Envelope));
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code) => {
        resolve(code);
        this.wake();
      }),
    );
  }

  /** Connects and announces. */
  static async join(url: string, peerId: string): Promise<ReadmeClient> {
    const client = new ReadmeClient(url, peerId);
    await client.open();
    client.announce();
    return client;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      void this.closed.then((code) => reject(new Error(`closed with ${code}`)));
    });
  }

  announce(): void {
    this.send('announce', { data: { peerId: this.peerId, timestamp: Date.now() } });
  }

  goodbye(): void {
    this.send('goodbye', { data: { peerId: this.peerId, timestamp: Date.now() } });
  }

  offer(targetPeerId: string, data: unknown): void {
    this.send('offer', { data, targetPeerId });
  }

  answer(targetPeerId: string, data: unknown): void {
    this.send('answer', { data, targetPeerId });
  }

  iceCandidate(targetPeerId: string, data: unknown): void {
    this.send('ice-candidate', { data, targetPeerId });
  }

  cleanup(reason: string): void {
    this.socket.send(JSON.stringify({ type: 'cleanup', reason }));
  }

  /** A message with these fields besides its type, sender and time; any of these may be given, too. */
  send(type: string, fields: object = {}): void {
    this.socket.send(JSON.stringify({ type, fromPeerId: this.peerId, timestamp: Date.now(), ...fields }));
  }

  /** Resolves as soon as `holds` does; rejects when the socket closes first. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('closed before that');
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  /** Whatever the server had to say until now is here: it has answered a ping. */
  async settled(): Promise<void> {
    const pongs = (): number => this.received.filter(({ type }) => type === 'pong').length;
    const before = pongs();
    this.send('ping');
    await this.until(() => pongs() > before);
  }

  /** The peers that notices of a type have named, each as often as it was named. */
  told(type: string): string[] {
    return this.notices.filter((notice) => notice.type === type).map((notice) => notice.peerId);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  /** Gone without a word, as by a crash. */
  async vanish(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }

  private receive(envelope: Envelope): void {
    this.received.push(envelope);
    const { type, data } = envelope;
    if (RELAYED.includes(type)) this.signals.push(envelope);
    else if (typeof data === 'object' && data !== null && 'peerId' in data && typeof data.peerId === 'string') {
      if (data.peerId !== this.peerId) this.notices.push({ type, peerId: data.peerId });
    }
    this.wake();
  }

  private wake(): void {
    const waking = [...this.waiting];
    this.waiting.clear();
    for (const wake of waking) wake();
  }
}
