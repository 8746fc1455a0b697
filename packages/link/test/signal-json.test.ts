import { DecodeError } from '@peerpigeon/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signalFromJson, signalToJson } from '../src/index.js';
import type { Signal, SignalBody, SignalType } from '../src/index.js';
import { junk, mutate, mutations, otherErrors, record, text } from './arbitraries.js';
import { recordOf } from './wire.js';

const described = (kind: 'offer' | 'answer') =>
  text(300).map<SignalBody>((sdp) => ({ kind, description: { type: kind, sdp } }));
const bodies: fc.Arbitrary<SignalBody> = fc.oneof(
  fc
    .record({ purpose: text(64), isolated: fc.boolean(), record })
    .map<SignalBody>((rest) => ({ kind: 'request', ...rest })),
  fc.constant<SignalBody>({ kind: 'accept' }),
  fc
    .record({ reason: fc.constantFrom('full', 'busy', 'refused'), peers: fc.array(record, { maxLength: 16 }) })
    .chain((rest) =>
      fc.constantFrom<SignalBody>({ kind: 'redirect', ...rest }, { kind: 'redirect', ...rest, retryAfterMs: 500 }),
    ),
  described('offer'),
  described('answer'),
  fc
    .record(
      {
        candidate: text(200),
        sdpMid: fc.option(text(20)),
        sdpMLineIndex: fc.option(fc.integer({ min: 0, max: 65_535 })),
      },
      { noNullPrototype: true },
    )
    .map<SignalBody>((candidate) => ({ kind: 'candidate', candidate })),
  text(256).map<SignalBody>((reason) => ({ kind: 'cancel', reason })),
);
const signals: fc.Arbitrary<Signal> = fc
  .record({ body: bodies, session: fc.string({ minLength: 1, maxLength: 64 }), seq: fc.maxSafeNat() })
  .map(({ body, session, seq }) => ({ ...body, session, seq }));

const TYPES: readonly SignalType[] = ['offer', 'answer', 'ice-candidate', 'signal'];

describe('signals in the envelope of the signaling server', () => {
  it('come back from JSON as they were', () => {
    fc.assert(
      fc.property(signals, (signal) => {
        const { type, data } = signalToJson(signal);
        expect(signalFromJson(type, JSON.parse(JSON.stringify(data)))).toStrictEqual(signal);
      }),
      { numRuns: 2_000 },
    );
  });

  it('S122–S124: offers, answers and candidates are what WebRTC and the README call so', () => {
    const at = { session: 's', seq: 4 };
    expect(signalToJson({ ...at, kind: 'offer', description: { type: 'offer', sdp: 'v=0' } })).toEqual({
      type: 'offer',
      data: { type: 'offer', sdp: 'v=0', ...at },
    });
    expect(signalToJson({ ...at, kind: 'answer', description: { type: 'answer', sdp: 'v=0' } })).toEqual({
      type: 'answer',
      data: { type: 'answer', sdp: 'v=0', ...at },
    });
    const candidate = { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 };
    expect(signalToJson({ ...at, kind: 'candidate', candidate })).toEqual({
      type: 'ice-candidate',
      data: { ...candidate, ...at },
    });
    expect(signalToJson({ ...at, kind: 'accept' })).toEqual({ type: 'signal', data: { kind: 'accept', ...at } });
  });

  it('a README client names no session and no seq', () => {
    expect(signalFromJson('offer', { type: 'offer', sdp: 'v=0' })).toEqual({
      kind: 'offer',
      session: '',
      seq: 0,
      description: { type: 'offer', sdp: 'v=0' },
    });
    expect(signalFromJson('ice-candidate', { candidate: 'candidate:1', usernameFragment: 'x' })).toEqual({
      kind: 'candidate',
      session: '',
      seq: 0,
      candidate: { candidate: 'candidate:1', sdpMid: null, sdpMLineIndex: null },
    });
  });

  it('no more peers are sent than may be read', () => {
    const peers = Array.from({ length: 40 }, (_, i) => recordOf(i.toString(16).padStart(40, '0')));
    const { type, data } = signalToJson({ kind: 'redirect', session: 's', seq: 0, reason: 'full', peers });
    expect(signalFromJson(type, data)).toMatchObject({ peers: peers.slice(0, 16) });
  });

  it('S175: wrong ones, and those over a limit, end in a DecodeError', () => {
    const at = { session: 's', seq: 0 };
    const bad: readonly [SignalType, unknown][] = [
      ['offer', null],
      ['offer', 'v=0'],
      ['offer', []],
      ['offer', { type: 'answer', sdp: 'v=0' }],
      ['offer', { type: 'offer' }],
      ['offer', { type: 'offer', sdp: 'x'.repeat(65_537) }],
      ['offer', { type: 'offer', sdp: 'v=0', session: 5 }],
      ['offer', { type: 'offer', sdp: 'v=0', session: 'x'.repeat(65) }],
      ['answer', { type: 'answer', sdp: 'v=0', seq: -1 }],
      ['ice-candidate', {}],
      ['ice-candidate', { candidate: 'x'.repeat(2_049) }],
      ['ice-candidate', { candidate: 'c', sdpMid: 5 }],
      ['ice-candidate', { candidate: 'c', sdpMLineIndex: 70_000 }],
      ['signal', { ...at, kind: 'offer' }],
      ['signal', { ...at, kind: 'constructor' }],
      ['signal', { kind: 'accept' }],
      ['signal', { kind: 'accept', session: '', seq: 0 }],
      ['signal', { ...at, kind: 'cancel', reason: 'x'.repeat(257) }],
      ['signal', { ...at, kind: 'request', purpose: '', isolated: 1, record: {} }],
      ['signal', { ...at, kind: 'request', purpose: '', isolated: true, record: {} }],
      ['signal', { ...at, kind: 'redirect', reason: 'no', peers: [] }],
      ['signal', { ...at, kind: 'redirect', reason: 'full', peers: Array.from({ length: 17 }, () => ({})) }],
      ['signal', { ...at, kind: 'redirect', reason: 'busy', peers: [], retryAfterMs: 1e9 }],
    ];
    for (const [type, data] of bad) expect(() => signalFromJson(type, data)).toThrow(DecodeError);
  });

  it('S175: 50,000 mutated signals: nothing but DecodeErrors', () => {
    fc.assert(
      fc.property(signals, mutations, fc.option(fc.constantFrom(...TYPES)), (signal, changes, other) => {
        const { type, data } = signalToJson(signal);
        const wrong = changes.reduce<unknown>(mutate, data);
        expect(otherErrors(() => signalFromJson(other ?? type, wrong))).toEqual([]);
      }),
      { numRuns: 50_000 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...TYPES), junk, (type, value) => {
        expect(otherErrors(() => signalFromJson(type, value))).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
