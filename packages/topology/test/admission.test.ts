import { expect, test } from 'vitest';
import type { PeerId } from '@peerpigeon/core';
import { admit, hintsFor } from '../src/admission.js';
import type { Purpose } from '../src/index.js';
import { Keeping, id } from './keeping.js';
import { record } from './network.js';

function asks(own: Keeping, peer: PeerId, purpose: Purpose, isolated = false, maxPeers = 3): string {
  const request = { type: 'requested', peer, purpose, isolated, record: record(peer, maxPeers) } as const;
  own.know(peer);
  const verdict = admit(own.context, request, own.plan);
  return verdict.type === 'grant' ? 'grant' : verdict.reason;
}

function full(maxPeers: number, peers: string, tuning: ConstructorParameters<typeof Keeping>[2] = {}): Keeping {
  const own = new Keeping(id('5'), { maxPeers }, tuning);
  for (const digit of peers) own.link(id(digit)).theirRole = 'ring';
  own.assign();
  return own;
}

test('S90: a full peer takes its ring neighbour in a handover slot, and no second one before that is over', () => {
  const own = full(3, '39d');
  expect(asks(own, id('6'), 'ring', true)).toBe('grant');
  own.context.neighbourhood.pending.set(id('6'), { purpose: 'ring', ours: false, since: own.now });
  expect(asks(own, id('4'), 'ring', true)).toBe('busy');
});

test('S104: any other is refused, with peers that are nearer to it', () => {
  const own = full(3, '469');
  expect(asks(own, id('c'), 'ring', true)).toBe('full');
  const hints = hintsFor(id('c'), true, own.context.knowledge, own.now).map((hint) => hint.id);
  expect(hints[0]).toBe(id('9'));
});

test('S106: below capacity there is room', () => {
  expect(asks(full(3, '46'), id('c'), 'finger')).toBe('grant');
});

test('a peer with a single slot takes whoever comes first', () => {
  const own = new Keeping(id('5'), { maxPeers: 1 });
  expect(asks(own, id('c'), 'leaf', true)).toBe('grant');
  own.link(id('c'));
  expect(asks(own, id('6'), 'ring', true)).toBe('full');
});

test('a leaf makes room for itself in a slot that no leaf has, and never in the ring', () => {
  const own = full(3, '469');
  expect(asks(own, id('c'), 'leaf', true, 1)).toBe('grant');
  own.link(id('c'), 1);
  expect(own.role(id('c'))).toBe('leaf');
  own.context.neighbourhood.links.delete(id('9'));
  expect(asks(own, id('d'), 'leaf', true, 1)).toBe('full');
  expect(asks(full(2, '46'), id('d'), 'leaf', true, 1)).toBe('full');
});

test('extra links have their own number, beyond maxPeers', () => {
  const own = full(2, '46', { maxExtraPeers: 2 });
  for (const peer of ['c', 'd']) {
    expect(asks(own, id(peer), 'extra')).toBe('grant');
    own.link(id(peer), 3, 'extra');
  }
  expect(asks(own, id('e'), 'extra')).toBe('full');
  expect(own.context.neighbourhood.load).toBe(2);
});

test('S102: at capacity a nearer peer is taken, a farther one is not; with evictionStrategy off neither, but the ring is', () => {
  const peers = '46cdeb9873';
  for (const evictionStrategy of [true, false]) {
    const own = new Keeping(id('5'), { maxPeers: 10, evictionStrategy });
    for (const digit of peers) own.link(id(digit));
    // One near link stands for the worst.
    for (const link of own.context.neighbourhood.ordinary) if (link.peer === id('8')) link.role = 'near';
    expect(own.plan.slots.near).toBeGreaterThan(0);
    expect(asks(own, `5${'8'.repeat(39)}`, 'ring', true)).toBe('grant');
    expect(asks(own, `7${'0'.repeat(39)}`, 'near')).toBe(evictionStrategy ? 'grant' : 'full');
    expect(asks(own, id('a'), 'near')).toBe('full');
  }
});
