import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { iceServersFrom, SignalingClient, webSocket } from '../src/index.js';
import { platform } from '../src/platform/node.js';

// Against a server that reads the handshake alone; that real tokens open a real server is tested in packages/peerpigeon.

let url: string;
/** What the subprotocols of each handshake were. */
let offered: (string | undefined)[];
/** The code that the next connection is closed with; undefined: it is accepted. */
let closeCode: number | undefined;
let sockets: WebSocketServer;

beforeEach(async () => {
  [offered, closeCode] = [[], undefined];
  sockets = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (protocols) => (protocols.has('peerpigeon.v1') ? 'peerpigeon.v1' : false),
  });
  sockets.on('connection', (socket, request: IncomingMessage) => {
    offered.push(request.headers['sec-websocket-protocol']);
    if (closeCode !== undefined) socket.close(closeCode);
    else socket.send(JSON.stringify({ type: 'connected', fromPeerId: 'system', timestamp: 0 }));
  });
  await new Promise((resolve) => sockets.once('listening', resolve));
  url = `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`;
  return () => {
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
  };
});

function client(signalingToken?: SignalingClientOptions['signalingToken']): SignalingClient {
  const made = new SignalingClient({ peerId: 'alice', ...(signalingToken !== undefined && { signalingToken }) });
  onTestFinished(() => made.disconnect());
  return made;
}
type SignalingClientOptions = ConstructorParameters<typeof SignalingClient>[0];

describe('signalingToken', () => {
  it('goes among the subprotocols, and never into the address', async () => {
    await client('aaa.bbb.ccc').connect(url);
    expect(offered).toEqual(['peerpigeon.v1,peerpigeon.jwt.aaa.bbb.ccc']);
  });

  it('is left out where there is none: a server of the README selects no subprotocol', async () => {
    await client().connect(url);
    expect(offered).toEqual([undefined]);
  });

  it('S117: is fetched anew for each connection', async () => {
    let fetched = 0;
    const alice = client(async () => `token-${++fetched}`);
    await alice.connect(url);
    const again = new Promise((resolve) => alice.on('connected', resolve));
    for (const socket of sockets.clients) socket.close(1012);
    await again;
    expect(offered).toEqual(['peerpigeon.v1,peerpigeon.jwt.token-1', 'peerpigeon.v1,peerpigeon.jwt.token-2']);
  });

  it('S117: one that the server refuses is a refusal for good', async () => {
    closeCode = 4401;
    await expect(client('bad').connect(url)).rejects.toMatchObject({
      code: 'SIGNALING_REFUSED',
      details: { closeCode: 4401 },
    });
    expect(offered).toHaveLength(1);
  });

  it('that cannot be fetched is a server that cannot be reached: told why, and tried again', async () => {
    let calls = 0;
    const provider = (): Promise<string> =>
      ++calls === 1 ? Promise.reject(new Error('the issuer is away')) : Promise.resolve('late');
    const alice = client(provider);
    const reasons: string[] = [];
    alice.on('disconnected', ({ reason }) => reasons.push(reason));
    await alice.connect(url);
    expect(offered).toEqual(['peerpigeon.v1,peerpigeon.jwt.late']);
    expect(reasons).toEqual(['Error: the issuer is away']);
  });

  it('that comes after the channel was closed opens nothing', async () => {
    let give: (token: string) => void = () => {};
    const signaling = webSocket((await platform.loadWebSocket())!, () => new Promise((resolve) => (give = resolve)));
    const handlers = { opened: vi.fn(), message: vi.fn(), closed: vi.fn() };
    const channel = signaling.open(url, handlers);
    channel.send('nothing yet');
    channel.close();
    give('late');
    // Another one opens and speaks meanwhile, so that the first would have had its time.
    await client('other').connect(url);
    expect(offered).toEqual(['peerpigeon.v1,peerpigeon.jwt.other']);
    for (const handler of Object.values(handlers)) expect(handler).not.toHaveBeenCalled();
  });

  it('of a wrong type is the caller’s mistake', () => {
    expect(() => client(7 as never)).toThrow('signalingToken: expected string, got number');
  });
});

describe('iceServersFrom', () => {
  const lease = { iceServers: [{ urls: 'stun:stun.example' }], ttlSeconds: 60 };

  async function site(answer: (request: IncomingMessage) => [status: number, body: unknown]): Promise<string> {
    const server = createServer((request, response) => {
      const [status, body] = answer(request);
      response.writeHead(status).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ice`;
  }

  it('gives what the server gives, to who shows the token', async () => {
    const at = await site(({ headers }) => (headers.authorization === 'Bearer t1' ? [200, lease] : [401, {}]));
    expect(await iceServersFrom(at, { token: async () => 't1' })()).toEqual(lease);
    await expect(iceServersFrom(at)()).rejects.toThrow(`${at} answered 401`);
  });
});
