import { signalingConformance } from '@peerpigeon/mesh/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { broadcastChannel } from '../src/adapters/broadcast-channel.js';
import { PeerPigeonMesh, type MeshOptions } from '../src/index.js';
import { conform, turn } from './conform.js';
import { MemoryLinks } from './memory-links.js';
import { tape } from './world.js';

const links = new MemoryLinks();
const meshes: PeerPigeonMesh[] = [];
afterEach(() => {
  for (const mesh of meshes.splice(0)) mesh.disconnect();
});

async function tab(name: string, options: MeshOptions = {}): Promise<PeerPigeonMesh> {
  const mesh = new PeerPigeonMesh({ ...options, ports: { links } });
  meshes.push(mesh);
  await mesh.connect(`broadcast:${name}`);
  return mesh;
}

describe('broadcastChannel keeps the signaling port, as far as there is no server', () => {
  const url = `broadcast:port?peerId=${'1'.repeat(40)}`;
  const make = () => ({ signaling: broadcastChannel(), echoUrl: url, refusingUrl: url, deadUrl: url, turn });
  const serverless = ['opens once', 'tells nothing after close()', 'to close again'];
  conform(signalingConformance(make).filter(({ name }) => serverless.some((start) => name.startsWith(start))));
});

it('S10, S46: tabs that connect to one name find each other and link; to others, or in other networks, not', async () => {
  const here = [await tab('one'), await tab('one'), await tab('one')];
  const elsewhere = [await tab('two'), await tab('one', { networkName: 'other' })];
  await vi.waitUntil(() => here.every((mesh) => mesh.getConnectedPeerCount() === 2), { timeout: 10_000 });
  expect(here[0]?.getStatus()).toMatchObject({ connected: true, signalingUrl: 'broadcast:one' });
  expect(elsewhere.flatMap((mesh) => [...mesh.getPeers(), ...mesh.getDiscoveredPeerIds()])).toEqual([]);
  const heard = here.map((mesh) => tape(mesh, 'messageReceived'));
  here[1]?.sendMessage('to all tabs');
  await vi.waitUntil(() => heard.every((messages) => messages.length === 1));
});

it('a tab that leaves is told of, and one that comes back is found again', async () => {
  const first = await tab('come and go');
  const second = await tab('come and go');
  await vi.waitUntil(() => first.hasPeer(second.peerId!));
  second.disconnect();
  await vi.waitUntil(() => !first.hasPeer(second.peerId!));
  await second.connect('broadcast:come and go');
  await vi.waitUntil(() => first.hasPeer(second.peerId!), { timeout: 10_000 });
  expect(first.getPeers()).toEqual([second.peerId]);
});

it('of two tabs with one id the first keeps it', async () => {
  const [first] = [await tab('same', { peerId: 'me' })];
  const second = new PeerPigeonMesh({ peerId: 'me', ports: { links } });
  meshes.push(second);
  const lost = tape(second, 'statusChanged');
  await second.connect('broadcast:same').catch(() => {});
  await vi.waitUntil(() =>
    lost.some(({ type, message }) => type === 'reconnecting' && message.includes('has this id')),
  );
  expect(first?.getStatus().connected).toBe(true);
});

it('what others post there is ignored unless it is a message', async () => {
  const first = await tab('noise');
  const channel = new BroadcastChannel('peerpigeon/1/noise/');
  const from = '2'.repeat(40);
  for (const noise of [
    1,
    null,
    'text',
    {},
    { from: 'x', text: '{}' },
    { from, text: '{' },
    { from, to: 3, text: '{}' },
  ]) {
    channel.postMessage(noise);
  }
  const second = await tab('noise');
  await vi.waitUntil(() => first.hasPeer(second.peerId!), { timeout: 10_000 });
  expect(first.getDiscoveredPeerIds()).toEqual([]);
  channel.close();
});

it('where there is no BroadcastChannel connect() fails as for a server that is away', async () => {
  vi.stubGlobal('BroadcastChannel', undefined);
  const mesh = new PeerPigeonMesh({ ports: { links } });
  meshes.push(mesh);
  await expect(mesh.connect('broadcast:x', { timeoutMs: 100 })).rejects.toMatchObject({
    code: 'SIGNALING_UNREACHABLE',
  });
  vi.unstubAllGlobals();
});
