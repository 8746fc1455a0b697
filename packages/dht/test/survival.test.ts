import { sample } from '@peerpigeon/core';
import { describe, expect, it } from 'vitest';
import { World, keyOf, text } from './world.js';

const KEYS = Array.from({ length: 60 }, (_, i) => keyOf(`key ${i}`));

function filled(count: number, seed: number, options = {}): World {
  const world = new World(seed, options);
  world.add(count);
  world.run(40_000);
  KEYS.forEach((key, i) => {
    const outcome = world.put(world.up[(i * 7) % world.up.length]!, key, `value ${i}`);
    expect(outcome.type).toBe('stored');
  });
  world.run(2_000);
  return world;
}

describe('what survives', () => {
  it('S35: the loss of all holders of a key but one', () => {
    const world = filled(60, 1);
    const key = KEYS[0]!;
    world.kill(world.nearest(key).slice(0, 7));
    expect(world.get(world.up[20]!, key)).toBe('value 0');
    world.run(60_000);
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
  });

  it.each([0.3, 0.6])('S35: of a kill of %d of all nodes exactly the keys are lost whose holders all died', (share) => {
    const world = filled(100, 2);
    const dead = new Set(sample(world.rng, world.up, world.up.length * share));
    const lost = KEYS.filter((key) => world.holders(key).every((node) => dead.has(node)));
    world.kill([...dead]);
    const read = (key: (typeof KEYS)[0], i: number): string | null => world.get(world.up[i % world.up.length]!, key);
    KEYS.forEach((key, i) => expect(read(key, i), `at once: ${i}`).toBe(lost.includes(key) ? null : `value ${i}`));
    world.run(60_000);
    KEYS.forEach((key, i) => {
      expect(read(key, i + 3)).toBe(lost.includes(key) ? null : `value ${i}`);
      if (lost.includes(key)) return;
      const holders = new Set(world.holders(key));
      expect(world.nearest(key).every((node) => holders.has(node))).toBe(true);
    });
  });

  it('S35: those that come nearer hold it too, and whoever is too far forgets it within an audit', () => {
    const world = filled(20, 3, { auditMs: 300_000 });
    world.add(150);
    world.run(60_000);
    for (const key of KEYS) {
      const holders = new Set(world.holders(key));
      expect(world.nearest(key).every((node) => holders.has(node))).toBe(true);
    }
    world.run(700_000);
    let surplus = 0;
    for (const key of KEYS) {
      const holders = new Set(world.holders(key));
      const nearest = world.nearest(key);
      expect(nearest.every((node) => holders.has(node))).toBe(true);
      surplus += holders.size - nearest.length;
    }
    // One that is far away may take itself to be near, and keeps it until it ends.
    expect(surplus).toBeLessThan(KEYS.length / 10);
  });

  it('S35: an hour of churn, with lives of some ten minutes', () => {
    const world = filled(60, 4, { ttlMs: 7_200_000 });
    for (let minute = 0; minute < 60; minute++) {
      world.kill(sample(world.rng, world.up, 4));
      world.run(20_000);
      world.add(4);
      world.run(40_000);
    }
    KEYS.forEach((key, i) => expect(world.get(world.up[i % world.up.length]!, key)).toBe(`value ${i}`));
  });

  it('S37: what has expired reads as absent, while its author is there, too; what says no life lasts as long as its author', () => {
    const world = new World(6);
    world.add(30);
    world.run(40_000);
    const [author, reader] = world.up;
    world.put(author!, keyOf('short'), 'soon gone', { ttlMs: 60_000 });
    world.put(author!, keyOf('lasting'), 'here');
    world.run(50_000);
    expect(world.get(reader!, keyOf('short'))).toBe('soon gone');
    world.run(15_000);
    expect(world.get(reader!, keyOf('short'))).toBeNull();
    world.run(3 * 3_600_000);
    expect(world.get(reader!, keyOf('lasting'))).toBe('here');
    expect(world.holders(keyOf('short'))).toEqual([]);
    world.kill([author!]);
    world.run(3_700_000);
    expect(world.get(reader!, keyOf('lasting'))).toBeNull();
  });

  it('a newer value with a short life does not bring an older one back', () => {
    const world = new World(7);
    world.add(30);
    world.run(40_000);
    const [a, b, reader] = world.up;
    world.put(a!, keyOf('x'), 'of a');
    world.run(100);
    world.put(b!, keyOf('x'), 'of b', { ttlMs: 10_000 });
    expect(world.get(reader!, keyOf('x'))).toBe('of b');
    world.run(30_000);
    expect(world.get(reader!, keyOf('x'))).toBeNull();
  });

  it('S36: a deletion is one for all, and outlives the record', () => {
    const world = new World(8);
    world.add(30);
    world.run(40_000);
    const [a, b, reader] = world.up;
    world.put(a!, keyOf('x'), 'of a');
    world.does(b!, { type: 'put', key: keyOf('x'), form: 'deleted', value: new Uint8Array(0) });
    expect(world.get(reader!, keyOf('x'))).toBeNull();
    world.run(2 * 3_600_000);
    expect(world.get(reader!, keyOf('x'))).toBeNull();
  });

  it('a restarted node with durable storage serves what it had, and acknowledges only what storage has', () => {
    const world = new World(9, { durable: true });
    world.add(3);
    world.run(40_000);
    const [a, b, c] = world.up;
    expect(world.put(a!, keyOf('x'), 'kept')).toMatchObject({ type: 'stored', copies: expect.any(Number) });
    world.run(1_000);
    expect([a, b, c].map((node) => node!.kept.size)).toEqual([1, 1, 1]);
    world.kill(world.up);
    world.run(10_000);
    const back = world.restart(b!);
    world.tell();
    world.run(40_000);
    expect(back.dht.held(keyOf('x')).map(text)).toEqual(['kept']);
    expect(world.get(back, keyOf('x'))).toBe('kept');
    world.run(3_600_000);
    expect(world.get(back, keyOf('x'))).toBeNull();
    expect(back.kept.size).toBe(0);
  });
});
