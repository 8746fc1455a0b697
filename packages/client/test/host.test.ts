import { afterEach, expect, it, vi } from 'vitest';
import { PeerPigeonError, PeerPigeonMesh } from '../src/index.js';
import { tape, URL, World } from './world.js';

// A Node without WebRTC: importing the optional dependency fails.
vi.mock('@roamhq/wrtc', () => {
  throw new Error("Cannot find package '@roamhq/wrtc'");
});

const world = new World();
afterEach(() => world.close());

it('S2, S168: in Node without WebRTC init() says so, and what to do', async () => {
  const mesh = new PeerPigeonMesh();
  const failure = mesh.init();
  await expect(failure).rejects.toThrow(PeerPigeonError);
  await expect(failure).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    details: { missing: 'WebRTC' },
    message: expect.stringContaining('npm install @roamhq/wrtc'),
  });
  await expect(mesh.connect(URL), 'connect() runs init()').rejects.toMatchObject({ code: 'UNSUPPORTED' });
});

it('S2: in Node without WebRTC links may be given', async () => {
  const mesh = world.mesh();
  await mesh.connect(URL);
  expect(mesh.getStatus().connected).toBe(true);
});

it('S178: a listener that watches rates closes the link of one peer, and no other', async () => {
  const [watcher, loud, quiet] = (await world.full(3)) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
  for (const mesh of [watcher, loud, quiet]) mesh.setAutoDiscovery(false);
  const rates = new Map<string, number>();
  watcher.addEventListener('messageReceived', ({ from, direct }) => {
    const rate = (rates.get(from) ?? 0) + 1;
    rates.set(from, rate);
    if (direct && rate > 10 && watcher.hasPeer(from)) watcher.disconnectPeer(from, 'rate limit exceeded');
  });
  const [lost, gone, kept] = [watcher, loud, quiet].map((mesh) => tape(mesh, 'peerDisconnected'));
  for (let i = 0; i < 20; i++) loud.sendDirectMessage(watcher.peerId!, i);
  await vi.waitUntil(() => lost?.length === 1 && gone?.length === 1);
  expect(lost).toEqual([{ peerId: loud.peerId, reason: 'rate limit exceeded' }]);
  expect(gone).toEqual([{ peerId: watcher.peerId, reason: 'rate limit exceeded' }]);
  const heard = tape(watcher, 'messageReceived');
  quiet.sendDirectMessage(watcher.peerId!, 'still here');
  await vi.waitUntil(() => heard.some(({ content }) => content === 'still here'));
  expect(kept).toEqual([]);
  expect(quiet.getConnectedPeerCount()).toBe(2);
});
