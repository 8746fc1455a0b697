import { assert, type Rng } from '@peerpigeon/core';
import type { Conformance } from './conformance.js';

/** A generator to judge. */
export interface RngFixture {
  readonly rng: Rng;
}

const DRAWS = 20_000;

/** What every {@link Rng} keeps. Its limits are ten standard deviations wide: chance does not break them. */
export function rngConformance(make: () => RngFixture): Conformance[] {
  return [
    {
      name: 'gives integers in [0, 2³²)',
      run: async () => {
        const { rng } = make();
        for (let i = 0; i < DRAWS; i++) {
          const value = rng.uint32();
          assert(Number.isInteger(value) && value >= 0 && value < 2 ** 32, `expected a uint32, got ${value}`);
        }
      },
    },
    {
      name: 'sets each bit half of the time',
      run: async () => {
        const { rng } = make();
        const counts = Array.from({ length: 32 }, () => 0);
        for (let i = 0; i < DRAWS; i++) {
          const value = rng.uint32();
          for (let bit = 0; bit < 32; bit++) counts[bit] = (counts[bit] as number) + ((value >>> bit) & 1);
        }
        const limit = 10 * Math.sqrt(DRAWS / 4);
        counts.forEach((count, bit) => {
          assert(Math.abs(count - DRAWS / 2) < limit, `bit ${bit} was set ${count} times of ${DRAWS}`);
        });
      },
    },
    {
      name: 'does not repeat itself',
      run: async () => {
        const { rng } = make();
        const seen = new Set<number>();
        for (let i = 0; i < DRAWS; i++) seen.add(rng.uint32());
        // The birthday paradox lets 0.05 pairs of 20,000 draws agree on average.
        assert(seen.size > DRAWS - 10, `${DRAWS - seen.size} of ${DRAWS} numbers had come before`);
      },
    },
  ];
}
