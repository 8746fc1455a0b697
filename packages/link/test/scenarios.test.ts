import { describe, expect, it } from 'vitest';
import { linkConfig } from '../src/index.js';
import { LARGE, SMALL, Wire, last, recordOf, requestOf, types } from './wire.js';
import type { Peer } from './wire.js';

const kinds = (peer: Peer): string[] =>
  peer.signals.map((signal) => signal.kind).filter((kind) => kind !== 'candidate');

const linked = (): Wire => {
  const wire = new Wire();
  wire.dial(wire.small);
  wire.run(500);
  expect(wire.isJoined).toBe(true);
  return wire;
};

describe('who offers', () => {
  it('S89: the larger id offers at once when the smaller asks', () => {
    const wire = linked();
    expect(kinds(wire.small)).toEqual(['request', 'answer']);
    expect(kinds(wire.large)).toEqual(['offer']);
  });

  it('S89: the larger id asks, is accepted, and offers', () => {
    const wire = new Wire();
    wire.dial(wire.large);
    wire.run(500);
    expect(wire.isJoined).toBe(true);
    expect(kinds(wire.large)).toEqual(['request', 'offer']);
    expect(kinds(wire.small)).toEqual(['accept', 'answer']);
  });

  it('S90: a smaller id without links asks and offers itself', () => {
    const wire = new Wire();
    wire.dial(wire.small, true);
    wire.run(500);
    expect(wire.isJoined).toBe(true);
    expect(kinds(wire.small)).toEqual(['request', 'offer']);
    expect(kinds(wire.large)).toEqual(['accept', 'answer']);
    expect(wire.large.events[0]).toMatchObject({ type: 'requested', purpose: 'ring', isolated: true });
  });

  it('S171: no transport exists before both sides want the link', () => {
    const wire = new Wire();
    wire.large.answerAfterMs = 1000;
    wire.dial(wire.small);
    wire.run(900);
    expect([wire.small.commands, wire.large.commands]).toEqual([[], []]);
    wire.run(2000);
    expect(wire.isJoined).toBe(true);
  });
});

describe('ready', () => {
  it('comes once to each end, with the record and what both ends agreed on', () => {
    const wire = new Wire();
    wire.small.config = linkConfig({ maxFrameBytes: 16_384 });
    wire.dial(wire.small);
    wire.run(500);
    expect(types(wire.small)).toEqual(['ready']);
    expect(types(wire.large)).toEqual(['requested', 'ready']);
    const agreed = { type: 'ready', maxFrameBytes: 16_384, version: 1 };
    expect(last(wire.small)).toEqual({ ...agreed, record: recordOf(LARGE) });
    expect(last(wire.large)).toEqual({ ...agreed, record: recordOf(SMALL) });
  });

  it('takes a hello that overtakes the opening of our own channels', () => {
    const wire = new Wire();
    wire.dial(wire.small);
    wire.run(90);
    expect(wire.small.link?.state).toBe('opening');
    expect(wire.small.messages).toMatchObject([{ type: 'hello' }]);
    wire.run(500);
    expect(wire.isJoined).toBe(true);
    expect(wire.small.violations).toEqual([]);
    expect(wire.large.violations).toEqual([]);
  });

  it.each([
    ['another network', (peer: Peer) => (peer.network = 'elsewhere'), 'network-mismatch', 'unexpected'],
    [
      'no common version',
      (peer: Peer) => (peer.config = linkConfig({ versions: [2, 3] })),
      'version-mismatch',
      'unexpected',
    ],
    [
      'frames too small',
      (peer: Peer) => (peer.config = { ...peer.config, maxFrameBytes: 16_383 }),
      'frame-size',
      'unexpected',
    ],
  ])('S175: %s: a violation, and closed with the reason at both ends', (_, spoil, reason, code) => {
    const wire = new Wire();
    spoil(wire.large);
    wire.dial(wire.small);
    wire.run(500);
    expect(wire.small.violations).toMatchObject([{ peer: LARGE, code }]);
    expect(last(wire.small)).toEqual({ type: 'closed', reason, wasReady: false, initiator: 'local' });
    expect(last(wire.large)).toMatchObject({ type: 'closed', reason });
    expect(wire.faults).toEqual([]);
  });

  it.each([
    ['another id', recordOf('77'.repeat(20))],
    ['a key that is not its own', recordOf(LARGE, { publicKey: new Uint8Array(32) })],
  ])('S175: a hello with %s: forged, closed', (_, record) => {
    const wire = new Wire();
    wire.large.record = record;
    wire.dial(wire.small);
    wire.run(500);
    expect(wire.small.violations).toMatchObject([{ peer: LARGE, code: 'forged' }]);
    expect(last(wire.small)).toMatchObject({ type: 'closed', reason: 'wrong-peer', wasReady: false });
  });

  it('S175: a request with a record of somebody else is not even shown', () => {
    const wire = new Wire();
    wire.small.record = recordOf('77'.repeat(20));
    wire.dial(wire.small);
    wire.run(500);
    expect(wire.large.violations).toMatchObject([{ peer: SMALL, code: 'forged' }]);
    expect(types(wire.large)).toEqual(['closed']);
    expect(wire.large.commands).toEqual([]);
  });
});

