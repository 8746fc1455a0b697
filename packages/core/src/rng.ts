import type { Millis } from './machine.js';

/** A source of uniformly distributed numbers: the platform's secure one in a client, a seeded one in the simulator. */
export interface Rng {
  /** The next 32 random bits as an integer in [0, 2³²). */
  uint32(): number;
}

/** A uniformly drawn integer in [0, `bound`). `bound` is an integer in [1, 2³²]; the modulo bias is below 2⁻³²·bound. */
export function below(rng: Rng, bound: number): number {
  return Math.floor((rng.uint32() / 4294967296) * bound);
}

/** A uniformly drawn number in [`min`, `max`). */
export function between(rng: Rng, min: number, max: number): number {
  return min + (rng.uint32() / 4294967296) * (max - min);
}

/** A period spread by ±`share` (0.2 means ±20 %), so that peers that started together do not stay in step. */
export function jitter(rng: Rng, periodMs: Millis, share = 0.2): Millis {
  return periodMs * between(rng, 1 - share, 1 + share);
}

/** One element drawn uniformly, or undefined from an empty list. */
export function pick<T>(rng: Rng, list: readonly T[]): T | undefined {
  return list.length === 0 ? undefined : list[below(rng, list.length)];
}

/** Up to `count` distinct elements drawn uniformly, in random order (Fisher–Yates, stopped early). */
export function sample<T>(rng: Rng, list: readonly T[], count: number): T[] {
  const pool = list.slice();
  const wanted = Math.min(count, pool.length);
  for (let i = 0; i < wanted; i++) {
    const j = i + below(rng, pool.length - i);
    const chosen = pool[j] as T;
    pool[j] = pool[i] as T;
    pool[i] = chosen;
  }
  pool.length = wanted;
  return pool;
}

/** `bytes` random bytes. */
export function randomBytes(rng: Rng, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i += 4) {
    const word = rng.uint32();
    for (let j = 0; j < 4 && i + j < bytes; j++) out[i + j] = (word >>> (8 * j)) & 0xff;
  }
  return out;
}

/**
 * A seeded generator: xoshiro128** 1.1 (Blackman and Vigna, 2018), its state filled from `seed` by splitmix32.
 * For simulations and tests; predictable, hence never for ids, sessions or keys.
 */
export class SeededRng implements Rng {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: number) {
    let state = seed | 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) | 0;
    };
    this.a = next();
    this.b = next();
    this.c = next();
    this.d = next();
  }

  uint32(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }
}
