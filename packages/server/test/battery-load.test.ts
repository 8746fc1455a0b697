import { execFile } from 'node:child_process';
import { type Server, connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RawClient } from './raw-client.js';
import { figures, peerId, serve } from './serve.js';
import { serverProcess } from './server-process.js';

// The battery, checks 5, 7 and 9: floods, and the dead. The server runs alone where memory or time is measured.

/** Many come from one address here. */
const crowd = { handshakeBurst: 1e6, addressConnections: 1e6, maxConnections: 10_000 };
/** What a test itself may send. */
const unlimited = { messageRate: 1e6, messageBurst: 1e6, byteRate: 5e8, byteBurst: 5e8 };
const MIB = 2 ** 20;
/** Between two rounds of what others send meanwhile. */
const PACE_MS = 5;
const BURST = fileURLToPath(new URL('burst.mjs', import.meta.url));

/** The value below which 99 of 100 are. */
function p99(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] as number;
}

test('C8.5: 200 clients with a byte too many or tiny fragments: the server grows by less than 10 MB', async () => {
  const { url, memory } = await serverProcess({ ...crowd, ...unlimited, maxMessageSize: 64 * 1024 });
  const attack = async (n: number): Promise<number> => {
    const mallory = await RawClient.connect(url, peerId(100 + n));
    if (n % 2 === 0) mallory.send('x'.repeat(64 * 1024 + 1));
    else {
      mallory.socket.send('"', { fin: false });
      for (let i = 0; i < 10_000 && mallory.socket.readyState === mallory.socket.OPEN; i++) {
        mallory.socket.send('x', { fin: false });
        if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return (await mallory.closed).code;
  };
  const codes: number[] = [];
  // What the process itself grows to by its work, whatever that is, it has then.
  for (let n = 0; n < 200; n++) codes.push(await attack(n));
  const before = await memory();
  for (let n = 200; n < 400; n++) codes.push(await attack(n));
  const growth = (await memory()).rss - before.rss;
  expect((await RawClient.connect(url, peerId(1))).socket.readyState).toBe(1);
  expect(codes).toEqual(codes.map((_, n) => (n % 2 === 0 ? 1009 : 1008)));
  console.log(`C8.5: ${(growth / MIB).toFixed(1)} MiB of RSS after 200 of them`);
  expect(growth).toBeLessThan(10 * MIB);
});

describe('C8.7: 5,000 messages at once from one socket', () => {
  test('S130: 200 and 50 a second are relayed, then come errors, then 4429; others hardly notice', async () => {
    const { url, http } = await serverProcess(crowd);
    const victim = await RawClient.connect(url, peerId(3));
    let relayed = 0;
    victim.socket.on('message', (data) => {
      if ((data as Buffer).includes('"burst":')) relayed++;
    });
    const pairs = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => [
        await RawClient.connect(url, peerId(10 + 2 * n)),
        await RawClient.connect(url, peerId(11 + 2 * n)),
      ]),
    );
    /** How long offers take between others, while something goes on or for so many rounds. */
    const times = async (isOver: (round: number) => boolean): Promise<number[]> => {
      const measured: number[] = [];
      for (let round = 0; !isOver(round); round++) {
        await Promise.all(
          pairs.map(async ([a, b], n) => {
            const began = performance.now();
            a?.send({ type: 'offer', targetPeerId: peerId(11 + 2 * n), data: { round } });
            await b?.next('offer');
            measured.push(performance.now() - began);
          }),
        );
        await new Promise((resolve) => setTimeout(resolve, PACE_MS));
      }
      return measured;
    };
    /** The same while another process starts, connects, and sends so many messages. */
    const during = async (messages: number): Promise<{ measured: number[]; outcome: Outcome }> => {
      let isDone = false;
      const other = promisify(execFile)(process.execPath, [BURST, url, peerId(2), peerId(3), String(messages)]);
      void other.finally(() => (isDone = true));
      // Within the limits of those that are measured.
      const measured = await times((round) => isDone || round === 90);
      return { measured, outcome: JSON.parse((await other).stdout) as Outcome };
    };
    interface Outcome {
      readonly code: number;
      readonly errors: readonly { readonly code: string; readonly retryAfterMs: number }[];
    }
    const { measured: quiet } = await during(1);
    const began = performance.now();
    const {
      measured: loud,
      outcome: { code, errors },
    } = await during(5_000);
    const seconds = (performance.now() - began) / 1_000;
    await victim.settled();
    expect(code).toBe(4429);
    expect(new Set(errors.map((error) => error.code))).toEqual(new Set(['RATE_LIMITED']));
    expect(errors.length).toBeGreaterThanOrEqual(100);
    expect(errors[0]?.retryAfterMs).toBeGreaterThan(0);
    expect(relayed - 1).toBeGreaterThanOrEqual(200);
    expect(relayed - 1).toBeLessThanOrEqual(200 + 50 * seconds);
    expect((await figures(http)).get('pp_rejects_total{reason="messages"}')).toBeGreaterThanOrEqual(100);
    console.log(
      `C8.7: ${relayed - 1} of 5000 relayed; others' p99 ${p99(loud).toFixed(1)} ms, beside a client that behaves ${p99(quiet).toFixed(1)} ms`,
    );
    // 50 ms are asked for, which `node bench/signaling.mjs --burst 5000` measures; a machine that others use may take longer by itself.
    expect(p99(loud)).toBeLessThan(Math.max(150, 3 * p99(quiet)));
  });
});

/** A TCP proxy whose two sides can be forgotten, as a NAT or a broken cable does: nothing passes, and nobody is told. */
class Blackhole {
  private readonly server: Server;
  private isOpen = true;

  constructor(port: number) {
    this.server = createServer({ allowHalfOpen: true }, (client) => {
      const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      client.on('data', (bytes) => this.isOpen && upstream.write(bytes));
      upstream.on('data', (bytes) => this.isOpen && client.write(bytes));
      for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
      onTestFinished(() => {
        client.destroy();
        upstream.destroy();
      });
    });
    onTestFinished(() => void this.server.close());
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  swallow(): void {
    this.isOpen = false;
  }
}

test('C8.9, S135: half-open sockets are gone after ping and pong, those that live stay', async () => {
  const { server, url, http } = await serve({ pingInterval: 1_000, pongTimeout: 2_000 });
  const proxy = new Blackhole(server.getStats().port);
  const through = await proxy.listen();
  const dead = await Promise.all(Array.from({ length: 20 }, (_, n) => RawClient.connect(through, peerId(100 + n))));
  const alive = await Promise.all(Array.from({ length: 5 }, (_, n) => RawClient.connect(url, peerId(n))));
  const gone = new Promise<void>((resolve) => {
    let count = 0;
    server.on('peerDisconnected', () => ++count === dead.length && resolve());
  });
  const began = performance.now();
  proxy.swallow();
  await gone;
  const seconds = (performance.now() - began) / 1_000;
  console.log(`C8.9: 20 half-open sockets removed within ${seconds.toFixed(2)} s`);
  expect(seconds).toBeLessThan(5);
  expect(server.getPeers().map((peer) => peer.peerId)).toEqual(alive.map((_, n) => peerId(n)));
  for (const client of alive) expect(await client.settled()).toEqual([]);
  expect((await figures(http)).get('pp_ws_rtt_seconds_count')).toBeGreaterThanOrEqual(alive.length);
});
