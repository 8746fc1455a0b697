import { expect, onTestFinished, test, vi } from 'vitest';
import {
  iceServersFrom,
  PeerPigeonMesh,
  PeerPigeonServer,
  SignalingClient,
  type PeerPigeonServerOptions,
} from '../src/node.js';

// What clients make of a server that wants tokens, limits, or leaves.

async function serve(options: PeerPigeonServerOptions = {}): Promise<{ server: PeerPigeonServer; url: string }> {
  const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', ...options });
  onTestFinished(() => server.stop());
  return { server, url: (await server.start()).url };
}

function client(options: Partial<ConstructorParameters<typeof SignalingClient>[0]> = {}): SignalingClient {
  const made = new SignalingClient({ peerId: 'alice', logger: silent, ...options });
  onTestFinished(() => made.disconnect());
  return made;
}
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test('S117: a server that drains is left for the next, each client at its time, and nothing is said twice', async () => {
  const [one, two] = [await serve(), await serve()];
  const clients = Array.from({ length: 10 }, (_, n) => client({ peerId: `peer ${n}` }));
  const moved = clients.map((each) => {
    const codes: number[] = [];
    each.on('disconnected', ({ code }) => codes.push(code));
    return new Promise<number[]>((resolve) => {
      each.on('connected', ({ url }) => url === two.url && resolve(codes));
    });
  });
  await Promise.all(clients.map((each) => each.connect([one.url, two.url])));
  expect(one.server.getStats().peers).toBe(10);
  const began = performance.now();
  await one.server.drain({ withinMs: 2_000 });
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(await Promise.all(moved)).toEqual(Array.from({ length: 10 }, () => [1012]));
  expect(two.server.getPeers().filter(({ announced }) => announced)).toHaveLength(10);
});

test('S117: no link is lost when the server of a mesh drains', async () => {
  const [one, two] = [await serve(), await serve()];
  const meshes = [new PeerPigeonMesh({ logger: silent }), new PeerPigeonMesh({ logger: silent })] as const;
  const events: string[] = [];
  for (const mesh of meshes) {
    await mesh.connect([one.url, two.url]);
    for (const type of ['peerDisconnected', 'peerEvicted'] as const)
      mesh.addEventListener(type, () => events.push(type));
  }
  await vi.waitUntil(() => meshes.every((mesh) => mesh.getConnectedPeerCount() === 1), { timeout: 15_000 });
  const heard: unknown[] = [];
  meshes[1].addEventListener('messageReceived', ({ content }) => heard.push(content));
  const drained = one.server.drain({ withinMs: 1_000 });
  for (let n = 0; n < 20; n++) meshes[0].sendMessage(n);
  await drained;
  await vi.waitUntil(() => two.server.getPeers().filter(({ announced }) => announced).length === 2);
  for (let n = 20; n < 40; n++) meshes[0].sendMessage(n);
  await vi.waitUntil(() => heard.length === 40);
  expect(events).toEqual([]);
  meshes[0].disconnect();
  // One after the other: wrtc crashes in a send to a peer that closes at that very moment.
  await vi.waitUntil(() => meshes[1].getConnectedPeerCount() === 0);
  meshes[1].disconnect();
});

test('a token from a provider opens socket and /ice; a wrong one is a refusal for good, an origin not allowed, too', async () => {
  const { url } = await serve({
    stunUrls: 'stun:stun.example',
    authorize: ({ token, network }) =>
      token === 'ticket'
        ? { subject: 'alice', networks: ['global'] }
        : { refusal: 'unauthorized', reason: `no ticket for ${network}` },
  });
  const signalingToken = async (): Promise<string> => 'ticket';
  await client({ signalingToken }).connect(url);
  const at = `${url.replace('ws', 'http')}/ice`;
  const given = await iceServersFrom(at, { token: signalingToken })();
  expect(given).toEqual({ iceServers: [{ urls: ['stun:stun.example'] }], ttlSeconds: 3_600 });
  await expect(iceServersFrom(at)()).rejects.toThrow(`${at} answered 401`);
  await expect(client().connect(url)).rejects.toMatchObject({
    code: 'SIGNALING_REFUSED',
    details: { closeCode: 4401, reason: 'no ticket for global' },
  });
  const elsewhere = client({ signalingToken, networkName: 'secret' });
  await expect(elsewhere.connect(url)).rejects.toMatchObject({ details: { closeCode: 4403 } });
});

test('S130: a client over the limit of its address is told when to return, and gets in then', async () => {
  const { url } = await serve({ handshakeBurst: 1, handshakeRate: 1 });
  await client({ peerId: 'first' }).connect(url);
  const second = client({ peerId: 'second' });
  const told: unknown[] = [];
  second.on('error', ({ code }) => told.push(code));
  second.on('disconnected', ({ code, permanent }) => told.push([code, permanent]));
  await second.connect(url);
  expect(told.slice(0, 2)).toEqual(['RATE_LIMITED', [4429, false]]);
});
