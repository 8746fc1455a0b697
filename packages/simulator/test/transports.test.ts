import type { Description } from '@peerpigeon/link';
import { describe, expect, test } from 'vitest';
import { FIXED, answer, command, frame, framesOf, last, linked, negotiate, offer, pair } from './scripted-links.js';
import { act, scriptOf } from './scripted-mesh.js';

describe('a simulated transport', () => {
  test('opens at both ends two round trips and some work after both descriptions are set', () => {
    const { network, a, b } = linked();
    for (const peer of [a, b]) {
      expect(scriptOf(peer).transport()).toEqual([
        { at: 0, event: 'description' },
        { at: 0, event: 'candidate' },
        { at: 260, event: 'opened' },
      ]);
    }
    expect(network.links).toEqual({ opened: 1, closed: 0 });
  });

  test('carries frames after one latency, in order, to the session they belong to', () => {
    const { network, a, b } = linked();
    act(network, a, frame(b.id), frame(b.id), frame(b.id, 'other'));
    network.run(1_000);
    expect(framesOf(b)).toEqual([1_040, 1_040]);
  });

  test('drops frames before it is open', () => {
    const { network, a, b } = pair();
    negotiate(network, a, b);
    act(network, a, frame(b.id));
    network.run(1_000);
    expect(framesOf(b)).toEqual([]);
  });

  test('tells the other end of a close after one latency, after the frames before it', () => {
    const { network, a, b } = linked();
    act(network, a, frame(b.id), command(b.id, { type: 'close' }), frame(b.id));
    network.run(1_000);
    expect(framesOf(b)).toEqual([1_040]);
    expect(last(b)).toEqual({ at: 1_040, event: 'closed' });
    expect(last(a)?.event).toBe('opened');
    expect(network.links).toEqual({ opened: 1, closed: 1 });
  });

  test('swallows frames once the partner is killed, and says nothing of it', () => {
    const { network, a, b } = linked();
    network.kill(b);
    act(network, a, frame(b.id));
    network.run(60_000);
    expect(framesOf(b)).toEqual([]);
    expect(last(a)).toEqual({ at: 260, event: 'opened' });
    expect(network.links.closed).toBe(1);
  });

  test('fails when nobody answers', () => {
    const { network, a, b } = pair();
    const description = offer(network, a, b);
    act(network, a, command(b.id, { type: 'close' }));
    answer(network, b, a, description);
    network.run(60_000);
    expect(last(b)).toEqual({ at: 15_800, event: 'closed' });
    expect(network.links.opened).toBe(0);
  });

  test('counts one transport constructed a side', () => {
    const { network, a, b } = pair();
    network.run(60_000);
    expect([a.constructed, b.constructed]).toEqual([0, 0]);
    answer(network, b, a, offer(network, a, b));
    network.run(60_000);
    expect([a.constructed, b.constructed]).toEqual([1, 1]);
  });

  test('refuses commands that its state or the description does not allow', () => {
    const { network, a, b } = pair();
    const bad: Description = { type: 'answer', sdp: 'v=0' };
    act(network, a, command(b.id, { type: 'open' }), command(b.id, { type: 'accept', description: bad }));
    network.run(0);
    expect(scriptOf(a).transport()).toEqual([{ at: 0, event: 'failed' }]);
  });

  test('glare: an end that has offered may answer instead', () => {
    const { network, a, b } = pair();
    const description = offer(network, a, b);
    offer(network, b, a);
    act(network, a, command(b.id, { type: 'accept', description: answer(network, b, a, description) }));
    network.run(1_000);
    expect(network.links.opened).toBe(1);
    expect(last(a)?.event).toBe('opened');
    expect(last(b)?.event).toBe('opened');
  });

  test('loss: a frame resets its link with a hundredth of the share, and both ends hear of it', () => {
    let resets = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const { network, a, b } = linked({ ...FIXED, seed, loss: 1 });
      for (let i = 0; i < 100 && network.links.closed === 0; i++) act(network, a, frame(b.id));
      network.run(1_000);
      if (network.links.closed === 0) continue;
      resets++;
      expect(last(a)?.event).toBe('closed');
      expect(last(b)?.event).toBe('closed');
    }
    // 100 frames at 1 % each: a link survives them with 0.99^100 = 37 %; 20 links all, or none, with less than 10⁻⁴.
    expect(resets).toBeGreaterThan(0);
    expect(resets).toBeLessThan(20);
  });
});