describe('the end', () => {
  it('S104: a refusal reaches the asker, with peers to try and the time to wait', () => {
    const wire = new Wire();
    const peers = [recordOf('33'.repeat(20))];
    wire.large.answer = { type: 'refuse', reason: 'busy', peers, retryAfterMs: 700 };
    wire.dial(wire.small);
    wire.run(60_000);
    expect(wire.small.events).toEqual([{ type: 'redirected', reason: 'busy', peers, retryAfterMs: 700 }]);
    expect(last(wire.large)).toEqual({ type: 'closed', reason: 'refused', wasReady: false, initiator: 'local' });
  });

  it('S103: hanging up says why before it closes', () => {
    const wire = linked();
    wire.feed(wire.large, { type: 'hangup', reason: 'evicted' });
    wire.run(60_000);
    expect(wire.large.commands.slice(-1)).toEqual(['close']);
    expect(last(wire.large)).toEqual({ type: 'closed', reason: 'evicted', wasReady: true, initiator: 'local' });
    expect(last(wire.small)).toEqual({ type: 'closed', reason: 'evicted', wasReady: true, initiator: 'remote' });
    expect(types(wire.small).filter((type) => type === 'closed')).toHaveLength(1);
  });

  it('cuts a reason that is too long, and never through a character', () => {
    const wire = linked();
    wire.feed(wire.large, { type: 'hangup', reason: `${'x'.repeat(255)}😀` });
    wire.run(1000);
    expect(last(wire.small)).toMatchObject({ reason: 'x'.repeat(255) });
  });

  it.each([21, 25, 45, 65])('hanging up after %i ms of an attempt ends both ends at once', (afterMs) => {
    for (const hangUp of ['small', 'large'] as const) {
      const wire = new Wire();
      wire.dial(wire.small);
      wire.run(afterMs);
      wire.feed(wire[hangUp], { type: 'hangup', reason: 'changed my mind' });
      wire.run(afterMs + 200);
      for (const peer of [wire.small, wire.large]) {
        expect(peer.link).toBeUndefined();
        expect(peer.transport).toBeUndefined();
        // An offer that was under way meets nobody, which is a link of a moment at most.
        const ends = peer.events.filter((event) => event.type === 'closed' && event.reason !== 'stale');
        expect(ends).toHaveLength(peer.events.length === 0 ? 0 : 1);
      }
      expect(wire.faults).toEqual([]);
    }
  });

  it('S100: a path that the platform reports lost closes the link at once', () => {
    const wire = linked();
    const { small } = wire;
    wire.feed(small, {
      type: 'transport',
      session: small.link?.session ?? '',
      event: { type: 'closed', reason: 'failed' },
    });
    wire.run(600);
    expect(last(small)).toEqual({ type: 'closed', reason: 'transport-closed', wasReady: true, initiator: 'network' });
    expect(last(wire.large)).toMatchObject({ type: 'closed', wasReady: true });
  });

  it('S97: an unanswered request ends after requestTimeoutMs, an unfinished negotiation after negotiationTimeoutMs', () => {
    const wire = new Wire({ loss: 1 });
    wire.dial(wire.small);
    wire.run(4_999);
    expect(wire.small.events).toEqual([]);
    wire.run(5_000);
    expect(last(wire.small)).toEqual({
      type: 'closed',
      reason: 'request-timeout',
      wasReady: false,
      initiator: 'network',
    });

    wire.deliver(wire.large, requestOf(SMALL, 's'));
    wire.run(14_999);
    expect(types(wire.large)).toEqual(['requested']);
    wire.run(15_000);
    expect(last(wire.large)).toMatchObject({ type: 'closed', reason: 'negotiation-timeout', wasReady: false });
    expect(wire.large.commands).toEqual(['open', 'offer', 'close']);
  });

  it('a request that the mesh never answers ends as well', () => {
    const wire = new Wire();
    wire.large.answerAfterMs = 1e6;
    wire.dial(wire.small);
    wire.run(6_000);
    expect(last(wire.large)).toMatchObject({ type: 'closed', reason: 'request-timeout' });
  });

  it('channels without a hello end after helloTimeoutMs', () => {
    const wire = new Wire();
    wire.dial(wire.small);
    wire.run(60);
    wire.cut = true;
    wire.run(10_000);
    expect(last(wire.small)).toMatchObject({ type: 'closed', reason: 'hello-timeout', wasReady: false });
    expect(last(wire.large)).toMatchObject({ type: 'closed', reason: 'hello-timeout', wasReady: false });
  });

  it('a refused command closes, a refused candidate does not (S101)', () => {
    const wire = new Wire();
    wire.dial(wire.small);
    wire.run(30);
    const { large } = wire;
    const session = large.link?.session ?? '';
    wire.feed(large, {
      type: 'transport',
      session,
      event: { type: 'failed', command: 'candidate', detail: 'bad line' },
    });
    expect(large.link?.state).toBe('negotiating');
    wire.feed(large, { type: 'transport', session, event: { type: 'failed', command: 'offer', detail: 'no' } });
    wire.run(100);
    expect(last(large)).toMatchObject({ type: 'closed', reason: 'transport-failed' });
    expect(last(wire.small)).toMatchObject({ type: 'closed', reason: 'transport-failed', initiator: 'remote' });
  });

  it('nothing follows the end', () => {
    const wire = linked();
    const link = wire.small.link;
    wire.feed(wire.small, { type: 'hangup', reason: 'done' });
    const out: never[] = [];
    link?.handle({ type: 'dial', purpose: '', isolated: false }, 9e5, out);
    link?.handle({ type: 'heard' }, 9e5, out);
    link?.handle({ type: 'wrote' }, 9e5, out);
    link?.handle({ type: 'signal', signal: requestOf(SMALL, 'other') }, 9e5, out);
    link?.handle({ type: 'hangup', reason: 'again' }, 9e5, out);
    expect(out).toEqual([]);
    expect(link?.state).toBe('closed');
  });
});

