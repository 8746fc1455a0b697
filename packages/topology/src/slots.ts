/** How many links of each role a peer wants (ARCHITECTURE.md, Topology). */
export interface Slots {
  /** Predecessor and successor on the ring of ids: what keeps the mesh in one piece. */
  readonly ring: number;
  /** Drawn uniformly, so that the diameter is logarithmic. */
  readonly random: number;
  /** One per distinct XOR bucket, so that greedy routing finds its way. */
  readonly finger: number;
  /** XOR-nearest: the README's preference, for whoever has slots to spare. */
  readonly near: number;
}

/**
 * The slots of a peer with `maxPeers` links in a mesh of about `size` peers. With one link a peer hangs on as a leaf,
 * outside the ring, and all slots are 0. With two there is no slot for a bridge: where two ring neighbours cannot link,
 * such a peer may end as a leaf of one neighbour, and a peer that nobody can link stays alone.
 */
export function slotsFor(maxPeers: number, size: number): Slots {
  if (maxPeers === 1) return { ring: 0, random: 0, finger: 0, near: 0 };
  const spare = maxPeers - 2;
  if (maxPeers <= 8) {
    const random = maxPeers >= 7 ? 2 : maxPeers >= 4 ? 1 : 0;
    return { ring: 2, random, finger: spare - random, near: 0 };
  }
  const finger = Math.min(spare - 2, Math.max(4, Math.ceil(Math.log2(Math.max(2, size)))));
  return { ring: 2, random: 2, finger, near: spare - 2 - finger };
}
