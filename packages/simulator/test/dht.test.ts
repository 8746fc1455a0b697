import { describe, expect, test } from 'vitest';
import { runScenario } from '../src/scenario.js';
import { PEERPIGEON } from '../src/stack.js';
import { DhtMesh, valueKey } from './dht-mesh.js';

const KEY = valueKey('capital of Norway');

describe('the dht of a simulated mesh', () => {
  test('S30, S31: what one put all others get, from exactly the eight nearest, and no link is opened for it', () => {
    const request = {
      peers: 80,
      maxPeers: 4,
      seed: 3,
      joinMs: 200,
      puts: 40,
      gets: 120,
      liveness: 'modelled',
    } as const;
    const { run, results } = runScenario('dht', request, PEERPIGEON);
    expect(results.dht).toMatchObject({ puts: 40, stored: 40, gets: 120, found: 120, wrong: 0, failed: 0 });
    expect(results.dht).toMatchObject({ exactNearest: 1, exactPuts: 1, exactGets: 1, connectionsOpened: 0 });
    expect(run.network.malformed).toBe(0);
    expect([...run.network.violations]).toEqual([]);
  });

  test('the same seed gives the same run; messages encoded and decoded give it, too', () => {
    const request = { peers: 20, maxPeers: 3, seed: 4, joinMs: 200, puts: 8, gets: 20 };
    const figures = (wire: boolean): string =>
      JSON.stringify(runScenario('dht', { ...request, wire }, PEERPIGEON).results);
    const first = figures(false);
    expect(figures(false)).toBe(first);
    expect(figures(true)).toBe(first);
  });

  test('S31: a key that nobody put is absent, and so is one that was deleted', () => {
    const mesh = new DhtMesh(20, 5);
    const [writer, reader] = [mesh.up[3]!, mesh.up[11]!];
    expect(mesh.get(reader, KEY)).toBeNull();
    expect(mesh.put(writer, KEY, 1)).toMatchObject({ type: 'stored' });
    expect(mesh.get(reader, KEY)).toBe(1);
    writer.dht.put(KEY, new Uint8Array(0), () => {}, { form: 'deleted', ttlMs: 3_600_000 });
    mesh.network.run(10_000);
    expect(mesh.get(reader, KEY)).toBeNull();
  });

  test('S35: all holders but one die at once: the value is still found, and soon eight have it again', () => {
    const mesh = new DhtMesh(60, 6);
    mesh.put(mesh.up[0]!, KEY, 7);
    const holders = mesh.holders(KEY);
    expect(holders).toEqual(mesh.nearest(KEY));
    mesh.network.kill(holders.slice(1).map((id) => mesh.network.peer(id)!));
    expect(mesh.get(mesh.stranger(KEY), KEY)).toBe(7);
    mesh.network.run(60_000);
    expect(mesh.holders(KEY)).toEqual(expect.arrayContaining(mesh.nearest(KEY)));
  });

  test('S35: peers that come nearer to the key are given it within one audit', () => {
    const auditMs = 60_000;
    const mesh = new DhtMesh(40, 7, { auditMs });
    mesh.put(mesh.up[0]!, KEY, 7);
    const before = mesh.nearest(KEY);
    for (let i = 0; i < 3; i++) {
      mesh.join(DhtMesh.near(KEY, i));
      mesh.network.run(5_000);
    }
    // An audit is up to a tenth late.
    mesh.network.run(1.1 * auditMs);
    const after = mesh.nearest(KEY);
    expect(after.filter((id) => before.includes(id))).toHaveLength(5);
    expect(mesh.holders(KEY)).toEqual(after);
    expect(mesh.get(mesh.stranger(KEY), KEY)).toBe(7);
  });

  test('S35: after a kill exactly those records are lost whose holders all died', () => {
    const request = { peers: 60, maxPeers: 4, seed: 2, joinMs: 100, puts: 60, gets: 30, kill: 0.75 };
    const { results } = runScenario('dht', { ...request, liveness: 'modelled' }, PEERPIGEON);
    expect(results.dht?.afterKill).toMatchObject({
      exactlyTheLost: true,
      atOnce: { wrong: 0 },
      later: { wrong: 0, failed: 0 },
    });
    expect(results.dht?.afterKill?.expectedLost).toBeGreaterThan(0);
  });
});
