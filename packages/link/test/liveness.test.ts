import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG, Link, linkConfig } from '../src/index.js';
import type { Input, Output } from '../src/index.js';
import { Liveness } from '../src/liveness.js';
import { LARGE, SMALL, Wire, last, recordOf, types } from './wire.js';
import type { Weather } from './wire.js';

const READY = 500;

const linked = (weather: Partial<Weather> = {}): Wire => {
  const wire = new Wire(weather);
  wire.dial(wire.small);
  wire.run(READY);
  expect(wire.isJoined).toBe(true);
  return wire;
};

it('a look that comes when it was asked for asks for a later one, whatever rounding does to the times', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e5, max: 1e7, noNaN: true }), fc.boolean(), (heardAt, leads) => {
      const liveness = new Liveness(DEFAULT_CONFIG, leads, heardAt);
      for (let now = liveness.nextAt, looks = 0; looks < 40; now = liveness.nextAt, looks++) {
        const verdict = liveness.look(now, false);
        if (verdict.state === 'dead') return;
        if (verdict.ping) liveness.ping(now);
        expect(liveness.nextAt).toBeGreaterThan(now);
      }
      expect.unreachable('it never died');
    }),
  );
});

describe('a link that lives', () => {
  it('stays ready for hours in silence, at two messages a second or less', () => {
    const wire = linked();
    wire.run(READY + 3_600_000);
    expect(wire.isJoined).toBe(true);
    expect(types(wire.small)).toEqual(['ready']);
    const messages = wire.small.messages.length + wire.large.messages.length;
    expect(messages).toBeGreaterThan(3600);
    expect(messages).toBeLessThan(2 * 3600 + 10);
  });

  it('is not pinged while frames go both ways', () => {
    const wire = linked();
    const before = wire.small.messages.length + wire.large.messages.length;
    for (let at = READY; at < READY + 60_000; at += 900) {
      wire.at(at, () => {
        for (const peer of [wire.small, wire.large]) {
          wire.feed(peer, { type: 'wrote' });
          wire.feed(peer, { type: 'heard' });
        }
      });
    }
    wire.run(READY + 59_000);
    expect(wire.small.messages.length + wire.large.messages.length - before).toBeLessThan(3);
  });

  it('measures the round trip', () => {
    const wire = linked();
    wire.run(READY + 5_000);
    expect([wire.small.link?.rttMs, wire.large.link?.rttMs]).toContain(20);
  });

  it('stays ready when the other end has no timers at all, even while we send all the time', () => {
    const { link, feed } = alone();
    let now = 0;
    for (; now < 120_000; now += 100) {
      for (const output of feed({ type: 'wrote' }, now)) {
        if (output.type === 'write' && output.message.type === 'ping') {
          feed({ type: 'received', message: { type: 'pong', nonce: output.message.nonce } }, now + 50);
        }
      }
    }
    expect(link.state).toBe('ready');
  });
});

describe('a link that falls silent', () => {
  it('is suspect after suspectAfterMs and dead after deadAfterMs, counted from the last byte', () => {
    // Nor do signals get through.
    const wire = linked({ paths: [READY] });
    wire.cut = true;
    const from = wire.now;
    wire.run(from + 2_400);
    expect(types(wire.large)).toEqual(['requested', 'ready']);
    wire.run(from + 3_500);
    expect(types(wire.large)).toEqual(['requested', 'ready', 'degraded']);
    expect(wire.large.link?.state).toBe('degraded');
    wire.run(from + 28_900);
    expect(wire.large.link?.state).toBe('reconnecting');
    wire.run(from + 30_000);
    expect(last(wire.large)).toEqual({ type: 'closed', reason: 'timeout', wasReady: true, initiator: 'network' });
    expect(last(wire.small)).toEqual({ type: 'closed', reason: 'timeout', wasReady: true, initiator: 'network' });
    expect(wire.faults).toEqual([]);
  });

  it('recovers on the next byte', () => {
    const wire = linked();
    wire.cut = true;
    wire.run(READY + 4_200);
    wire.cut = false;
    wire.run(READY + 6_000);
    expect(types(wire.small)).toEqual(['ready', 'degraded', 'recovered']);
    expect(types(wire.large)).toEqual(['requested', 'ready', 'degraded', 'recovered']);
    wire.run(READY + 60_000);
    expect(wire.isJoined).toBe(true);
  });

  it('is pinged once in pingAfterMs meanwhile', () => {
    const { feed } = alone();
    const pings: number[] = [];
    for (let now = 0; now <= 20_000; now += 10) {
      for (const output of feed(undefined, now)) {
        if (output.type === 'write' && output.message.type === 'ping') pings.push(now);
      }
    }
    expect(pings).toEqual(Array.from({ length: 20 }, (_, i) => 1000 * (i + 1)));
  });

  it('a freeze of our own is no silence of theirs: what waits in the queue is heard first', () => {
    const { link, feed } = alone();
    expect(feed(undefined, 60_000).map((output) => output.type)).toContain('write');
    expect(link.state).toBe('ready');
    feed({ type: 'heard' }, 60_001);
    feed(undefined, 61_500);
    expect(link.state).toBe('ready');
  });

  it('timers that are always late still find a dead peer', () => {
    const { link, feed } = alone();
    for (let now = 60_000; now <= 180_000; now += 60_000) feed(undefined, now);
    expect(link.state).toBe('closed');
  });
});

