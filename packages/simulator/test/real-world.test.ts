import { describe, expect, test } from 'vitest';
import type { RunRequest } from '../src/options.js';
import { runScenario } from '../src/scenario.js';
import { PEERPIGEON } from '../src/stack.js';

const MESH = {
  peers: 80,
  maxPeers: 3,
  seed: 1,
  broadcasts: 5,
  directs: 200,
  minutes: 0.5,
  senders: 'all',
  liveness: 'modelled',
} as const satisfies RunRequest;

/** One component, everything delivered, every map within its cap, nobody blamed. */
function expectWhole(world: Partial<RunRequest>): ReturnType<typeof runScenario>['results'] {
  const request = { ...MESH, ...world };
  const { run, results } = runScenario('join', request, PEERPIGEON);
  const { peers, broadcasts, directs } = request;
  expect(results).toMatchObject({
    components: 1,
    broadcast: { sent: broadcasts, expected: broadcasts * peers, delivered: broadcasts * peers },
    direct: { sent: directs, delivered: directs, failed: 0 },
  });
  for (const [map, { size, cap }] of Object.entries(results.maxMapSizes))
    expect([map, size <= cap]).toEqual([map, true]);
  expect([...run.network.violations]).toEqual([]);
  return results;
}

describe('the real world', () => {
  test('mixed caps: a quarter hang on as leaves, and every peer reaches every other', () => {
    const { maxMapSizes, degree, afterJoin } = expectWhole({ mixedCaps: true });
    expect(maxMapSizes['lodgers']?.size).toBeGreaterThan(0);
    expect(degree.max).toBeLessThanOrEqual(8);
    expect(afterJoin?.secondsToRightRing).toBeLessThanOrEqual(10);
  });

  test.each<Partial<RunRequest>>([{ unreachable: 0.15 }, { unreachablePeers: 0.2, maxPeers: 8 }])(
    'pairs that never link (%j): the ring, tunnels counted, is right within a minute',
    (world) => {
      const { afterJoin, tunnels } = expectWhole(world);
      expect(tunnels).toBeGreaterThan(0);
      expect(afterJoin?.secondsToRightRing).toBeLessThanOrEqual(60);
    },
  );

  test('tabs in the background, whose timers come late, are late and not dead', () => {
    const { afterJoin } = expectWhole({ peers: 60, throttled: true });
    expect(afterJoin?.secondsToRightRing).toBeLessThanOrEqual(30);
  });
});
