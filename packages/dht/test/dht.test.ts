import { describe, expect, it } from 'vitest';
import { World, keyOf } from './world.js';

describe('dht', () => {
  it.each([1, 2, 5, 9, 20, 300])(
    'S30, S31: what one of %i nodes puts, any other gets, and the k nearest hold it',
    (count) => {
      const world = new World(count);
      world.add(count);
      world.run(40_000);
      for (let i = 0; i < 20; i++) {
        const key = keyOf(`key ${i}`);
        const writer = world.up[(i * 7) % count]!;
        const outcome = world.put(writer, key, `value ${i}`);
        expect(outcome).toMatchObject({ type: 'stored' });
        world.run(1_000);
        expect(
          world
            .holders(key)
            .map(({ id }) => id)
            .sort(),
        ).toEqual(
          world
            .nearest(key)
            .map(({ id }) => id)
            .sort(),
        );
        expect(world.get(world.up[(i * 11 + 3) % count]!, key)).toBe(`value ${i}`);
      }
      expect(world.get(world.up[0]!, keyOf('absent'))).toBeNull();
    },
  );
});
