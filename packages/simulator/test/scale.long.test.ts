import { expect, test } from 'vitest';
import { PEERPIGEON } from '../src/stack.js';
import { runScenario } from '../src/scenario.js';
import { expectOneMeshOf1000 } from './scale.js';

test('500 peers with loss: the result is the same with every message encoded and decoded', () => {
  const request = { peers: 500, maxPeers: 4, seed: 6, loss: 0.01, broadcasts: 20, directs: 100 };
  const byReference = runScenario('broadcast', request, PEERPIGEON).results;
  const byWire = runScenario('broadcast', { ...request, wire: true }, PEERPIGEON).results;
  expect(byWire).toEqual(byReference);
});

test('what modelled liveness leaves out changes no delivery', () => {
  const request = { peers: 500, maxPeers: 8, seed: 7, liveness: 'modelled' } as const;
  const { results } = runScenario('broadcast', request, PEERPIGEON);
  expect(results).toMatchObject({ components: 1, broadcast: { expected: 25_000, delivered: 25_000 } });
});

test.each([2, 3, 4, 5])('S29: 1,000 peers at maxPeers 3, seed %i: one mesh, everything once at everyone', (seed) =>
  expectOneMeshOf1000(seed),
);
