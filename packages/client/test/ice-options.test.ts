import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PeerPigeonMesh, type MeshOptions } from '../src/index.js';
import { FakeNetwork } from './fake-rtc.js';
import { tape, URL, World } from './world.js';

let world: World;
const meshes: PeerPigeonMesh[] = [];
beforeEach(() => {
  world = new World();
});
afterEach(() => {
  for (const mesh of meshes.splice(0)) mesh.disconnect();
});

/** A mesh on the host's links, of which none ever opens. */
function meshOf(options: MeshOptions): PeerPigeonMesh {
  const { RTCPeerConnection } = new FakeNetwork();
  meshes.push(new PeerPigeonMesh({ RTCPeerConnection, ports: { signaling: world.signaling }, ...options }));
  return meshes.at(-1) as PeerPigeonMesh;
}

describe('options of links', () => {
  it.each<MeshOptions>([
    { iceServers: 'stun:stun.test' as never },
    { iceServers: [{ urls: 'https://stun.test' }] },
    { iceServers: [{ urls: 'turn:turn.test' }] },
    { iceTransportPolicy: 'direct' as never },
    { maxConnections: 0 },
    { maxConnections: 481 },
  ])('S98: %j throws', (options) => {
    expect(() => new PeerPigeonMesh(options)).toThrow(expect.objectContaining({ code: expect.any(String) }));
  });

  it('S98: none, a list and a function are taken', () => {
    const taken = [undefined, [], [{ urls: 'stun:stun.test' }], () => []];
    expect(taken.map((iceServers) => new PeerPigeonMesh({ iceServers }).getConnectedPeerCount())).toEqual([0, 0, 0, 0]);
  });

  it('S52: a provider that fails is told of by a warning', async () => {
    const iceServers = (): never => {
      throw new Error('503');
    };
    const [one, other] = [meshOf({ iceServers }), meshOf({ iceServers })];
    const told = [one, other].map((each) => tape(each, 'statusChanged'));
    for (const each of [one, other]) await each.connect(URL);
    await vi.waitUntil(() => told.flat().some(({ type }) => type === 'warning'));
    expect(told.flat().filter(({ type }) => type === 'warning')).toContainEqual({
      type: 'warning',
      code: 'ice-servers',
      message: 'the provider of ICE servers fails: 503',
    });
  });
});
