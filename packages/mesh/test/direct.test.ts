import { describe, expect, test } from 'vitest';
import { World } from './world.js';

const id = (n: number): string => n.toString(16).padStart(2, '0').repeat(20);

/** Four peers in a ring: 1 and 3 are no neighbours, nor 2 and 4. */
function ring(): World {
  const world = new World();
  for (const n of [1, 2, 3, 4]) world.join(id(n), { maxPeers: 2 });
  world.run(30_000);
  return world;
}

/** Two that are no neighbours. */
function strangers(world: World): [string, string] {
  for (const [from, mesh] of world.meshes) {
    const to = [...world.meshes.keys()].find((peer) => peer !== from && !mesh.report.hasPeer(peer));
    if (to !== undefined) return [from, to];
  }
  throw new Error('all are linked');
}

describe('the fate of a direct message', () => {
  test('S14: to a peer that said goodbye: it has left, which is known at once', () => {
    const world = ring();
    const [from, to] = strangers(world);
    world.feed(to, { type: 'leave' });
    world.run(100);
    const messageId = world.direct(from, to);
    world.run(2_000);
    expect(world.seen(from, 'messageFailed')).toEqual([{ type: 'messageFailed', messageId, to, reason: 'left' }]);
  });

  test('S14: to one that came back: it arrives', () => {
    const world = ring();
    const [from, to] = strangers(world);
    world.feed(to, { type: 'leave' });
    world.run(1_000);
    world.join(to, { maxPeers: 2 });
    world.run(20_000);
    const messageId = world.direct(from, to);
    world.run(2_000);
    expect(world.seen(from, 'messageDelivered')).toMatchObject([{ messageId, to, late: false }]);
  });

  test('S14: aborted: it is not sent again; a late acknowledgement is told of all the same', () => {
    const world = ring();
    const [from, to] = strangers(world);
    const messageId = world.direct(from, to);
    world.feed(from, { type: 'abort', messageId });
    expect(world.seen(from, 'messageFailed')).toMatchObject([{ messageId, reason: 'aborted' }]);
    world.run(20_000);
    expect(world.seen(to, 'message')).toHaveLength(1);
    expect(world.seen(from, 'messageDelivered')).toMatchObject([{ messageId, late: true }]);
    world.feed(from, { type: 'abort', messageId });
    expect(world.seen(from, 'messageFailed')).toHaveLength(1);
  });

  test('S14: sent before the first link it waits for it; with a time of its own, no longer than that', () => {
    const world = new World();
    world.join(id(1));
    const waiting = world.direct(id(1), id(2));
    const mesh = world.meshes.get(id(1));
    const envelope = mesh?.compose({
      kind: 'direct',
      channel: 'chat',
      to: id(2),
      content: new Uint8Array(1),
      timestamp: 0,
    });
    if (envelope !== undefined) world.feed(id(1), { type: 'direct', envelope, timeoutMs: 1_000 });
    world.run(3_000);
    expect(world.seen(id(1), 'messageFailed')).toMatchObject([{ messageId: envelope?.id, reason: 'unreachable' }]);
    world.join(id(2));
    world.run(5_000);
    expect(world.seen(id(2), 'message').map((event) => event.envelope.id)).toEqual([waiting]);
    expect(world.seen(id(1), 'messageDelivered')).toMatchObject([{ messageId: waiting, late: false }]);
  });
});
