import type { Policy } from '@peerpigeon/topology';
import { compareDistance } from '@peerpigeon/xor';

/**
 * The README's rule read literally: all slots for the XOR-nearest known peers; only at capacity, and only for a closer
 * newcomer, the farthest link goes. It splits the mesh into islands of near ids, and is here to show just that: no figure
 * of ours means anything unless this rule fails it.
 */
export const nearestPolicy: Policy = {
  name: 'nearest',
  spread: false,
  slots: (maxPeers) => ({ ring: 0, random: 0, finger: 0, near: maxPeers }),
  compareNear: compareDistance,
};
