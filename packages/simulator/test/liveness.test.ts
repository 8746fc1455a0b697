import { SeededRng } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { describe, expect, test } from 'vitest';
import { NOTICE_QUANTILES_MS } from '../src/config.js';
import { noticeDelayMs } from '../src/liveness.js';
import type { SimulatedPeer } from '../src/peer.js';
import { createNetwork } from '../src/stack.js';
import { FIXED, last, linked } from './scripted-links.js';

const [SOONEST] = NOTICE_QUANTILES_MS as readonly [number];
const LATEST = NOTICE_QUANTILES_MS.at(-1) as number;

/** Where a sample's distribution function is farthest from another's (Kolmogorov and Smirnov). */
function farthest(one: readonly number[], other: readonly number[]): number {
  const share = (sample: readonly number[], value: number): number =>
    sample.filter((each) => each <= value).length / sample.length;
  return Math.max(...[...one, ...other].map((value) => Math.abs(share(one, value) - share(other, value))));
}

/**
 * How long after it fell silent partners called a peer suspect in a real mesh under full liveness. A sleep is as silent as
 * a kill, and leaves the mesh as it is.
 */
function measured(): number[] {
  const network = createNetwork({ seed: 21 });
  const silentSince = new Map<PeerId, number>();
  const delays: number[] = [];
  for (let i = 0; i < 18; i++) {
    network.join({
      onEvent: (event, now) => {
        if (event.type !== 'peerDegraded') return;
        const since = silentSince.get(event.peer);
        if (since !== undefined) delays.push(now - since);
      },
    });
    network.run(50);
  }
  network.run(15_000);
  for (let round = 0; round < 12; round++) {
    const asleep = network.up.filter((_, i) => (i + round) % 5 === 0);
    for (const peer of asleep) {
      silentSince.set(peer.id, network.now);
      network.freeze(peer);
    }
    network.run(5_000);
    silentSince.clear();
    for (const peer of asleep) network.resume(peer);
    network.run(20_000 + 100 * Math.PI * round); // a busy mesh hears later signs of life
  }
  return delays;
}

describe('modelled liveness', () => {
  test('notices a silent partner when full liveness does', () => {
    const full = measured();
    const rng = new SeededRng(8);
    const modelled = Array.from({ length: 2_000 }, () => noticeDelayMs(rng));
    expect(full.length).toBeGreaterThan(90);
    // The 1 % point for samples of 100 and 2,000 that follow one distribution is 0.17; how busy the mesh is adds to it.
    expect(farthest(full, modelled)).toBeLessThan(0.2);
    expect(Math.min(...modelled)).toBeGreaterThanOrEqual(SOONEST);
    expect(Math.max(...modelled)).toBeLessThan(LATEST);
  });

  const MODELLED = { ...FIXED, liveness: 'modelled' } as const;

  function expectNotice(peer: SimulatedPeer, fromMs: number): void {
    expect(last(peer)?.event).toBe('closed');
    expect(last(peer)?.at).toBeGreaterThanOrEqual(fromMs + SOONEST);
    expect(last(peer)?.at).toBeLessThan(fromMs + LATEST);
  }

  test('a kill closes the transports of the partners', () => {
    const { network, a, b } = linked(MODELLED);
    network.kill(b);
    network.run(60_000);
    expectNotice(a, 1_000);
  });

  test('a cut closes them at both ends; one that is healed before closes nothing', () => {
    const { network, a, b } = linked(MODELLED);
    network.cut((peer) => peer.index);
    network.run(2_000);
    network.heal();
    network.run(60_000);
    expect([last(a)?.event, last(b)?.event]).toEqual(['opened', 'opened']);
    network.cut((peer) => peer.index);
    network.run(60_000);
    expectNotice(a, 63_000);
    expectNotice(b, 63_000);
  });

  test('half-open: the end that hears nothing closes, and then the other one hears nothing', () => {
    const { network, a, b } = linked(MODELLED);
    network.halfOpen(a, b);
    network.run(60_000);
    expectNotice(b, 1_000);
    expectNotice(a, last(b)?.at ?? 0);
  });

  test('a frozen peer is missed, and finds its links gone when it wakes; a short sleep is not noticed', () => {
    const { network, a, b } = linked(MODELLED);
    network.freeze(b);
    network.run(2_000);
    network.resume(b);
    network.run(60_000);
    expect([last(a)?.event, last(b)?.event]).toEqual(['opened', 'opened']);
    network.freeze(b);
    network.run(60_000);
    expectNotice(a, 63_000);
    expect(last(b)?.event).toBe('opened');
    network.resume(b);
    network.run(0);
    expect(last(b)).toEqual({ at: 123_000, event: 'closed' });
  });

  test('under full liveness nobody is told', () => {
    const { network, a, b } = linked();
    network.cut((peer) => peer.index);
    network.freeze(b);
    network.kill(b);
    network.run(60_000);
    expect(last(a)?.event).toBe('opened');
  });
});
