import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';

// The built process, as `npm start` runs it: needs `pnpm build` before.
const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const ID = 'a1b2c3d4'.repeat(5);
const TOKEN = 'a token that is never to be logged';
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** One line of the log, as JSON. */
interface Line {
  readonly level: string;
  readonly msg: string;
  readonly time: string;
  readonly url?: string;
}

/** The process; it listens on a free port unless told otherwise. */
class Signaling {
  readonly child: ChildProcess;
  readonly exit: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  output = '';
  private readonly waiting = new Set<() => void>();

  constructor(environment: Record<string, string> = {}, args: readonly string[] = []) {
    const env = { ...process.env, HOST: '127.0.0.1', PORT: '0', ...environment };
    this.child = spawn(process.execPath, [MAIN, ...args], { env });
    children.push(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('utf8');
        for (const wake of this.waiting) wake();
      });
    }
    this.exit = once(this.child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
    }));
  }

  /** The line that says so, once it is there. */
  async line(msg: string): Promise<Line> {
    for (;;) {
      const found = this.lines.find((line) => line.msg === msg);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  get lines(): Line[] {
    const whole = this.output.split('\n').slice(0, -1);
    return whole.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Line);
  }

  async url(): Promise<string> {
    return (await this.line('listening')).url ?? '';
  }

  /** A client that has announced itself; `told` are the types and data that came. */
  async client(options: { readonly protocol?: number } = {}): Promise<Client> {
    const socket = new WebSocket(`${await this.url()}/?peerId=${ID}`);
    const told: Client['told'] = [];
    const closed = once(socket, 'close').then(([code]) => code as number);
    const greeted = new Promise<void>((resolve) => {
      socket.on('message', (text: Buffer) => {
        const message = JSON.parse(text.toString('utf8')) as Client['told'][number];
        told.push(message);
        if (message.type === 'pong') resolve();
      });
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'announce', data: { peerId: ID, ...options } }));
    socket.send(JSON.stringify({ type: 'ping' }));
    await greeted;
    return { socket, told, closed };
  }
}

interface Client {
  readonly socket: WebSocket;
  readonly told: { readonly type: string; readonly data?: unknown }[];
  readonly closed: Promise<number>;
}

