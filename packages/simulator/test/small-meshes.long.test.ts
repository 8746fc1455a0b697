import { expect, test } from 'vitest';
import { componentsOfSmallMeshes } from './small-meshes.js';

const SEEDS = Array.from({ length: 400 }, (_, i) => i + 1);

test('S111: 400 meshes of 2 to 40 peers at maxPeers 3 are in one piece, each of them', () => {
  expect(componentsOfSmallMeshes(SEEDS)).toEqual(SEEDS.map(() => 1));
});

test('under the nearest-only rule most of them split', () => {
  const large = SEEDS.filter((seed) => 2 + (seed % 39) >= 16);
  const split = componentsOfSmallMeshes(large, 'nearest').filter((components) => components > 1);
  expect(split.length / large.length).toBeGreaterThan(0.8);
});
