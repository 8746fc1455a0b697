import type { PeerId } from '@peerpigeon/core';
import { describe, expect, test } from 'vitest';
import { ringSide } from '../src/ring.js';
import { Tunnels } from '../src/tunnels.js';
import type { Output } from '../src/index.js';
import { Keeping, id } from './keeping.js';
import { TopologyNetwork } from './network.js';

const hash = (text: string): number =>
  text.split('').reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);

describe('a ring neighbour that is not linked', () => {
  /** 5 with 8 as its linked follower, and 6 known longer than a link takes, 7 just discovered. */
  function waiting(): Keeping {
    const own = new Keeping(id('5'));
    own.link(id('8'));
    own.know(id('6'));
    own.now += 10_000;
    own.know(id('7'));
    return own;
  }
  const heldOver = (own: Keeping): readonly PeerId[] => ringSide(own.context, 1, 2_000, -Infinity, own.now).tunnels;

  test('is held over others while its link is slow to come about, and while it waits after a failure', () => {
    const own = waiting();
    const { neighbourhood, knowledge, rng } = own.context;
    neighbourhood.pending.set(id('6'), { purpose: 'ring', ours: true, since: own.now - 5_000 });
    expect(heldOver(own)).toEqual([id('6')]);
    neighbourhood.pending.clear();
    knowledge.failed(id('6'), own.now, rng, 'failed', true);
    expect(heldOver(own)).toEqual([id('6')]);
  });

  test('has time to be linked first', () => {
    const own = waiting();
    own.context.knowledge.forget(id('6'), own.now, true);
    expect(heldOver(own)).toEqual([]);
    own.now += own.context.config.slowDialMs;
    expect(heldOver(own)).toEqual([id('7')]);
  });
});

describe('a tunnel without a known way', () => {
  const word = { kind: 'tunnel', ack: false };

  test('is looked for over all links and over whoever is near it, and found by the answer', () => {
    const own = new Keeping(id('5'), { maxPeers: 4 });
    for (const digit of ['2', '8', 'c']) own.link(id(digit));
    own.know(id('6'), id('7'));
    own.context.knowledge.learnRoute(id('7'), [id('8')], own.now);
    const tunnels = new Tunnels(own.context);
    for (let tries = 0; tries < 3; tries++) {
      const out: Output[] = [];
      const next = tunnels.review([id('6')], own.now, out);
      expect(out[0]).toEqual({ type: 'route', to: id('6'), route: [id('8'), id('7')], message: word });
      const probes = out.slice(1).map((output) => (output.type === 'probe' ? output : undefined));
      expect(new Set(probes.map((probe) => probe?.over))).toEqual(new Set(['2', '8', 'c'].map(id)));
      for (const probe of probes) expect(probe).toMatchObject({ key: id('6'), message: word });
      expect(tunnels.review([id('6')], next - 1, [])).toBe(next);
      own.now = next;
    }
    const out: Output[] = [];
    tunnels.heard(id('6'), [id('8'), id('a')], own.now, out);
    expect(out).toEqual([{ type: 'tunnel', peer: id('6'), route: [id('8'), id('a')] }]);
    expect(tunnels.has(id('6'), own.now + 1)).toBe(true);
  });

  test('of several answers the first one counts, unless a later way is shorter; broken it is held until it can be mended', () => {
    const own = new Keeping(id('5'), { maxPeers: 4 });
    for (const digit of ['2', '8']) own.link(id(digit));
    own.know(id('6'));
    const { context } = own;
    const tunnels = new Tunnels(context);
    const wayTo = (...ways: string[][]): unknown[] => {
      const out: Output[] = [];
      for (const way of ways) tunnels.heard(id('6'), way.map(id), own.now, out);
      return out.map((output) => (output.type === 'tunnel' ? output.route : output));
    };
    tunnels.review([id('6')], own.now, []);
    expect(wayTo(['8', 'a'], ['2', 'a'], ['8', 'a'])).toEqual([[id('8'), id('a')]]);
    expect(wayTo(['2'])).toEqual([[id('2')]]);
    const out: Output[] = [];
    tunnels.broken(id('6'), own.now, out);
    expect(out).toEqual([{ type: 'tunnel', peer: id('6'), route: undefined }]);
    expect([...tunnels.good(own.now)]).toEqual([]);
    expect([...tunnels.held(own.now)]).toEqual([id('6')]);
    expect([...tunnels.held(own.now + context.config.maxAnswerMs)]).toEqual([]);
    expect(wayTo(['8', 'a'])).toEqual([[id('8'), id('a')]]);
  });

  test.each([1, 2, 3])('with a seventh of all pairs unlinkable the ring closes, and stays so (seed %i)', (seed) => {
    const network = new TopologyNetwork(seed, { maxPeers: 3 });
    network.unlinkable = (a, b) => hash(a < b ? a + b : b + a) % 100 < 15;
    for (let i = 0; i < 40; i++) {
      network.join();
      network.run(100);
    }
    network.run(40_000);
    const errors: number[] = [];
    for (let look = 0; look < 10; look++) {
      errors.push(network.ringErrors());
      network.run(3_000);
    }
    expect(network.components()).toBe(1);
    // A tunnel breaks now and then with a link in its middle, and is mended.
    expect(errors.filter((count) => count > 0).length).toBeLessThanOrEqual(1);
  });
});
