import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Signal } from '../src/index.js';
import { LARGE, Wire, requestOf, types } from './wire.js';
import type { Peer } from './wire.js';

/** Two dials at any two moments, over any path, with a mesh that takes its time to grant. */
const dials = fc.record({
  seed: fc.integer(),
  smallAt: fc.integer({ min: 0, max: 300 }),
  largeAt: fc.integer({ min: 0, max: 300 }),
  smallIsolated: fc.boolean(),
  largeIsolated: fc.boolean(),
  smallGrantsAfterMs: fc.constantFrom(0, 5, 60),
  largeGrantsAfterMs: fc.constantFrom(0, 5, 60),
});

type Dials = typeof dials extends fc.Arbitrary<infer T> ? T : never;

const cross = (wire: Wire, plan: Dials): void => {
  wire.small.answerAfterMs = plan.smallGrantsAfterMs;
  wire.large.answerAfterMs = plan.largeGrantsAfterMs;
  wire.at(plan.smallAt, () => wire.dial(wire.small, plan.smallIsolated));
  wire.at(plan.largeAt, () => wire.dial(wire.large, plan.largeIsolated));
};

const ends = (peer: Peer): number => types(peer).filter((type) => type === 'closed' || type === 'redirected').length;

describe('S101: both sides at once', () => {
  it('whatever the moments and the delays, one link comes of it, and no attempt fails', () => {
    fc.assert(
      fc.property(dials, fc.integer({ min: 1, max: 150 }), (plan, delay) => {
        const wire = new Wire({ seed: plan.seed, signalMs: [delay, delay] });
        cross(wire, plan);
        wire.run(3_000);
        expect(wire.isJoined).toBe(true);
        expect(wire.faults).toEqual([]);
        expect([...wire.small.violations, ...wire.large.violations]).toEqual([]);
        expect([ends(wire.small), ends(wire.large)]).toEqual([0, 0]);
        for (const peer of [wire.small, wire.large]) {
          expect(types(peer).filter((type) => type === 'ready')).toHaveLength(1);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('every order of two crossing dials, ms by ms', () => {
    for (let smallAt = 0; smallAt <= 120; smallAt++) {
      for (const isolated of [false, true]) {
        const wire = new Wire();
        wire.at(smallAt, () => wire.dial(wire.small, isolated));
        wire.at(60, () => wire.dial(wire.large));
        wire.run(2_000);
        expect(wire.isJoined).toBe(true);
        expect(wire.faults).toEqual([]);
        expect([ends(wire.small), ends(wire.large)]).toEqual([0, 0]);
      }
    }
  });

  it('their request is as good as an answer to ours: the larger id offers, and the smaller takes the offer', () => {
    const wire = new Wire({ loss: 1 });
    wire.dial(wire.small);
    wire.dial(wire.large);
    const [theirs] = wire.small.signals;
    const [ours] = wire.large.signals;
    expect([theirs?.kind, ours?.kind]).toEqual(['request', 'request']);
    wire.deliver(wire.large, theirs as Signal);
    expect(wire.large.commands).toEqual(['open', 'offer']);
    expect(wire.large.link?.session).toBe(ours?.session);
    const offer: Signal = {
      kind: 'offer',
      session: ours?.session ?? '',
      seq: 1,
      description: { type: 'offer', sdp: 'x' },
    };
    wire.deliver(wire.small, offer);
    expect(wire.small.commands).toEqual(['open', 'answer']);
    expect(wire.small.link?.session).toBe(ours?.session);
    expect([wire.small.events, wire.large.events]).toEqual([[], []]);
  });

  it('a session that is taken over is counted from the beginning, for both sides', () => {
    const wire = new Wire({ loss: 1 });
    wire.dial(wire.small);
    const mine = wire.small.link?.session ?? '';
    const candidate = { candidate: 'c', sdpMid: null, sdpMLineIndex: null };
    wire.deliver(wire.small, { kind: 'candidate', session: mine, seq: 1, candidate });
    wire.deliver(wire.small, requestOf(LARGE, 'theirs'));
    expect(wire.small.signals.slice(1)).toEqual([{ kind: 'accept', session: 'theirs', seq: 0 }]);
    const description = { type: 'offer', sdp: 'x' } as const;
    wire.deliver(wire.small, { kind: 'offer', session: 'theirs', seq: 1, description });
    expect(wire.small.commands).toEqual(['open', 'answer']);
  });

  it('two offers in one session: the larger id’s stays', () => {
    for (const end of ['small', 'large'] as const) {
      const wire = new Wire({ loss: 1 });
      const peer = wire[end];
      wire.dial(peer, true);
      const session = peer.link?.session ?? '';
      wire.deliver(peer, { kind: 'accept', session, seq: 0 });
      wire.deliver(peer, { kind: 'offer', session, seq: 1, description: { type: 'offer', sdp: 'x' } });
      const kept = ['open', 'offer'];
      expect(peer.commands).toEqual(end === 'large' ? kept : [...kept, 'close', 'open', 'answer']);
      expect(wire.faults).toEqual([]);
    }
  });

  it('signals that arrive in any order and twice: one link, at the first attempt', () => {
    fc.assert(
      fc.property(dials, fc.constantFrom(0, 0.3, 1), (plan, duplication) => {
        const wire = new Wire({ seed: plan.seed, signalMs: [1, 200], duplication });
        cross(wire, plan);
        wire.run(5_000);
        expect(wire.isJoined).toBe(true);
        expect(wire.faults).toEqual([]);
        for (const peer of [wire.small, wire.large]) {
          expect(types(peer).filter((type) => type === 'ready')).toHaveLength(1);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('signals get lost: every attempt ends, both ends agree, and nothing stays open', () => {
    let joined = 0;
    fc.assert(
      fc.property(dials, fc.constantFrom(0.05, 0.3, 0.7), (plan, loss) => {
        const wire = new Wire({ seed: plan.seed, signalMs: [1, 200], duplication: 0.1, loss });
        cross(wire, plan);
        wire.run(60_000);
        expect(wire.faults).toEqual([]);
        const states = [wire.small.link?.state, wire.large.link?.state];
        if (wire.isJoined) joined++;
        else {
          expect(states).toEqual([undefined, undefined]);
          expect([wire.small.transport, wire.large.transport]).toEqual([undefined, undefined]);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(joined).toBeGreaterThan(500);
  });

  it('S97: with a dial every few seconds a link comes about through heavy loss', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const wire = new Wire({ seed, signalMs: [1, 200], duplication: 0.1, loss: 0.3 });
        for (let at = 0; at < 600_000; at += 7_000) {
          wire.at(at, () => wire.small.link === undefined && wire.dial(wire.small));
          wire.at(at + 3_100, () => wire.large.link === undefined && wire.dial(wire.large));
        }
        wire.run(700_000);
        expect(wire.isJoined).toBe(true);
        expect(wire.faults).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
