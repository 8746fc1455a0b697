import type { Millis } from '@peerpigeon/core';

/** What one large value of ours needs of its chunks. */
export interface Claim {
  readonly names: ReadonlySet<string>;
  /** When the value ends, ms since 1970; Infinity while this peer renews it. */
  readonly endsAt: Millis;
}

/** Large values of ours that are noted: as many as the machine renews records (maxPublished of its config). */
const MAX_CLAIMS = 4_096;

/**
 * Which chunks the large values of ours need, and for how long: values may share chunks, so that one ends with the last value
 * that has it, and not with the first. When too many are noted the oldest is forgotten; its chunks end by themselves.
 */
export class ChunkLedger {
  private readonly claims = new Set<Claim>();
  private readonly byName = new Map<string, Set<Claim>>();

  claim(names: Iterable<string>, endsAt: Millis): Claim {
    for (const oldest of this.claims) {
      if (this.claims.size < MAX_CLAIMS) break;
      this.release(oldest);
    }
    const claim = { names: new Set(names), endsAt };
    this.claims.add(claim);
    for (const name of claim.names) {
      const claims = this.byName.get(name) ?? new Set();
      this.byName.set(name, claims.add(claim));
    }
    return claim;
  }

  /** Gives the names of chunks that nothing needs any more. Harmless when repeated. */
  release(claim: Claim): string[] {
    if (!this.claims.delete(claim)) return [];
    return [...claim.names].filter((name) => {
      const claims = this.byName.get(name);
      claims?.delete(claim);
      return claims?.size === 0 && this.byName.delete(name);
    });
  }

  /** When the last value ends that needs the chunk. */
  endOf(name: string): Millis {
    return Math.max(...[...(this.byName.get(name) ?? [])].map(({ endsAt }) => endsAt));
  }
}
