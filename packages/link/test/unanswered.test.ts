import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, linkConfig } from '../src/index.js';
import type { Config, Signal } from '../src/index.js';
import { Unanswered } from '../src/unanswered.js';
import { LARGE, Wire, requestOf, types } from './wire.js';

const { resendAfterMs } = DEFAULT_CONFIG;

const accept: Signal = { kind: 'accept', session: 's', seq: 0 };
const answer: Signal = { kind: 'answer', session: 's', seq: 1, description: { type: 'answer', sdp: 'a' } };
const candidate = (seq: number): Signal => ({
  kind: 'candidate',
  session: 's',
  seq,
  candidate: { candidate: `c${seq}`, sdpMid: null, sdpMLineIndex: null },
});

describe('what was said last', () => {
  it('is said again after a while, and after twice as long, until it is answered', () => {
    const unanswered = new Unanswered(DEFAULT_CONFIG);
    const request = requestOf(LARGE, 's');
    unanswered.said(request, 100);
    expect(unanswered.nextAt).toBe(100 + resendAfterMs);
    expect(unanswered.due(99 + resendAfterMs)).toEqual([]);
    expect(unanswered.due(100 + resendAfterMs)).toEqual([request]);
    expect(unanswered.nextAt).toBe(100 + 3 * resendAfterMs);
    unanswered.answered();
    expect(unanswered.due(1e6)).toEqual([]);
    expect(unanswered.nextAt).toBe(Infinity);
  });

  it('an answer waits for nothing, and is repeated with its candidates when the question is', () => {
    const unanswered = new Unanswered(DEFAULT_CONFIG);
    unanswered.said(answer, 0);
    unanswered.said(candidate(2), 10);
    expect(unanswered.nextAt).toBe(Infinity);
    const copy: Signal = { ...accept, kind: 'accept' };
    // A copy that came over another path shows nothing.
    expect(unanswered.repeated(copy, resendAfterMs / 2 - 1)).toEqual([]);
    expect(unanswered.repeated(candidate(0), resendAfterMs)).toEqual([]);
    expect(unanswered.repeated(copy, resendAfterMs)).toEqual([answer, candidate(2)]);
    expect(unanswered.repeated(copy, resendAfterMs + 1)).toEqual([]);
  });

  it('is bounded, however many candidates a host has', () => {
    const unanswered = new Unanswered(DEFAULT_CONFIG);
    unanswered.said(answer, 0);
    for (let seq = 2; seq < 500; seq++) unanswered.said(candidate(seq), 0);
    expect(unanswered.repeated(accept, resendAfterMs).length).toBeLessThan(40);
  });
});

describe('S97, S101: a path that loses signals and does not tell', () => {
  it.each([0, 1, 2, 3, 4, 5, 6])('whichever is lost, the same attempt leads to the link: signal %i', (n) => {
    for (const who of ['small', 'large'] as const) {
      const wire = new Wire({ lost: [n] });
      wire.dial(wire[who]);
      wire.run(2 * resendAfterMs);
      expect(wire.isJoined).toBe(true);
      expect(wire.faults).toEqual([]);
      for (const peer of [wire.small, wire.large]) {
        expect(types(peer).filter((type) => type === 'ready' || type === 'closed')).toEqual(['ready']);
      }
    }
  });

  it('at a loss of 20 % nearly every first attempt leads to a link; without copies every other one', () => {
    const runs = 300;
    const joined = (config: Config): number => {
      let count = 0;
      for (let seed = 1; seed <= runs; seed++) {
        const wire = new Wire({ seed, signalMs: [5, 200], loss: 0.2 });
        wire.small.config = wire.large.config = config;
        wire.dial(seed % 2 === 0 ? wire.small : wire.large);
        wire.run(20_000);
        if (wire.isJoined) count++;
        expect(wire.faults).toEqual([]);
      }
      return count / runs;
    };
    expect(joined(linkConfig())).toBeGreaterThan(0.9);
    expect(joined(linkConfig({ resendAfterMs: 1e9 }))).toBeLessThan(0.6);
  });

  it('both dial, signals come late, twice or never: one link at most, and no command out of order', () => {
    const plan = fc.record({
      seed: fc.integer(),
      largeAt: fc.integer({ min: 0, max: 3_000 }),
      loss: fc.double({ min: 0, max: 0.5, noNaN: true }),
      isolated: fc.boolean(),
    });
    fc.assert(
      fc.property(plan, ({ seed, largeAt, loss, isolated }) => {
        const wire = new Wire({ seed, signalMs: [5, 1_500], loss, duplication: 0.2 });
        wire.dial(wire.small, isolated);
        wire.at(largeAt, () => wire.dial(wire.large));
        wire.run(30_000);
        expect(wire.faults).toEqual([]);
        expect([...wire.small.violations, ...wire.large.violations]).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('nothing is said again once the link is there', () => {
    const wire = new Wire();
    wire.dial(wire.small);
    wire.run(500);
    const said = wire.small.signals.length + wire.large.signals.length;
    wire.run(20_000);
    expect(wire.small.signals.length + wire.large.signals.length).toBe(said);
  });
});
