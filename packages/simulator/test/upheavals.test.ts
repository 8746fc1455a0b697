import { describe, expect, test } from 'vitest';
import type { RunRequest } from '../src/options.js';
import type { Results } from '../src/results.js';
import type { Run } from '../src/run.js';
import type { ScenarioName } from '../src/scenario.js';
import { runScenario } from '../src/scenario.js';
import { PEERPIGEON } from '../src/stack.js';

function scenario(name: ScenarioName, request: Partial<RunRequest>): { run: Run; results: Results } {
  const done = runScenario(name, { peers: 40, maxPeers: 3, seed: 1, ...request }, PEERPIGEON);
  expect(done.run.network.malformed).toBe(0);
  expect([...done.run.network.violations]).toEqual([]);
  return done;
}

/** What everybody sends reaches everybody that is there. */
function expectAllDelivered({ broadcast, direct }: Results): void {
  expect(broadcast.sent).toBeGreaterThan(0);
  expect(broadcast.delivered).toBe(broadcast.expected);
  expect(broadcast.duplicatesToApp).toBe(0);
  expect(direct.delivered).toBe(direct.sent);
  expect(direct.failed).toBe(0);
}

const TRAFFIC = { broadcasts: 10, directs: 40, senders: 'all' } as const;

describe('scenarios', () => {
  test('join: one mesh and a right ring soon after the last has come; then the mesh rests', () => {
    const { results } = scenario('join', TRAFFIC);
    expect(results).toMatchObject({ components: 1, ringErrors: { max: 0 }, tunnels: 0 });
    expect(results.afterJoin?.secondsToOneComponent).toBeLessThanOrEqual(5);
    expect(results.afterJoin?.secondsToRightRing).toBeLessThanOrEqual(10);
    expect(results.newLinksPerPeerMinute.p50).toBeLessThanOrEqual(1 / 3);
    expect(results.serverMessagesPerPeerMinute).toBeLessThanOrEqual(2);
    for (const { size, cap } of Object.values(results.maxMapSizes)) expect(size).toBeLessThanOrEqual(cap);
    expect(Object.keys(results.maxMapSizes).length).toBeGreaterThan(0);
    expectAllDelivered(results);
  });

  test('flash: all within 10 s', () => {
    const { run, results } = scenario('flash', { peers: 60 });
    expect(run.recorder.journal.peers.at(-1)?.upMs).toBeLessThan(10_000);
    expect(results).toMatchObject({ components: 1, ringErrors: { max: 0 } });
    expect(results.afterJoin?.secondsToRightRing).toBeLessThanOrEqual(20);
  });

  test.each([3, 8])(
    'S29, S111 kill: a third dies at one instant at maxPeers %i, the server is up; what is sent then arrives everywhere',
    (maxPeers) => {
      const { run, results } = scenario('kill', { maxPeers });
      expect(run.network.up).toHaveLength(28);
      expect(results).toMatchObject({ components: 1, largestComponent: 28, afterReturn: null });
      const kill = results.afterKill;
      const detection = kill?.detectionSeconds ?? Infinity;
      expect(kill).toMatchObject({ islands: 1, message: { survivors: 28 } });
      expect(detection).toBeLessThanOrEqual(5);
      expect(kill?.secondsToOneComponent).toBeLessThanOrEqual(detection + 5);
      expect(kill?.secondsToRightRing).toBeLessThanOrEqual(detection + 15);
      expect(kill?.message.secondsToAll).toBeLessThanOrEqual(detection + 15);
      // S14: delivered, or reported to the sender.
      expect(kill?.direct).toMatchObject({ sent: 100, silent: 0 });
      expect(kill?.direct.delivered).toBeGreaterThanOrEqual(95);
      expect(results.broadcast.delivered).toBe(results.broadcast.expected);
      expect(results.direct.delivered).toBe(results.direct.sent);
    },
  );

  test('S111 server-down: every island becomes a right ring, and all are one when the server is back', () => {
    const { results } = scenario('server-down', { kill: 0.5 });
    const { afterKill, afterReturn } = results;
    expect(results).toMatchObject({ components: 1, largestComponent: 20 });
    expect(afterKill?.components).toBeGreaterThan(1);
    expect(afterKill?.secondsToRightIslandRings).toBeLessThanOrEqual(60);
    expect(afterReturn?.secondsToOneComponent).toBeLessThanOrEqual(30);
    expect(results.direct.delivered).toBe(results.direct.sent);
  });

  test('S117 server-down without a kill: the mesh is untouched, and those who come meanwhile join at its return', () => {
    const { results } = scenario('server-down', { kill: 0 });
    expect(results).toMatchObject({ components: 1, largestComponent: 42, afterKill: null });
    expect(results.afterReturn).toMatchObject({ joiners: 2, linksClosed: 0 });
    expect(results.afterReturn?.secondsToOneComponent).toBeLessThanOrEqual(30);
    expectAllDelivered(results);
  });

  test('churn: lives of 5 minutes for 4: those who stay stay one mesh', () => {
    const { run, results } = scenario('churn', { minutes: 4, sessionMinutes: 5, broadcasts: 10, directs: 40 });
    const { peers } = run.recorder.journal;
    const died = peers.filter(({ downMs }) => downMs !== null).length;
    expect(run.network.up).toHaveLength(40);
    expect(died).toBe(peers.length - 40);
    expect(died).toBeGreaterThan(16); // 32 on average
    const silent = run.network.peers.filter(({ state }) => state === 'killed').length;
    expect(silent / died).toBeGreaterThan(0.3);
    expect(silent / died).toBeLessThan(0.7);
    expect(results).toMatchObject({ components: 1 });
    expect(results.ringErrors.p50).toBeLessThan(0.1);
    expect(results.broadcast.delivered / results.broadcast.expected).toBeGreaterThan(0.99);
    expect(results.direct.silent).toBe(0);
    expect(results.direct.lasting.delivered / results.direct.lasting.sent).toBeGreaterThan(0.95);
  });

  test('S111 partition: two halves, each a right ring; one ring after the healing', () => {
    const { results } = scenario('partition', {});
    expect(results.duringCut?.components).toBeGreaterThan(1);
    expect(results.duringCut?.secondsToRightIslandRings).toBeLessThanOrEqual(60);
    const { within, across } = results.duringCut?.direct ?? {};
    expect(within?.sent).toBeGreaterThan(20);
    expect(within).toMatchObject({ delivered: within?.sent, silent: 0 });
    expect(across?.sent).toBe(100 - (within?.sent ?? 0));
    expect(across).toMatchObject({ delivered: 0, failed: across?.sent, silent: 0 });
    expect(results.afterHeal?.secondsToRightRing).toBeLessThanOrEqual(30);
    expect(results.components).toBe(1);
    expectAllDelivered(results);
  });

  test.each(['prefix', 'clusters'] as const)('S111 adversarial ids: %s', (ids) => {
    const { results } = scenario('adversarial-ids', { ids });
    expect(results).toMatchObject({ components: 1, ringErrors: { max: 0 } });
    expect(results.eccentricity).toBeLessThanOrEqual(12);
    expectAllDelivered(results);
  });
});

describe('the real world', () => {
  test.each([
    ['unreachable pairs', { unreachable: 0.15 }],
    ['unreachable peers', { unreachablePeers: 0.2 }],
  ])('%s: one component, the ring right with tunnels, everything arrives', (_what, world) => {
    for (const maxPeers of [3, 8]) {
      const { results } = scenario('join', { ...TRAFFIC, ...world, maxPeers });
      expect(results.components).toBe(1);
      expect(results.afterJoin?.secondsToRightRing).toBeLessThanOrEqual(60);
      expectAllDelivered(results);
    }
  });

  test.each([
    ['throttled timers', { throttled: true }],
    ['skewed clocks', { clockSkew: 300 }],
    ['a random policy', { policy: 'random' as const }],
  ])('%s: one component, everything arrives', (_what, world) => {
    const { results } = scenario('join', { ...TRAFFIC, ...world });
    expect(results.components).toBe(1);
    expect(results.ringErrors.p50).toBe(0);
    expectAllDelivered(results);
  });

  test('loss: links reset, and the mesh stays one', () => {
    const { results } = scenario('join', { ...TRAFFIC, loss: 0.05 });
    expect(results.components).toBe(1);
    expect(results.direct.delivered).toBe(results.direct.sent);
  });
});
