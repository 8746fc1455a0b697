import { compareDistance, compareIds } from '@peerpigeon/xor';
import type { PeerId } from '@peerpigeon/core';

/** Which peers are preferred beyond those that keep the mesh in one piece. Pure; swapped at run time (`setXorRouting`). */
export interface Policy {
  readonly name: 'xor' | 'random';
  /** Whether fingers are spread over distinct XOR buckets. */
  readonly spread: boolean;
  /** Orders candidates for near links, the better one first. A fixed total order: both ends can compute it. */
  compareNear(self: PeerId, a: PeerId, b: PeerId): number;
}

/** Prefers XOR-near peers (README). */
export const xorPolicy: Policy = {
  name: 'xor',
  spread: true,
  compareNear: compareDistance,
};

/**
 * Prefers nobody in particular: with `xorRouting` off. Ids are uniform, so comparing the low digits with one's own is a
 * draw that stays the same for a pair.
 */
export const randomPolicy: Policy = {
  name: 'random',
  spread: false,
  compareNear: (self, a, b) => compareDistance(reversed(self), reversed(a), reversed(b)) || compareIds(a, b),
};

function reversed(id: PeerId): PeerId {
  let out = '';
  for (let i = id.length - 1; i >= 0; i--) out += id[i];
  return out;
}
