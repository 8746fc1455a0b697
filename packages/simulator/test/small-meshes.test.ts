import { describe, expect, test } from 'vitest';
import { componentsOfSmallMeshes } from './small-meshes.js';

const seeds = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

describe('meshes of 2 to 40 peers at maxPeers 3', () => {
  test('S111: are in one piece, each of them', () => {
    expect(componentsOfSmallMeshes(seeds(1, 39))).toEqual(Array.from({ length: 39 }, () => 1));
  });

  test('under the nearest-only rule most of those of 16 peers or more are not: the control', () => {
    const split = componentsOfSmallMeshes(seeds(20, 14), 'nearest').filter((components) => components > 1);
    expect(split.length).toBeGreaterThan(11);
  });
});