describe('the signaling process', () => {
  test('S149: SIGINT closes all as going away and ends it with 0, promptly, however often it comes', async () => {
    const signaling = new Signaling();
    const health = await fetch(`${(await signaling.url()).replace('ws:', 'http:')}/health`);
    expect(await health.json()).toMatchObject({ service: 'peerpigeon', connections: 0 });
    const { closed } = await signaling.client();
    const before = performance.now();
    signaling.child.kill('SIGINT');
    signaling.child.kill('SIGINT');
    expect(await closed).toBe(1001);
    expect(await signaling.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  test('S149: SIGTERM drains: not ready, clients told to come back elsewhere, exit 0 in time', async () => {
    const signaling = new Signaling({ DRAIN_TIME: '2000' });
    const http = (await signaling.url()).replace('ws:', 'http:');
    expect((await fetch(`${http}/ready`)).status).toBe(200);
    const ours = await signaling.client({ protocol: 1 });
    const before = performance.now();
    signaling.child.kill('SIGTERM');
    await signaling.line('draining');
    expect((await fetch(`${http}/ready`)).status).toBe(503);
    expect(await ours.closed).toBe(1012);
    expect(ours.told.map(({ type }) => type)).toContain('drain');
    expect(await signaling.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - before).toBeLessThan(4_000);
    expect(signaling.lines.at(-1)?.msg).toBe('stopped');
  });

  test('a second signal ends it at once', async () => {
    const signaling = new Signaling();
    const { closed } = await signaling.client({ protocol: 1 });
    signaling.child.kill('SIGTERM');
    await signaling.line('draining');
    signaling.child.kill('SIGTERM');
    expect(await signaling.exit).toEqual({ code: 143, signal: null });
    expect(await closed).toBe(1006);
  });

  test('logs JSON, one object a line, without ids and tokens', async () => {
    const signaling = new Signaling({ METRICS_TOKEN: TOKEN }, ['--turn-secret', TOKEN]);
    const { socket, closed } = await signaling.client();
    socket.send('not JSON');
    socket.close();
    await closed;
    const http = (await signaling.url()).replace('ws:', 'http:');
    await fetch(`${http}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    signaling.child.kill('SIGINT');
    await signaling.exit;
    expect(signaling.lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      'info listening',
      'info stopping',
      'info stopped',
    ]);
    expect(signaling.output.trim().split('\n')).toHaveLength(3);
    for (const { time } of signaling.lines) expect(new Date(time).toISOString()).toBe(time);
    expect(signaling.output).not.toContain(ID.slice(0, 9));
    expect(signaling.output).not.toContain(TOKEN);
  });

  test('with LOG_LEVEL=debug it tells what clients do, still without tokens', async () => {
    const signaling = new Signaling({ LOG_LEVEL: 'debug', METRICS_TOKEN: TOKEN });
    const { socket, closed } = await signaling.client();
    socket.send('not JSON');
    await signaling.line('client misbehaved');
    socket.close();
    await closed;
    await signaling.line('peerDisconnected');
    const told = signaling.lines.map(({ msg }) => msg);
    expect(told).toEqual(['listening', 'peerConnected', 'peerAnnounced', 'client misbehaved', 'peerDisconnected']);
    expect(signaling.output).not.toContain(TOKEN);
  });

  test('LOG_FORMAT=pretty is for people', async () => {
    const signaling = new Signaling({ LOG_FORMAT: 'pretty', PORT: '0' });
    while (!signaling.output.includes('listening')) await once(signaling.child.stdout ?? signaling.child, 'data');
    expect(signaling.output).toMatch(/INFO.*: listening\n/);
    expect(signaling.output).toMatch(/url: "ws:\/\/127\.0\.0\.1:\d+"/);
  });

  test('S153: a bad value ends the start with a message that names the variable or the flag', async () => {
    const byVariable = new Signaling({ PORT: 'http' });
    expect(await byVariable.exit).toMatchObject({ code: 1 });
    expect(byVariable.output).toBe('peerpigeon: PORT is wrong: port: expected a whole number, got "http"\n');
    const byFlag = new Signaling({}, ['--port', '70000']);
    expect(await byFlag.exit).toMatchObject({ code: 1 });
    expect(byFlag.output).toBe('peerpigeon: --port is wrong: port: expected an integer from 0 to 65535, got 70000\n');
    const unknown = new Signaling({}, ['--ports', '1']);
    expect(await unknown.exit).toMatchObject({ code: 1 });
    expect(unknown.output).toBe("peerpigeon: Unknown option '--ports' (--help lists all)\n");
  });

  test('a host of another machine ends the start with a message that names HOST', async () => {
    // 192.0.2.0/24 is for documentation (RFC 5737): no machine has it.
    const signaling = new Signaling({ HOST: '192.0.2.1' });
    expect(await signaling.exit).toMatchObject({ code: 1 });
    expect(signaling.output).toMatch(/^peerpigeon: HOST is wrong: .*192\.0\.2\.1/);
  });

  test('a taken port ends the start with a message that names PORT', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const signaling = new Signaling({ PORT: String(port) });
    const { code } = await signaling.exit;
    blocker.close();
    expect(code).toBe(1);
    expect(signaling.output).toContain(`port ${port} of 127.0.0.1 is taken. Set PORT to another one`);
  });

  test('--help, --version and --check print, listen nowhere, and end with 0', async () => {
    const run = promisify(execFile);
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    const print = async (...args: string[]): Promise<string> => (await run(process.execPath, [MAIN, ...args])).stdout;
    expect(await print('--version')).toBe(`${version}\n`);
    expect(await print('--help')).toContain('--max-connections  MAX_CONNECTIONS');
    expect(await print('--check', '--port', '1', '--turn-secret', TOKEN)).toMatch(/^PORT=1 +# --port\n/);
    await expect(print('--check', '--port', '-1')).rejects.toThrow('--port');
  });

  test('--health asks the server that runs with the same options', async () => {
    const run = promisify(execFile);
    const signaling = new Signaling();
    const { port } = new URL(await signaling.url());
    const health = async (...args: string[]): Promise<void> =>
      void (await run(process.execPath, [MAIN, '--health', ...args]));
    await health('--host', '0.0.0.0', '--port', port);
    signaling.child.kill('SIGINT');
    await signaling.exit;
    await expect(health('--host', '127.0.0.1', '--port', port)).rejects.toThrow(`http://127.0.0.1:${port}/health`);
  });

  test('REDIS_URL: where nobody answers there it serves its own clients, and says that it is alone', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    nobody.close();
    await once(nobody, 'close');
    const signaling = new Signaling({ REDIS_URL: `redis://127.0.0.1:${port}` });
    const ready = await fetch(`${(await signaling.url()).replace('ws:', 'http:')}/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ status: 'degraded', missing: ['backplane'] });
    const { told } = await signaling.client({ protocol: 1 });
    expect(told.map(({ type }) => type)).toContain('peers');
    signaling.child.kill('SIGINT');
    expect(await signaling.exit).toEqual({ code: 0, signal: null });
  });
});
