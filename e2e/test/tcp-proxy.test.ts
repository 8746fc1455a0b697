import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOST } from '../fixtures/ports.js';
import { TcpProxy } from '../fixtures/tcp-proxy.js';

let echo: Server;
/** Connections at the target. */
let served: Socket[];
let proxy: TcpProxy | undefined;
const clients: Socket[] = [];

beforeEach(async () => {
  served = [];
  echo = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  echo.listen(0, HOST);
  await once(echo, 'listening');
});

afterEach(async () => {
  for (const socket of clients.splice(0)) socket.destroy();
  await proxy?.close();
  proxy = undefined;
  echo.close();
});

async function started(latencyMs?: number): Promise<TcpProxy> {
  proxy = await TcpProxy.start((echo.address() as AddressInfo).port, latencyMs);
  return proxy;
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, HOST);
  clients.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** What comes back of a text, as long as it. */
async function echoed(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  let got = '';
  while (got.length < text.length) got += String((await once(socket, 'data'))[0]);
  return got;
}

describe('the TCP proxy', () => {
  it('passes both ways, and the end of a connection too', async () => {
    const { port } = await started();
    const socket = await client(port);
    const text = 'x'.repeat(1_000_000);
    expect(await echoed(socket, text)).toBe(text);
    socket.end();
    await once(socket, 'close');
    await expect.poll(() => proxy?.open).toBe(0);
  });

  it('makes both ways as late as it is told', async () => {
    const { port } = await started(50);
    const socket = await client(port);
    const began = performance.now();
    expect(await echoed(socket, 'hello')).toBe('hello');
    expect(performance.now() - began).toBeGreaterThanOrEqual(98);
  });

  it('in a blackhole nothing passes, not even the end; afterwards everything does, in order', async () => {
    const path = await started();
    const socket = await client(path.port);
    expect(await echoed(socket, 'before')).toBe('before');
    path.blackhole(100);
    const cutAt = performance.now();
    const late = await client(path.port);
    const [first, second] = await Promise.all([echoed(socket, 'during'), echoed(late, 'new')]);
    expect([first, second]).toEqual(['during', 'new']);
    expect(performance.now() - cutAt).toBeGreaterThanOrEqual(98);
  });

  it('strands what is open: nothing passes there any more, but over new connections', async () => {
    const path = await started();
    const socket = await client(path.port);
    expect(await echoed(socket, 'before')).toBe('before');
    const heard: string[] = [];
    socket.on('data', (chunk) => heard.push(String(chunk)));
    path.strand();
    socket.write('after');
    expect(await echoed(await client(path.port), 'another')).toBe('another');
    expect(heard).toEqual([]);
    expect(socket.readyState).toBe('open');
  });

  it('resets every connection on both sides', async () => {
    const path = await started();
    const socket = await client(path.port);
    expect(await echoed(socket, 'before')).toBe('before');
    const reset = once(socket, 'error');
    const ended = new Promise((resolve) => served[0]?.once('close', resolve));
    path.reset();
    expect((await reset)[0]).toMatchObject({ code: 'ECONNRESET' });
    await ended;
    expect(path.open).toBe(0);
  });

  it('resets so many handshakes, and no more', async () => {
    const path = await started();
    path.resetHandshakes(1);
    const socket = await client(path.port);
    const reset = once(socket, 'error');
    socket.write('GET / HTTP/1.1\r\n');
    expect((await reset)[0]).toMatchObject({ code: 'ECONNRESET' });
    expect(await echoed(await client(path.port), 'now')).toBe('now');
    expect(path.accepted).toBe(2);
  });
});
