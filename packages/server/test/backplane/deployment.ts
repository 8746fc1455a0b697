import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createClient } from '@redis/client';
import { vi } from 'vitest';
import type { RedisConfig, ServerStats } from '../../src/index.js';
import { RawClient } from '../raw-client.js';
import { freePort } from './redis-process.js';

const PROGRAM = fileURLToPath(new URL('node-process.mjs', import.meta.url));

/** Of one address come all clients of a test, as many as it likes. */
const OPEN = {
  addressConnections: 10_000,
  handshakeRate: 10_000,
  handshakeBurst: 10_000,
  messageRate: 1e6,
  messageBurst: 1e6,
  byteRate: 5e8,
  byteBurst: 5e8,
  announceRate: 1e4,
  announceBurst: 1e4,
};

/** A node: a server in a process of its own. */
export class NodeProcess {
  readonly address: string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, address: string) {
    this.child = child;
    this.address = address;
    this.ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  }

  static async start(url: string, node: string, config: Partial<RedisConfig> = {}): Promise<NodeProcess> {
    const child = fork(PROGRAM, [JSON.stringify({ url, node, config, options: OPEN })], {
      stdio: 'inherit',
      execArgv: [],
    });
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the node ended with ${code}`)));
    const [{ address }] = (await Promise.race([once(child, 'message'), ended])) as [{ address: string }];
    void ended.catch(() => undefined);
    return new NodeProcess(child, address);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async stats(): Promise<ServerStats> {
    this.child.send('stats');
    const [{ stats }] = (await once(this.child, 'message')) as [{ stats: ServerStats }];
    return stats;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** A TCP proxy that can be cut: then nothing passes, and nobody is told. */
export class CutProxy {
  readonly port: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(port: number, target: number) {
    this.port = port;
    this.server = createServer((near) => {
      const far = connect(target, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(from);
        if (this.isCut) from.pause();
        from.on('data', (data) => to.write(data));
        from.on('error', () => undefined);
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async start(target: number): Promise<CutProxy> {
    const proxy = new CutProxy(await freePort(), target);
    proxy.server.listen(proxy.port, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.pause();
  }

  /** What was in between when it was cut is lost with its connection. */
  heal(): void {
    this.isCut = false;
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** A client of a node, announced. */
export class Peer {
  readonly id: string;
  readonly client: RawClient;
  /** How its socket ended; undefined while it is open. */
  code: number | undefined;

  constructor(address: string, id: string) {
    this.id = id;
    this.client = new RawClient(`${address}/?peerId=${id}`);
    void this.client.closed.then(({ code }) => (this.code = code));
  }

  static async join(address: string, id: string): Promise<Peer> {
    const peer = new Peer(address, id);
    await peer.announce();
    return peer;
  }

  /** Announces itself; gives whom it was told of. */
  async announce(): Promise<string[]> {
    const record = { id: this.id, epoch: 1, caps: { maxPeers: 3 }, expires: 1e15 };
    await this.opened();
    this.client.send({ type: 'announce', data: { peerId: this.id, protocol: 1, record } });
    const { data } = await this.client.next('peers');
    const peers = (data?.['peers'] ?? []) as { id: string }[];
    return peers.map(({ id }) => id);
  }

  offer(to: string, data: unknown): void {
    this.client.send({ type: 'offer', data, targetPeerId: to });
  }

  private async opened(): Promise<void> {
    const { socket } = this.client;
    if (socket.readyState === socket.CONNECTING) await once(socket, 'open');
  }
}

/** So many peers at once. */
export function crowd(address: string, ids: readonly string[]): Promise<Peer[]> {
  return Promise.all(ids.map((id) => Peer.join(address, id)));
}

/** The discoverable ids of the network `global` as Redis has them. */
export async function indexOf(url: string): Promise<string[]> {
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  const members = (await client.sendCommand(['ZRANGE', 'pp:net:global:idx', '0', '-1'])) as unknown as string[];
  client.destroy();
  return members.map((member) => member.slice(0, 40)).sort();
}

/** How long it takes until that holds, in ms. */
export async function until(holds: () => boolean | Promise<boolean>, timeout: number): Promise<number> {
  const began = performance.now();
  await vi.waitUntil(holds, { timeout, interval: 50 });
  return Math.round(performance.now() - began);
}
