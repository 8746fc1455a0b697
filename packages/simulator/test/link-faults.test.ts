import { describe, expect, test } from 'vitest';
import { FIXED, command, frame, framesOf, last, linked, negotiate, pair } from './scripted-links.js';
import { act, scriptOf } from './scripted-mesh.js';

const CLOSE = { type: 'close' } as const;

describe('faults of links', () => {
  test('unreachable: offer and answer succeed, and then ICE finds no path', () => {
    const { network, a, b } = pair({ ...FIXED, unreachable: 1 });
    negotiate(network, a, b);
    network.run(60_000);
    for (const peer of [a, b]) {
      expect(scriptOf(peer).transport()).toEqual([
        { at: 0, event: 'description' },
        { at: 0, event: 'candidate' },
        { at: 15_800, event: 'closed' },
      ]);
    }
    expect(network.canLink(a.id, b.id)).toBe(false);
    expect(network.links.opened).toBe(0);
  });

  test('a delay spike makes a frame late, and nothing overtakes it', () => {
    const { network, a, b } = linked({ ...FIXED, delaySpike: { share: 0.5, ms: 500 } });
    for (let i = 0; i < 50; i++) {
      act(network, a, frame(b.id));
      network.run(20);
    }
    network.run(1_000);
    const times = framesOf(b);
    expect(times).toHaveLength(50);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    const lateMs = times.map((at, i) => Math.round(at - 1_000 - 20 * i - 40));
    expect(lateMs).toContain(500);
    expect(Math.max(...lateMs)).toBe(500);
  });

  test('half-open: one direction drops everything without a word, the other works', () => {
    const { network, a, b } = linked();
    network.halfOpen(a, b);
    act(network, a, frame(b.id));
    act(network, b, frame(a.id));
    network.run(60_000);
    expect(framesOf(b)).toEqual([]);
    expect(framesOf(a)).toEqual([1_040]);
    expect([last(a)?.event, last(b)?.event]).toEqual(['opened', 'opened']);
    act(network, a, command(b.id, CLOSE));
    network.run(1_000);
    expect(last(b)?.event).toBe('opened');
  });

  test('half-open: needs an open link', () => {
    const { network, a, b } = pair();
    expect(() => network.halfOpen(a, b)).toThrow(RangeError);
  });

  test('a cut: nothing passes between groups and nobody is told, until it is healed', () => {
    const { network, a, b } = linked();
    act(network, a, frame(b.id));
    network.cut((peer) => peer.index);
    act(network, a, frame(b.id));
    act(network, b, frame(a.id));
    network.run(60_000);
    expect(framesOf(b)).toEqual([1_040]); // it was on its way
    expect(framesOf(a)).toEqual([]);
    expect([last(a)?.event, last(b)?.event]).toEqual(['opened', 'opened']);
    network.heal();
    act(network, a, frame(b.id));
    network.run(1_000);
    expect(framesOf(b)).toEqual([1_040, 61_040]);
  });

  test('a cut: links within a group work, and none opens across', () => {
    const { network, a, b } = pair();
    network.cut((peer) => (peer === a || peer === b ? 'both' : 'rest'));
    const c = network.join();
    network.run(0);
    negotiate(network, a, b);
    negotiate(network, a, c);
    network.run(60_000);
    expect(network.links.opened).toBe(1);
    act(network, a, frame(b.id));
    network.run(1_000);
    expect(framesOf(b)).toEqual([60_040]);
    expect(last(c)).toEqual({ at: 15_800, event: 'closed' });
  });

  test('a frozen peer handles nothing until it is resumed, and then all in order', () => {
    const { network, a, b } = linked();
    network.freeze(b);
    act(network, a, frame(b.id));
    network.run(1_000);
    act(network, a, frame(b.id), command(b.id, CLOSE));
    const before = scriptOf(b).heard.length;
    network.run(60_000);
    expect(b.isFrozen).toBe(true);
    expect(b.state).toBe('up');
    expect(scriptOf(b).heard).toHaveLength(before);
    network.resume(b);
    network.run(0);
    expect(b.isFrozen).toBe(false);
    expect(framesOf(b)).toEqual([62_000, 62_000]);
    expect(last(b)).toEqual({ at: 62_000, event: 'closed' });
  });

  test('peers that are down are neither frozen nor resumed', () => {
    const { network, a, b } = linked();
    network.freeze(b);
    network.kill(b);
    network.resume(b);
    network.freeze(b);
    const before = scriptOf(b).heard.length;
    act(network, a, frame(b.id));
    network.run(1_000);
    expect(b.isFrozen).toBe(false);
    expect(scriptOf(b).heard).toHaveLength(before);
  });
});
