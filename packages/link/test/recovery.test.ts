import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../src/index.js';
import { Wire, last, types } from './wire.js';
import type { Peer, Weather } from './wire.js';

const { suspectAfterMs, restartAfterMs, restartTimeoutMs, deadAfterMs } = DEFAULT_CONFIG;

/** A ready link. */
function joined(weather: Partial<Weather> = {}): Wire {
  const wire = new Wire(weather);
  wire.dial(wire.small);
  wire.run(5_000);
  expect(wire.isJoined).toBe(true);
  return wire;
}

const count = (peer: Peer, command: string): number => peer.commands.filter((one) => one === command).length;

describe('S101: a link whose path is lost', () => {
  it('restarts when silence lasts, the larger id offering, and goes on as the same link', () => {
    const wire = joined();
    wire.cut = true;
    wire.run(wire.now + suspectAfterMs + restartAfterMs + 3_000);
    for (const peer of [wire.small, wire.large]) {
      expect(types(peer).slice(-3)).toEqual(['degraded', 'reconnecting', 'recovered']);
      expect(peer.link?.state).toBe('ready');
      expect(peer.violations).toEqual([]);
    }
    expect([count(wire.large, 'restart'), count(wire.small, 'restart')]).toEqual([1, 0]);
    expect([count(wire.large, 'open'), count(wire.small, 'open')]).toEqual([1, 1]);
    expect(wire.faults).toEqual([]);
  });

  it('does nothing when it comes back by itself before that', () => {
    const wire = joined();
    wire.cut = true;
    wire.run(wire.now + suspectAfterMs + restartAfterMs - 2_500);
    wire.cut = false;
    wire.run(wire.now + 10_000);
    expect(types(wire.small).slice(-2)).toEqual(['degraded', 'recovered']);
    expect(count(wire.large, 'restart')).toBe(0);
  });

  it('restarts at once when the platform says so, and once for all its reports', () => {
    const wire = joined();
    wire.cut = true;
    const { large } = wire;
    const session = large.link?.session as string;
    for (let i = 0; i < 2; i++) wire.feed(large, { type: 'transport', session, event: { type: 'broken' } });
    expect(large.link?.state).toBe('reconnecting');
    wire.run(wire.now + 2_000);
    expect(large.link?.state).toBe('ready');
    expect(count(large, 'restart')).toBe(1);
  });

  it('of which the smaller id alone knows asks the larger to offer', () => {
    const wire = joined();
    const { small, large } = wire;
    wire.cut = true;
    wire.feed(small, { type: 'transport', session: small.link?.session as string, event: { type: 'broken' } });
    wire.run(wire.now + 1_000);
    expect(small.signals.at(-1)?.kind).not.toBe('request');
    expect(small.signals.some(({ kind }) => kind === 'restart')).toBe(true);
    expect(count(large, 'restart')).toBe(1);
    expect(types(large)).not.toContain('degraded');
    expect(small.link?.state).toBe('ready');
  });

  it('is given up after two restarts when the other side lives, sooner than a dead one', () => {
    const wire = joined();
    wire.cut = true;
    wire.mends = false;
    const began = wire.now;
    wire.run(began + deadAfterMs - 3_000);
    for (const peer of [wire.small, wire.large]) {
      expect(last(peer)).toMatchObject({ type: 'closed', reason: 'path-lost', wasReady: true, initiator: 'network' });
    }
    expect(count(wire.large, 'restart')).toBeGreaterThanOrEqual(2);
    expect(wire.now).toBeGreaterThan(began + suspectAfterMs + restartAfterMs + restartTimeoutMs);
  });

  it('is dead after deadAfterMs when nobody answers', () => {
    const wire = joined({ paths: [6_000] });
    wire.run(6_000);
    wire.cut = true;
    wire.run(wire.now + deadAfterMs - 1_500);
    expect(wire.small.link?.state).toBe('reconnecting');
    wire.run(wire.now + 2_000);
    expect(last(wire.small)).toMatchObject({ type: 'closed', reason: 'timeout' });
    expect(count(wire.large, 'restart')).toBe(2);
  });

  it('gets two restarts more when it held for long meanwhile, and none when it comes and goes', () => {
    const wire = joined();
    const lose = (): void => {
      wire.cut = true;
      wire.run(wire.now + 8_000);
    };
    for (let i = 0; i < 4; i++) {
      lose();
      wire.run(wire.now + 60_000);
    }
    expect(wire.large.link?.state).toBe('ready');
    expect(count(wire.large, 'restart')).toBe(4);
    for (let i = 0; i < 4; i++) lose();
    expect(count(wire.large, 'restart')).toBeLessThanOrEqual(6);
  });

  it.each([1, 2, 3, 4, 5])(
    'recovers though signals are reordered, doubled and one in twenty lost (seed %i)',
    (seed) => {
      const weather = { seed, signalMs: [20, 200] as const, loss: 0.05, duplication: 0.2, paths: [Infinity, Infinity] };
      const wire = new Wire(weather);
      wire.dial(wire.small);
      wire.run(15_000);
      expect(wire.isJoined).toBe(true);
      wire.cut = true;
      wire.run(wire.now + suspectAfterMs + restartAfterMs + restartTimeoutMs + 4_000);
      expect([wire.small.link?.state, wire.large.link?.state]).toEqual(['ready', 'ready']);
      expect(types(wire.small)).not.toContain('closed');
    },
  );

  it('survives as many offers as another side sends, and answers a few of them', () => {
    const wire = joined();
    const session = wire.small.link?.session as string;
    for (let i = 0; i < 100; i++) {
      const description = { type: 'offer', sdp: `hostile ${i}` } as const;
      wire.deliver(wire.small, { kind: 'offer', session, seq: 100 + i, description });
    }
    wire.run(wire.now + 2_000);
    expect(count(wire.small, 'answer')).toBeLessThanOrEqual(5);
    expect(wire.small.violations.length).toBeGreaterThan(0);
    expect(wire.small.link?.state).toBe('ready');
  });
});
