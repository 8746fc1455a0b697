import { below } from '@peerpigeon/core';
import type { PeerId, Rng } from '@peerpigeon/core';
import { SortedRing } from '@peerpigeon/xor';

/** Draws for each random member wanted, at most: in a small ring a draw often hits somebody chosen before. */
const DRAWS = 8;

/** Who may be given to others. */
export type Fits = (id: PeerId) => boolean;

/** Whom a hub chooses from: everybody, if it is alone, else what the index found. */
export interface Census {
  /** Discoverable ids, in ring order. */
  readonly ring: SortedRing;
  /** Up to `count` uniformly drawn members that fit, none of them `id` or `others`. */
  draw(id: PeerId, count: number, others: ReadonlySet<PeerId>, fits: Fits, rng: Rng): Set<PeerId>;
  /** Gives `id` the latest members that seek links and fit, at most `seeking`, and remembers it with what is left. */
  match(id: PeerId, seeking: number, fits: Fits): Set<PeerId>;
  /** Members that seek links, the latest first. */
  latestSeekers(): PeerId[];
  /** Whether somebody has the id, as far as was asked. */
  holds(id: PeerId): boolean;
}

/** Whom of a ring `neighbours` gives. */
export interface Around {
  /** On each side of the ring. */
  readonly ring: number;
  /** XOR-nearest. */
  readonly nearest: number;
  /** How many are looked at of each, at most. */
  readonly reach: number;
}

/** The ring neighbours of `id` and its XOR-nearest, of those who fit, each once. */
export function neighbours(ring: SortedRing, id: PeerId, around: Around, fits: Fits): Set<PeerId> {
  const reach = Math.max(around.reach, around.ring, around.nearest + 1); // `id` may be among its nearest
  const first = (ids: readonly PeerId[], count: number): PeerId[] =>
    ids.filter((other) => other !== id && fits(other)).slice(0, count);
  return new Set([
    ...first(ring.predecessors(id, reach), around.ring),
    ...first(ring.successors(id, reach), around.ring),
    ...(around.nearest > 0 ? first(ring.nearest(id, reach), around.nearest) : []),
  ]);
}

/** Everybody who can be found in one network. */
export class Roster implements Census {
  readonly ring = new SortedRing();
  /** Members that seek links and how many, the latest last. */
  private readonly seekers = new Map<PeerId, number>();
  private readonly maxSeekers: number;

  constructor(maxSeekers: number) {
    this.maxSeekers = maxSeekers;
  }

  /** A bounded number of draws. */
  draw(id: PeerId, count: number, others: ReadonlySet<PeerId>, fits: Fits, rng: Rng): Set<PeerId> {
    const drawn = new Set<PeerId>();
    const { ids } = this.ring;
    const left = ids.length - others.size - (this.ring.has(id) ? 1 : 0);
    for (let draws = 0; drawn.size < Math.min(count, left) && draws < DRAWS * count; draws++) {
      const other = ids[below(rng, ids.length)];
      if (other !== undefined && other !== id && !others.has(other) && fits(other)) drawn.add(other);
    }
    return drawn;
  }

  /** A seeker is given away as often as it seeks links, so that no crowd runs after the same free slot. */
  match(id: PeerId, seeking: number, fits: Fits): Set<PeerId> {
    this.seekers.delete(id);
    const matched = new Set<PeerId>();
    for (const other of this.latestSeekers()) {
      if (matched.size >= seeking) break;
      if (this.ring.has(other) && !fits(other)) continue;
      const left = this.seekers.get(other) as number;
      if (left > 1) this.seekers.set(other, left - 1);
      else this.seekers.delete(other);
      if (this.ring.has(other)) matched.add(other);
    }
    if (seeking > matched.size) this.seekers.set(id, seeking - matched.size);
    for (const oldest of this.seekers.keys()) {
      if (this.seekers.size <= this.maxSeekers) break;
      this.seekers.delete(oldest);
    }
    return matched;
  }

  holds(id: PeerId): boolean {
    return this.ring.has(id);
  }

  latestSeekers(): PeerId[] {
    return [...this.seekers.keys()].reverse();
  }
}
