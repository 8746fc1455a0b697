import { compareDistance } from '@peerpigeon/xor';
import type { PeerId } from '@peerpigeon/core';
import { slotsFor } from './slots.js';
import type { Slots } from './slots.js';

/**
 * Which peers are preferred, and for what. Pure, swapped at run time (`setXorRouting`) or given in {@link Config}; every
 * policy passes the suite in test/policy-suite.ts.
 *
 * A policy may give all slots to near links and none to the ring (the README read literally): then a peer dials its best
 * known peers; when it is full, only a better newcomer is taken, and the worst link goes.
 */
export interface Policy {
  readonly name: string;
  /** Whether fingers are spread over distinct XOR buckets. */
  readonly spread: boolean;
  /** The slots of a peer with `maxPeers` links in a mesh of about `size` peers; all 0 for one that hangs on as a leaf. */
  slots(maxPeers: number, size: number): Slots;
  /**
   * Orders candidates for near links, the better one first: strictly, for any two peers other than `self`, the same
   * whoever computes it, and without cycles (a prefers b to c, b prefers c to a, c prefers a to b), or replacement would
   * never end. An order by a symmetric distance has none.
   */
  compareNear(self: PeerId, a: PeerId, b: PeerId): number;
}

/** Prefers XOR-near peers (README). */
export const xorPolicy: Policy = { name: 'xor', spread: true, slots: slotsFor, compareNear: compareDistance };

/**
 * Prefers nobody in particular: with `xorRouting` off. Ids are uniform, so the distance of ids read backwards is a draw
 * that stays the same for a pair.
 */
export const randomPolicy: Policy = {
  name: 'random',
  spread: false,
  slots: slotsFor,
  compareNear: (self, a, b) => compareDistance(reversed(self), reversed(a), reversed(b)),
};

function reversed(id: PeerId): PeerId {
  return id.split('').reverse().join('');
}
