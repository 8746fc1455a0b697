import { expect, test } from 'vitest';
import { createNetwork } from '../src/index.js';
import type { Member } from '../src/live-mesh.js';

const sizes = ({ machine }: Member): Record<string, { readonly size: number; readonly cap: number }> =>
  machine.report.mapSizes?.() ?? {};

/** Entries in all maps of some peers. */
const entries = (peers: readonly Member[]): number =>
  peers.flatMap((peer) => Object.values(sizes(peer))).reduce((sum, { size }) => sum + size, 0);

test('S114: a thousand peers that come and go, half of them silently, leave nothing behind', () => {
  const network = createNetwork({ seed: 1 });
  const residents = Array.from({ length: 5 }, () => network.join({ settings: { maxPeers: 3 } }));
  network.run(60_000);
  const rested: number[] = [];
  for (let cycle = 1; cycle <= 1_000; cycle++) {
    const guest = network.join({ settings: { maxPeers: 3 } });
    network.run(3_000);
    expect(guest.peers.length).toBeGreaterThan(0);
    if (cycle % 2 === 0) guest.leave();
    else network.kill(guest);
    network.run(1_000);
    for (const resident of residents) {
      for (const { size, cap } of Object.values(sizes(resident))) expect(size).toBeLessThanOrEqual(cap);
    }
    if (cycle % 500 > 0) continue;
    // Longer than silence is borne, and than whoever is gone is remembered.
    network.run(400_000);
    rested.push(entries(residents));
  }
  expect(rested[1]).toBeLessThanOrEqual((rested[0] as number) + residents.length);
  expect(network.up).toEqual(residents);
  for (const resident of residents) expect(resident.peers.length).toBeGreaterThanOrEqual(2);
}, 120_000);
