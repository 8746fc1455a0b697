import { afterEach, expect, it, vi } from 'vitest';
import { URL, World, tape } from './world.js';

const world = new World();
afterEach(() => world.close());

it('S50: peerEvicted names the other peer, the reason and who began, on both sides, and peerDisconnected follows', async () => {
  // Three peers with two links each: whoever comes next stands between two of them, and takes their link's place.
  const meshes = Array.from({ length: 5 }, () => world.mesh({ maxPeers: 2 }));
  const evicted = meshes.map((mesh) => tape(mesh, 'peerEvicted'));
  const disconnected = meshes.map((mesh) => tape(mesh, 'peerDisconnected'));
  for (const mesh of meshes.slice(0, 3)) await mesh.connect(URL);
  await vi.waitUntil(() => meshes.slice(0, 3).every((mesh) => mesh.getConnectedPeerCount() === 2), { timeout: 15_000 });
  for (const mesh of meshes.slice(3)) await mesh.connect(URL);
  const find = (initiatedBy: 'local' | 'remote') =>
    evicted.flatMap((events, i) =>
      events
        .filter((event) => event.initiatedBy === initiatedBy)
        .map((event) => ({ ...event, at: meshes[i]!.peerId! })),
    );
  const mirrored = () =>
    find('local').flatMap((here) =>
      find('remote').filter((there) => there.at === here.peerId && there.peerId === here.at),
    );
  await vi.waitUntil(() => mirrored().length > 0, { timeout: 15_000 });
  const { at, peerId, reason } = mirrored()[0]!;
  expect(reason).not.toBe('');
  const index = meshes.findIndex((mesh) => mesh.peerId === at);
  await vi.waitUntil(() => disconnected[index]!.some((event) => event.peerId === peerId), { timeout: 15_000 });
  for (const mesh of meshes) expect(mesh.getConnectedPeerCount()).toBeLessThanOrEqual(2);
});
