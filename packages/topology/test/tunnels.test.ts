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
  test('is looked for over one link after the other, and found by the answer', () => {
    const own = new Keeping(id('5'), { maxPeers: 4 });
    for (const digit of ['2', '8', 'c']) own.link(id(digit));
    own.know(id('6'));
    const tunnels = new Tunnels(own.context);
    const over = new Set<PeerId>();
    for (let tries = 0; tries < 20; tries++) {
      const out: Output[] = [];
      const next = tunnels.review([id('6')], own.now, out);
      expect(out).toMatchObject([{ type: 'probe', key: id('6'), message: { kind: 'tunnel', ack: false } }]);
      for (const output of out) if (output.type === 'probe') over.add(output.over);
      expect(tunnels.review([id('6')], next - 1, [])).toBe(next);
      own.now = next;
    }
    expect([...over].sort()).toEqual([id('2'), id('8'), id('c')]);
    const out: Output[] = [];
    tunnels.answered(id('6'), [id('8'), id('a')], own.now, out);
    expect(out).toEqual([{ type: 'tunnel', peer: id('6'), route: [id('8'), id('a')] }]);
    expect(tunnels.has(id('6'), own.now + 1)).toBe(true);
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
