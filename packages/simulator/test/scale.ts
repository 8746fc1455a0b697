import { expect } from 'vitest';
import { runScenario } from '../src/scenario.js';
import { PEERPIGEON } from '../src/stack.js';
import { mostLinksAtOnce } from './link-limit.js';

/** 1,000 peers at maxPeers 3 are one mesh, and 10 broadcasts of random senders reach everyone once. */
export function expectOneMeshOf1000(seed: number): void {
  const request = { peers: 1_000, maxPeers: 3, seed, senders: 'all', broadcasts: 10, liveness: 'modelled' } as const;
  const { run, results } = runScenario('broadcast', request, PEERPIGEON);
  expect(results).toMatchObject({
    components: 1,
    largestComponent: 1_000,
    broadcast: { sent: 10, expected: 10_000, delivered: 10_000, duplicatesToApp: 0 },
  });
  expect(results.degree.max).toBeLessThanOrEqual(3);
  expect(mostLinksAtOnce(run.recorder.journal, ['mesh'])).toBeLessThanOrEqual(3);
}
