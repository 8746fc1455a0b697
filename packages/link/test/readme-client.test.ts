import { describe, expect, it } from 'vitest';
import type { Signal } from '../src/index.js';
import { Wire, types } from './wire.js';

describe('a client of the README, which sends a bare offer', () => {
  const offer: Signal = { kind: 'offer', session: '', seq: 0, description: { type: 'offer', sdp: 'theirs' } };
  const candidate: Signal = {
    kind: 'candidate',
    session: '',
    seq: 0,
    candidate: { candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 },
  };

  it('S122, S123: the offer counts as a request, and the answer goes out when granted', () => {
    const wire = new Wire();
    wire.large.answerAfterMs = 50;
    wire.deliver(wire.large, offer);
    wire.deliver(wire.large, candidate);
    wire.deliver(wire.large, candidate);
    wire.run(100);
    expect(wire.large.events).toEqual([{ type: 'requested', purpose: '', isolated: true, record: undefined }]);
    expect(wire.large.commands).toEqual(['open', 'answer', 'candidate', 'candidate']);
    expect(wire.large.signals[0]).toMatchObject({ kind: 'answer', session: '', seq: 0 });
    expect(wire.faults).toEqual([]);
  });

  it('an offer that comes again is the same attempt, another one a new attempt', () => {
    const wire = new Wire();
    wire.deliver(wire.large, offer);
    wire.deliver(wire.large, offer);
    expect(wire.large.commands).toEqual(['open', 'answer']);
    wire.deliver(wire.large, { ...offer, description: { type: 'offer', sdp: 'another' } });
    expect(wire.large.commands).toEqual(['open', 'answer', 'close', 'open', 'answer']);
    expect(wire.faults).toEqual([]);
  });

  it('it wins over a request of ours, which such a client does not understand', () => {
    const wire = new Wire({ loss: 1 });
    wire.dial(wire.large);
    wire.deliver(wire.large, offer);
    expect(wire.large.commands).toEqual(['open', 'answer']);
    expect(types(wire.large)).toEqual([]);
  });

  it('is told nothing that it would not understand', () => {
    const wire = new Wire();
    wire.large.answer = { type: 'refuse', reason: 'full', peers: [] };
    wire.deliver(wire.large, offer);
    expect(wire.large.signals).toEqual([]);
    expect(types(wire.large)).toEqual(['requested', 'closed']);
  });
});
