import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../src/index.js';
import type { Signal } from '../src/index.js';
import { Session } from '../src/session.js';
import { LARGE, Wire, requestOf, types } from './wire.js';

const SESSION = 'session';
const signal = (seq: number): Signal => ({
  kind: 'candidate',
  session: SESSION,
  seq,
  candidate: { candidate: `c${seq}`, sdpMid: null, sdpMLineIndex: null },
});
const seqs = (signals: readonly Signal[] | undefined): number[] => (signals ?? []).map(({ seq }) => seq);

describe('S101: signals over two paths', () => {
  it('any interleaving and duplication of up to 16 is handed on once, in the order in which it was sent', () => {
    const copies = fc
      .integer({ min: 1, max: 16 })
      .chain((count) =>
        fc.shuffledSubarray([...Array(count).keys(), ...Array(count).keys()], { minLength: 2 * count }),
      );
    fc.assert(
      fc.property(copies, (arrivals) => {
        const session = new Session(SESSION, DEFAULT_CONFIG);
        const taken = arrivals.flatMap((seq, at) => seqs(session.receive(signal(seq), at)));
        expect(taken).toEqual([...Array(arrivals.length / 2).keys()]);
        expect(session.gapUntil).toBe(Infinity);
      }),
    );
  });

  it('whatever is lost or late, each is handed on once at most, and none that came waits longer than the gap may', () => {
    const arrivals = fc.array(
      fc.record({ seq: fc.integer({ min: 0, max: 40 }), after: fc.integer({ min: 0, max: 200 }) }),
    );
    fc.assert(
      fc.property(arrivals, (plan) => {
        const session = new Session(SESSION, DEFAULT_CONFIG);
        const taken: number[] = [];
        let now = 0;
        for (const { seq, after } of plan) {
          const until = now + after;
          while (session.gapUntil <= until) taken.push(...seqs(session.skipGap(session.gapUntil)));
          now = until;
          taken.push(...seqs(session.receive(signal(seq), now)));
        }
        for (let gaps = 0; session.gapUntil < Infinity; gaps++) {
          expect(gaps).toBeLessThan(DEFAULT_CONFIG.maxEarlySignals);
          taken.push(...seqs(session.skipGap(session.gapUntil)));
        }
        const came = [...new Set(plan.map(({ seq }) => seq))];
        expect(taken.slice().sort((a, b) => a - b)).toEqual(came.sort((a, b) => a - b));
      }),
    );
  });

  it('at most 16 wait for one that is missing', () => {
    const session = new Session(SESSION, DEFAULT_CONFIG);
    for (let seq = 1; seq <= 16; seq++) expect(session.receive(signal(seq), 0)).toEqual([]);
    expect(seqs(session.receive(signal(17), 0))).toEqual([...Array(17).keys()].map((seq) => seq + 1));
    expect(seqs(session.receive(signal(0), 0))).toEqual([0]);
  });

  it('S94: both paths raced, and either may break in the middle: exactly one link', () => {
    const plan = fc.record({
      seed: fc.integer(),
      smallAt: fc.integer({ min: 0, max: 300 }),
      largeAt: fc.option(fc.integer({ min: 0, max: 300 })),
      isolated: fc.boolean(),
      breaksAt: fc.integer({ min: 0, max: 800 }),
      slowest: fc.integer({ min: 10, max: 400 }),
    });
    fc.assert(
      fc.property(plan, ({ seed, smallAt, largeAt, isolated, breaksAt, slowest }) => {
        const wire = new Wire({ seed, signalMs: [5, slowest], duplication: 0.2, paths: [Infinity, breaksAt] });
        wire.at(smallAt, () => wire.dial(wire.small, isolated));
        if (largeAt !== null) wire.at(largeAt, () => wire.dial(wire.large));
        wire.run(6_000);
        expect(wire.isJoined).toBe(true);
        expect(wire.faults).toEqual([]);
        expect([...wire.small.violations, ...wire.large.violations]).toEqual([]);
        for (const peer of [wire.small, wire.large]) {
          expect(types(peer).filter((type) => type === 'ready')).toHaveLength(1);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

it('a cancel waits for nothing that is missing before it', () => {
  const wire = new Wire({ loss: 1 });
  wire.dial(wire.small);
  const session = wire.small.link?.session ?? '';
  wire.deliver(wire.small, { kind: 'cancel', session, seq: 7, reason: 'full' });
  expect(wire.small.events).toMatchObject([{ type: 'closed', reason: 'full', initiator: 'remote' }]);
});

it('a signal that waits for a lost one is taken when the gap is given up, by the link’s one timer', () => {
  const wire = new Wire({ loss: 1 });
  wire.deliver(wire.small, requestOf(LARGE, SESSION));
  expect(wire.small.signals.map(({ kind }) => kind)).toEqual(['accept']);
  const description = { type: 'offer', sdp: 'x' } as const;
  wire.deliver(wire.small, { kind: 'offer', session: SESSION, seq: 2, description });
  wire.run(249);
  expect(wire.small.commands).toEqual([]);
  wire.run(251);
  expect(wire.small.commands).toEqual(['open', 'answer']);
});

it('a dial says how long it waits for a word', () => {
  const wire = new Wire({ loss: 1 });
  wire.dial(wire.small);
  wire.run(4_999);
  expect(wire.small.events).toEqual([]);
  const hasty = new Wire({ loss: 1 });
  hasty.dial(hasty.small, false, 1_200);
  hasty.run(1_200);
  expect(hasty.small.events).toMatchObject([{ type: 'closed', reason: 'request-timeout' }]);
});