describe('signals that come late, twice, or out of order', () => {
  it('S101: a late answer, a duplicate candidate and an old session are ignored', () => {
    const wire = linked();
    const [smallEvents, largeCommands] = [wire.small.events.length, wire.large.commands.length];
    for (const signal of wire.small.signals) wire.deliver(wire.large, signal);
    for (const signal of wire.large.signals) wire.deliver(wire.small, signal);
    wire.deliver(wire.small, { kind: 'answer', session: 'old', seq: 3, description: { type: 'answer', sdp: 'x' } });
    wire.run(15_000);
    expect(wire.isJoined).toBe(true);
    expect(wire.small.events.length).toBe(smallEvents);
    expect(wire.large.commands.length).toBe(largeCommands);
  });

  it('an offer of an attempt that is over is answered by a cancel, not by a link', () => {
    const wire = new Wire();
    wire.deliver(wire.small, { kind: 'offer', session: 'gone', seq: 1, description: { type: 'offer', sdp: 'x' } });
    expect(wire.small.events).toEqual([{ type: 'closed', reason: 'stale', wasReady: false, initiator: 'local' }]);
    expect(wire.small.signals).toEqual([{ kind: 'cancel', session: 'gone', seq: 0, reason: 'stale' }]);
  });

  it('an answer before our offer is out, and a description that comes twice, are ignored', () => {
    const wire = new Wire({ loss: 1 });
    wire.dial(wire.small, true);
    const session = wire.small.link?.session ?? '';
    const answer = { type: 'answer', sdp: 'x' } as const;
    wire.deliver(wire.small, { kind: 'accept', session, seq: 0 });
    wire.deliver(wire.small, { kind: 'answer', session, seq: 1, description: answer });
    expect(wire.small.commands).toEqual(['open', 'offer']);
    const event = { type: 'description', description: { type: 'offer', sdp: 'o' } } as const;
    wire.feed(wire.small, { type: 'transport', session, event });
    wire.feed(wire.small, { type: 'transport', session, event });
    expect(kinds(wire.small)).toEqual(['request', 'offer']);
    wire.deliver(wire.small, { kind: 'answer', session, seq: 2, description: answer });
    expect(wire.small.commands).toEqual(['open', 'offer', 'accept']);
  });

  it('events of a former session’s transport are ignored', () => {
    const wire = linked();
    wire.feed(wire.small, { type: 'transport', session: 'former', event: { type: 'closed', reason: 'late' } });
    expect(wire.isJoined).toBe(true);
  });

  it('candidates before the description wait for it, in order and bounded', () => {
    const wire = new Wire({ loss: 1 });
    wire.small.config = linkConfig({ maxHeldCandidates: 3 });
    wire.dial(wire.small);
    const session = wire.small.link?.session ?? '';
    for (let seq = 1; seq <= 5; seq++) {
      const candidate = { candidate: `c${seq}`, sdpMid: null, sdpMLineIndex: null };
      wire.deliver(wire.small, { kind: 'candidate', session, seq, candidate });
    }
    // The offer is missing: it is waited for a little.
    expect(wire.small.violations).toEqual([]);
    wire.run(300);
    expect(wire.small.violations).toMatchObject([{ code: 'over-limit' }, { code: 'over-limit' }]);
    wire.deliver(wire.small, { kind: 'offer', session, seq: 0, description: { type: 'offer', sdp: 'x' } });
    expect(wire.small.commands).toEqual(['open', 'answer', 'candidate', 'candidate', 'candidate']);
    expect(wire.faults).toEqual([]);
  });

  it('S176: more signals than a session may have are dropped and counted', () => {
    const wire = new Wire({ loss: 1 });
    wire.small.config = linkConfig({ maxSignals: 2 });
    wire.dial(wire.small);
    const session = wire.small.link?.session ?? '';
    for (let seq = 0; seq < 4; seq++) {
      wire.deliver(wire.small, {
        kind: 'candidate',
        session,
        seq,
        candidate: { candidate: 'c', sdpMid: null, sdpMLineIndex: null },
      });
    }
    expect(wire.small.violations).toHaveLength(2);
  });
});

