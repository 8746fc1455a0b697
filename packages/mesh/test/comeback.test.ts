import type { PeerId } from '@peerpigeon/core';
import { expect, test } from 'vitest';
import { World } from './world.js';

const A: PeerId = 'a'.repeat(40);
const B: PeerId = 'b'.repeat(40);
const TYPES = ['peerConnected', 'peerDisconnected', 'peerDegraded', 'peerReconnecting', 'peerRecovered'];

/** Two linked peers, between whom nothing passes over the present transport any more. */
function severed(): World {
  const world = new World();
  world.join(A);
  world.join(B);
  world.run(5_000);
  expect(world.meshes.get(A)?.report.peers()).toEqual([B]);
  world.events.set(A, []);
  world.events.set(B, []);
  world.drop = () => true;
  return world;
}

const told = (world: World, id: PeerId): string[] =>
  (world.events.get(id) ?? []).map(({ type }) => type).filter((type) => TYPES.includes(type));

test('S101: a path that is lost is replaced, over the server; messages go on, and nobody is told of a loss', () => {
  const world = severed();
  world.restarted = () => (world.drop = () => false);
  const sent = world.broadcast(A, 'meanwhile');
  const direct = world.direct(A, B);
  world.run(9_000);
  for (const id of [A, B]) expect(told(world, id)).toEqual(['peerDegraded', 'peerReconnecting', 'peerRecovered']);
  world.run(20_000);
  const got = world.seen(B, 'message').map(({ envelope }) => envelope.id);
  expect(got).toContain(sent);
  expect(got).toContain(direct);
  expect(world.seen(A, 'messageDelivered')).toHaveLength(1);
  expect(world.violations).toEqual([]);
});

test('a path that no restart brings back: the peer is dialled anew, and shown all the while', () => {
  const world = severed();
  let restarts = 0;
  world.restarted = () => restarts++;
  // Only what is sent over the first transports is lost.
  const before = new Set([A, B].flatMap((id) => world.sessionsOf(id)));
  world.drop = (from, to) => before.has(world.sessionOf(from, to));
  const sent = world.broadcast(A, 'meanwhile');
  for (let second = 0; second < 40; second++) {
    world.run(1_000);
    for (const [id, other] of [
      [A, B],
      [B, A],
    ] as const)
      expect(world.meshes.get(id)?.report.peers()).toEqual([other]);
  }
  expect(restarts).toBeGreaterThanOrEqual(2);
  expect(world.sessionOf(A, B)).not.toBe([...before][0]);
  for (const id of [A, B]) {
    expect(told(world, id)).not.toContain('peerDisconnected');
    expect(told(world, id)).not.toContain('peerConnected');
  }
  expect(world.seen(B, 'message').map(({ envelope }) => envelope.id)).toContain(sent);
});

test('a peer that cannot be dialled anew either is reported lost when its time is up; one that leaves tells at once', () => {
  const world = severed();
  world.drop = () => true;
  world.run(60_000);
  for (const id of [A, B]) expect(told(world, id).filter((type) => type === 'peerDisconnected')).toHaveLength(1);
  expect(world.meshes.get(A)?.report.peers()).toEqual([]);
});
