import { expect, test } from 'vitest';
import { PEERPIGEON } from '../src/stack.js';
import { runScenario } from '../src/scenario.js';
import { mostLinksAtOnce } from './link-limit.js';

test.each([1, 2, 3, 4, 5])(
  'S29: 1,000 peers at maxPeers 3, seed %i: one mesh, everything once at everyone',
  (seed) => {
    const { run, results } = runScenario('broadcast', { peers: 1_000, maxPeers: 3, seed, senders: 'all' }, PEERPIGEON);
    expect(results).toMatchObject({
      components: 1,
      largestComponent: 1_000,
      broadcast: { sent: 50, expected: 50_000, delivered: 50_000, duplicatesToApp: 0 },
    });
    expect(results.degree.max).toBeLessThanOrEqual(3);
    expect(mostLinksAtOnce(run.recorder.journal, ['mesh'])).toBeLessThanOrEqual(3);
  },
  300_000,
);