describe('a peer that begins anew', () => {
  it('a second request replaces the first while nothing is ready', () => {
    const wire = new Wire({ loss: 1 });
    wire.deliver(wire.large, requestOf(SMALL, 'first'));
    wire.deliver(wire.large, requestOf(SMALL, 'second'));
    expect(wire.large.link?.session).toBe('second');
    expect(wire.large.commands).toEqual(['open', 'offer', 'close', 'open', 'offer']);
    wire.deliver(wire.large, { ...requestOf(SMALL, 'first'), seq: 9 });
    expect(wire.large.link?.session).toBe('second');
    expect(types(wire.large)).toEqual(['requested']);
    expect(wire.faults).toEqual([]);
  });

  it('S100: a request on a ready link is answered by a ping; a link that lives stays', () => {
    const wire = linked();
    wire.deliver(wire.large, requestOf(SMALL, 'anew'));
    wire.run(15_000);
    expect(wire.isJoined).toBe(true);
  });

  it('S100: a request on a ready link whose other end is gone closes it within seconds', () => {
    const wire = linked();
    wire.cut = true;
    wire.deliver(wire.large, requestOf(SMALL, 'anew'));
    wire.run(500 + 2_001);
    expect(last(wire.large)).toEqual({ type: 'closed', reason: 'replaced', wasReady: true, initiator: 'remote' });
  });

  it('a cancel does not touch a ready link', () => {
    const wire = linked();
    const session = wire.large.link?.session ?? '';
    wire.deliver(wire.large, { kind: 'cancel', session, seq: 200, reason: 'forged' });
    expect(wire.isJoined).toBe(true);
  });
});

describe('configuration', () => {
  it('refuses values with which no link can live', () => {
    expect(() => linkConfig({ maxFrameBytes: 1000 })).toThrow(RangeError);
    expect(() => linkConfig({ pingAfterMs: 4000 })).toThrow(RangeError);
    expect(() => linkConfig({ deadAfterMs: 3000 })).toThrow(RangeError);
    expect(() => linkConfig({ versions: [] })).toThrow(RangeError);
  });
});
