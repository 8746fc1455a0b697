import { describe, expect, test } from 'vitest';
import { runScenario } from '../src/scenario.js';
import { PEERPIGEON } from '../src/stack.js';

const SMALL = { peers: 40, maxPeers: 3, joinMs: 100, liveness: 'modelled' } as const;

describe('the dht in upheavals', () => {
  test('S34: keys written on both sides of a cut have one value everywhere when it is healed', () => {
    const { results } = runScenario(
      'dht-partition',
      { ...SMALL, seed: 1, peers: 24, cutMs: 30_000, puts: 12 },
      PEERPIGEON,
    );
    expect(results.dht?.afterHeal).toMatchObject({ keys: 12, gets: { gets: 24, found: 24, wrong: 0 } });
    expect(results.dht?.afterHeal?.stored).toBeGreaterThan(12);
    expect(results.dht?.afterHeal?.secondsToAgreement).toBeLessThanOrEqual(30);
  });

  test('S32, S33: every subscriber hears of every update, while holders die; leases of those that are gone end', () => {
    const { results } = runScenario('dht-subscriptions', { ...SMALL, seed: 1, puts: 3, updates: 20 }, PEERPIGEON);
    expect(results.dht?.subscriptions).toMatchObject({ lost: 0, superseded: 0, repeated: 0, leases: { after: 0 } });
    expect(results.dht?.subscriptions?.expected).toBeGreaterThan(100);
    expect(results.dht?.subscriptions?.killedHolders).toBeGreaterThan(0);
    expect(results.dht?.subscriptions?.roundTrips.p50).toBeLessThanOrEqual(2);
  });

  test('S35: under churn what lives is found', () => {
    const request = { ...SMALL, seed: 1, minutes: 5, sessionMinutes: 5, puts: 30, gets: 100 };
    const { results } = runScenario('dht-churn', request, PEERPIGEON);
    expect(results.dht?.churn).toMatchObject({ wrong: 0 });
    expect(results.dht?.churn?.gets).toBe(100);
    expect(results.dht?.churn?.foundShare).toBeGreaterThan(0.99);
  });
});
