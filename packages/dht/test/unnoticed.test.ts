import { describe, expect, it } from 'vitest';
import { World, keyOf, text } from './world.js';
import type { Node } from './world.js';

const KEYS = Array.from({ length: 20 }, (_, i) => keyOf(`key ${i}`));

function settled(seed: number): World {
  const world = new World(seed);
  world.add(40);
  world.run(40_000);
  return world;
}

/** What those that should hold a key have of it: the value that counts, once each. */
function values(world: World, key: (typeof KEYS)[number]): (string | null)[] {
  const newest = ({ dht }: Node): string | null => {
    const [first, ...rest] = dht.held(key);
    if (first === undefined) return null;
    return text(rest.reduce((a, b) => (b.version > a.version ? b : a), first));
  };
  return [...new Set(world.nearest(key).map(newest))];
}

describe('what nobody noticed', () => {
  it('S35: a holder that could not be reached while a key was written is given it when it is heard of again', () => {
    const world = settled(3);
    for (const key of KEYS) world.put(world.up[0]!, key, 'old');
    const deaf = world.nearest(KEYS[0]!)[3]!;
    world.loses = (from, to) => from === deaf.id || to === deaf.id;
    const writer = world.up.find((node) => node !== deaf)!;
    const written = KEYS.filter((key) => world.put(writer, key, 'new').type === 'stored');
    expect(written.length).toBeGreaterThan(10);
    world.loses = () => false;
    world.run(30_000);
    for (const key of written) expect(values(world, key)).toEqual(['new']);
  });
});
