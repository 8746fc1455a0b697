import type { PeerId } from '@peerpigeon/core';
import { expect, test } from 'vitest';
import type { Mesh } from '../src/index.js';
import { World } from './world.js';

const [OURS, THEIRS] = ['a'.repeat(40), 'b'.repeat(40)];

function peersOf({ meshes }: World, peer: PeerId): PeerId[] | undefined {
  return meshes.get(peer)?.report.peers();
}

test('S80: failed dials are counted by peer, for peers not connected', () => {
  const made = new World();
  const mesh = made.join(OURS, { autoDiscovery: false });
  made.join(THEIRS, { autoDiscovery: false });
  made.run(1_000);
  const attempts = (): number | undefined => mesh.report.discovered().find(({ peerId }) => peerId === THEIRS)?.attempts;
  expect(attempts()).toBe(0);
  // It hears and says nothing any more, and the server has not noticed.
  const silent = made.meshes.get(THEIRS) as Mesh;
  made.meshes.delete(THEIRS);
  for (const count of [1, 2]) {
    made.feed(OURS, { type: 'dial', peer: THEIRS, kind: 'mesh' });
    expect(mesh.report.discovered()).toMatchObject([{ peerId: THEIRS, isConnecting: true }]);
    made.run(10_000);
    expect(attempts()).toBe(count);
    expect(mesh.report.health(made.now).connectionAttempts).toEqual({ [THEIRS]: count });
  }
  made.meshes.set(THEIRS, silent);
  made.feed(OURS, { type: 'dial', peer: THEIRS, kind: 'mesh' });
  made.run(1_000);
  expect(peersOf(made, OURS)).toEqual([THEIRS]);
  expect(mesh.report.health(made.now).connectionAttempts).toEqual({});
});

test('S97: a handshake that fails is tried again until a link comes about, and the peer is never forgotten', () => {
  const made = new World();
  made.drop = () => true;
  for (const peer of [OURS, THEIRS]) made.join(peer);
  // Both channels open, and no hello arrives.
  for (let second = 0; second < 40; second++) {
    made.run(1_000);
    expect(made.meshes.get(OURS)?.report.discovered().length).toBe(1);
    expect(peersOf(made, OURS)).toEqual([]);
  }
  expect(made.meshes.get(OURS)?.report.discovered()[0]?.attempts).toBeGreaterThan(1);
  made.drop = () => false;
  made.run(20_000);
  expect(peersOf(made, OURS)).toEqual([THEIRS]);
  expect(peersOf(made, THEIRS)).toEqual([OURS]);
});
