import { PEERPIGEON } from '../src/stack.js';
import type { RunRequest } from '../src/options.js';
import { runScenario } from '../src/scenario.js';

/** Components of meshes of 2 to 40 peers at maxPeers 3, one value a seed; they join at different paces. */
export function componentsOfSmallMeshes(seeds: readonly number[], policy: RunRequest['policy'] = 'xor'): number[] {
  return seeds.map((seed) => {
    const peers = 2 + (seed % 39);
    const joinMs = [50, 200, 1_000][seed % 3] as number;
    const request = { peers, maxPeers: 3, seed, joinMs, minutes: 0, policy } as const;
    return runScenario('join', request, PEERPIGEON).results.components;
  });
}