describe('timers', () => {
  it('a stale one does nothing', () => {
    const { link, out } = alone();
    const outputs: Output[] = [];
    link.handle({ type: 'timer', timer: { type: 'due', at: 1 } }, 50_000, outputs);
    expect(outputs).toEqual([]);
    expect(out.length).toBeGreaterThan(0);
  });

  it('traffic sets none and allocates no output: at most one is pending on a ready link', () => {
    const { link, pending } = alone();
    const out: Output[] = [];
    for (let now = 1; now < 900; now++) {
      link.handle({ type: 'heard' }, now, out);
      link.handle({ type: 'wrote' }, now, out);
    }
    expect(out).toEqual([]);
    expect(pending().filter((at) => at > 0 && at < DEFAULT_CONFIG.helloTimeoutMs)).toHaveLength(1);
  });

  it('whatever traffic there is, the state is what the silence says', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 30 }), (gaps) => {
        const { link, feed, events } = alone();
        let now = 0;
        let degradations = 0;
        for (const gap of gaps) {
          for (let step = 50; step < gap; step += 50) feed(undefined, now + step);
          feed(undefined, (now += gap));
          expect(link.state).toMatch(gap >= 3_500 ? /^(degraded|reconnecting)$/ : /^ready$/);
          if (gap >= 3_500) degradations++;
          feed({ type: 'heard' }, now);
          expect(link.state).toBe('ready');
        }
        expect(events().filter((type) => type === 'degraded')).toHaveLength(degradations);
        expect(events().filter((type) => type === 'recovered')).toHaveLength(degradations);
      }),
    );
  });
});

/** A link of LARGE, which leads, that is ready at time 0, and an interpreter that gives its timers back. */
function alone() {
  const link = new Link({
    local: recordOf(LARGE),
    remote: SMALL,
    network: 'global',
    session: 's',
    config: linkConfig(),
  });
  const all: Output[] = [];
  let timers: Extract<Output, { type: 'timer' }>[] = [];
  /** Fires what is due, then handles `input`. */
  const feed = (input: Input | undefined, now: number): Output[] => {
    const out: Output[] = [];
    for (;;) {
      const due = timers.find((timer) => timer.at <= now);
      if (due === undefined) break;
      timers = timers.filter((timer) => timer !== due);
      handle({ type: 'timer', timer: due.timer }, now, out);
    }
    if (input !== undefined) handle(input, now, out);
    all.push(...out);
    return out;
  };
  const handle = (input: Input, now: number, out: Output[]): void => {
    const start = out.length;
    link.handle(input, now, out);
    for (const output of out.slice(start)) if (output.type === 'timer') timers.push(output);
  };
  feed({ type: 'dial', purpose: '', isolated: true }, 0);
  feed({ type: 'signal', signal: { kind: 'accept', session: 's', seq: 0 } }, 0);
  feed(
    { type: 'transport', session: 's', event: { type: 'description', description: { type: 'offer', sdp: 'o' } } },
    0,
  );
  feed(
    { type: 'signal', signal: { kind: 'answer', session: 's', seq: 1, description: { type: 'answer', sdp: 'a' } } },
    0,
  );
  feed({ type: 'transport', session: 's', event: { type: 'opened' } }, 0);
  const hello = {
    type: 'hello',
    versions: [1],
    network: 'global',
    maxFrameBytes: 65_536,
    record: recordOf(SMALL),
  } as const;
  feed({ type: 'received', message: hello }, 0);
  expect(link.state).toBe('ready');
  return {
    link,
    feed,
    out: all,
    pending: () => timers.map((timer) => timer.at),
    events: () => all.flatMap((output) => (output.type === 'event' ? [output.event.type] : [])),
  };
}
