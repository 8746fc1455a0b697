import { describe, expect, test } from 'vitest';
import { randomPolicy, xorPolicy } from '../src/index.js';
import type { Policy } from '../src/index.js';
import { runPolicySuite } from './policy-suite.js';
import { TopologyNetwork } from './network.js';

/** The README read literally, which the interface must be able to say. */
const nearestOnly: Policy = {
  ...xorPolicy,
  name: 'nearest-only',
  slots: (maxPeers) => ({ ring: 0, random: 0, finger: 0, near: maxPeers }),
};

describe.each([xorPolicy, randomPolicy, nearestOnly])('policy $name', (policy) => {
  runPolicySuite(policy);
});

test('S102, S106: with nearest links alone, only at capacity, only for a closer newcomer, the farthest goes', () => {
  const network = new TopologyNetwork(3, { maxPeers: 3 }, { policy: nearestOnly });
  for (let i = 0; i < 16; i++) {
    network.join();
    network.run(500);
  }
  network.run(30_000);
  const evictions = network.events.filter(({ event }) => event.type === 'peerEvicted');
  expect(evictions.length).toBeGreaterThan(0);
  for (const [, { neighbourhood }] of network.peers) {
    expect(neighbourhood.links.size).toBeLessThanOrEqual(4);
    for (const { role } of neighbourhood.links.values()) expect(['near', 'none']).toContain(role);
  }
});

test('S102: nearest links alone split the mesh, ours never', () => {
  const pieces = (policy: Policy | undefined): number => {
    const network = new TopologyNetwork(11, { maxPeers: 3 }, policy === undefined ? {} : { policy });
    for (let i = 0; i < 40; i++) {
      network.join();
      network.run(100);
    }
    network.run(30_000);
    return network.components();
  };
  expect(pieces(nearestOnly)).toBeGreaterThan(1);
  expect(pieces(undefined)).toBe(1);
});
