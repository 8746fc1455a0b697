import { sample } from '@peerpigeon/core';
import { describe, expect, it } from 'vitest';
import type { Event } from '../src/index.js';
import { World, keyOf, text } from './world.js';
import type { Node } from './world.js';

const X = keyOf('x');
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

function settled(count: number, seed: number, options = {}): World {
  const world = new World(seed, options);
  world.add(count);
  world.run(40_000);
  return world;
}

function changes(node: Node): string[] {
  return node.events.flatMap((event) =>
    event.type === 'changed' ? [event.record === null ? 'null' : text(event.record)] : [],
  );
}

function outcomes(node: Node): Extract<Event, { type: 'result' }>[] {
  return node.events.filter((event) => event.type === 'result');
}

describe('several writers', () => {
  it('S34: a later write wins everywhere, whatever the clocks say', () => {
    const world = settled(40, 1);
    const [slow, fast, reader] = world.up;
    const ahead = world.add(1, { epoch: 1_767_225_600_000 + 7_200_000 })[0]!;
    world.run(40_000);
    world.put(ahead, X, 'of one whose clock is ahead');
    expect(world.put(slow!, X, 'after that')).toMatchObject({ type: 'stored' });
    expect(world.get(reader!, X)).toBe('after that');
    world.put(fast!, X, 'and after that');
    expect(world.get(slow!, X)).toBe('and after that');
  });

  it('of writes at the same time all succeed, and every reader sees the same one, the last', () => {
    const world = settled(60, 2);
    world.up
      .slice(0, 10)
      .forEach((node, i) =>
        world.feed(node, { type: 'put', ticket: 900, key: X, form: 'plain', value: bytes(`of ${i}`) }),
      );
    world.run(10_000);
    for (const node of world.up.slice(0, 10)) {
      expect(outcomes(node)[0]?.outcome.type).toBe('stored');
    }
    const seen = new Set(world.up.map((node) => world.get(node, X)));
    expect(seen.size).toBe(1);
  });

  it('of writes that expect the same version one succeeds, and the others are told what there is', () => {
    const world = settled(60, 3);
    world.put(world.up[50]!, X, 'first');
    const [held] = world.holders(X)[0]!.dht.held(X);
    const expectedVersion = held!.version;
    world.up
      .slice(0, 10)
      .forEach((node, i) =>
        world.feed(node, { type: 'put', ticket: 900, key: X, form: 'plain', value: bytes(`of ${i}`), expectedVersion }),
      );
    world.run(10_000);
    const all = world.up.slice(0, 10).map((node) => outcomes(node)[0]!.outcome);
    const winners = all.filter(({ type }) => type === 'stored');
    expect(winners).toHaveLength(1);
    const value = world.get(world.up[20]!, X);
    for (const outcome of all) {
      if (outcome.type === 'stored') expect(text(outcome.record)).toBe(value);
      else expect(outcome.type === 'conflict' && text(outcome.record!)).toBe(value);
    }
  });

  it('a version of 0 expects nothing, or what is gone', () => {
    const world = settled(20, 4);
    const [a, b] = world.up;
    expect(world.put(a!, X, 'first', { expectedVersion: 0 }).type).toBe('stored');
    expect(world.put(b!, X, 'second', { expectedVersion: 0 }).type).toBe('conflict');
    world.does(b!, { type: 'put', key: X, form: 'deleted', value: new Uint8Array(0) });
    expect(world.put(b!, X, 'third', { expectedVersion: 0 }).type).toBe('stored');
    expect(world.get(a!, X)).toBe('third');
  });

  it('S34: a write crosses origin, root, holders, root, origin, and waits for no timer', () => {
    const world = settled(60, 5);
    for (let i = 0; i < 20; i++) {
      const before = world.now;
      world.put(world.up[i]!, keyOf(`key ${i}`), 'value');
      // To the ring's nearest, to the root, to the holders, and back; each 20 ms. A leaf set that is asked for is two more.
      expect(world.now - before).toBeLessThanOrEqual(20 * 12);
    }
  });

  it('halves that were cut apart agree on one value within 30 s of healing, the one that ranks first', () => {
    const world = settled(60, 6);
    const keys = Array.from({ length: 20 }, (_, i) => keyOf(`key ${i}`));
    keys.forEach((key, i) => world.put(world.up[i]!, key, 'before'));
    world.cut(({ id }) => (id.charCodeAt(39) % 2 === 0 ? 0 : 1));
    world.run(30_000);
    const [left, right] = [0, 1].map((side) => world.up.filter((node) => node.side === side)) as [Node[], Node[]];
    keys.forEach((key, i) => {
      world.put(left[i % left.length]!, key, `left ${i}`);
      world.run(i % 2 === 0 ? 50 : 0);
      world.put(right[i % right.length]!, key, `right ${i}`);
    });
    world.run(30_000);
    world.cut(() => 0);
    world.run(30_000);
    keys.forEach((key, i) => {
      expect(new Set(world.up.map((node) => world.get(node, key)))).toEqual(new Set([`right ${i}`]));
      const holders = new Set(world.holders(key));
      expect(world.nearest(key).every((node) => holders.has(node))).toBe(true);
    });
  });

  it('both halves may win a comparison; whoever loses it at healing is told', () => {
    const world = settled(60, 7);
    world.put(world.up[0]!, X, 'before');
    const expectedVersion = world.holders(X)[0]!.dht.held(X)[0]!.version;
    world.cut(({ id }) => (id.charCodeAt(39) % 2 === 0 ? 0 : 1));
    world.run(30_000);
    const left = world.up.find(({ side }) => side === 0)!;
    const right = world.up.find(({ side }) => side === 1)!;
    expect(world.put(left, X, 'left', { expectedVersion }).type).toBe('stored');
    world.run(100);
    expect(world.put(right, X, 'right', { expectedVersion }).type).toBe('stored');
    world.cut(() => 0);
    world.run(30_000);
    expect(world.get(left, X)).toBe('right');
    const told = left.events.filter((event) => event.type === 'conflict');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ key: X, winner: { author: right.id }, lost: { author: left.id } });
    expect(right.events.filter((event) => event.type === 'conflict')).toEqual([]);
  });
});

describe('subscribers', () => {
  it('S32, S33: hear of each change once, wherever they are, the writer and those that came before the key among them', () => {
    const world = settled(60, 8);
    const subscribers = world.up.slice(0, 8);
    for (const node of subscribers) {
      expect(world.does(node, { type: 'subscribe', key: X })).toMatchObject({ type: 'found', records: [] });
    }
    const writer = subscribers[3]!;
    world.put(writer, X, 'one');
    world.put(world.up[40]!, X, 'two');
    world.does(world.up[41]!, { type: 'put', key: X, form: 'deleted', value: new Uint8Array(0) });
    world.run(5_000);
    for (const node of subscribers) expect(changes(node)).toEqual(['one', 'two', 'null']);
    world.run(200_000);
    for (const node of subscribers) expect(changes(node)).toEqual(['one', 'two', 'null']);
    const seen = subscribers[0]!.events.filter((event) => event.type === 'changed');
    expect(seen[1]).toMatchObject({ key: X, from: world.up[40]!.id, previous: { author: writer.id } });
  });

  it('hear of the end of a value that is not renewed', () => {
    const world = settled(20, 9);
    world.does(world.up[0]!, { type: 'subscribe', key: X });
    world.put(world.up[1]!, X, 'short', { ttlMs: 20_000 });
    world.run(30_000);
    expect(changes(world.up[0]!)).toEqual(['short', 'null']);
  });

  it('do not hear of a value that its author renews', () => {
    const world = settled(20, 10, { ttlMs: 60_000 });
    world.does(world.up[0]!, { type: 'subscribe', key: X });
    world.put(world.up[1]!, X, 'lasting');
    world.run(600_000);
    expect(changes(world.up[0]!)).toEqual(['lasting']);
    expect(world.get(world.up[5]!, X)).toBe('lasting');
  });

  it('miss nothing while three in ten of the holders are killed', () => {
    const world = settled(100, 11);
    const holders = world.nearest(X);
    const others = world.up.filter((node) => !holders.includes(node));
    const subscribers = others.slice(0, 10);
    for (const node of subscribers) world.does(node, { type: 'subscribe', key: X });
    const expected: string[] = [];
    for (let i = 0; i < 6; i++) {
      if (i === 1 || i === 3)
        world.kill(sample(world.rng, world.nearest(X), 3).filter((n) => !subscribers.includes(n)));
      world.put(others[20 + i]!, X, `value ${i}`);
      expected.push(`value ${i}`);
      world.run(1_000);
    }
    world.run(60_000);
    for (const node of subscribers) expect(changes(node)).toEqual(expected);
  });

  it('that are gone free their leases; one that ends its subscription hears no more', () => {
    const world = settled(40, 12);
    const [a, b] = world.up.filter((node) => !world.nearest(X).includes(node));
    for (const node of [a!, b!]) world.does(node, { type: 'subscribe', key: X });
    const leases = (): number => world.up.reduce((sum, { dht }) => sum + dht.stats.leases, 0);
    expect(leases()).toBe(16);
    world.run(100_000);
    expect(leases()).toBe(16);
    world.kill([a!]);
    world.feed(b!, { type: 'unsubscribe', key: X });
    world.run(1_000);
    expect(leases()).toBe(8);
    world.run(130_000);
    expect(leases()).toBe(0);
    world.put(world.up[20]!, X, 'unheard');
    world.run(5_000);
    expect(changes(b!)).toEqual([]);
  });

  it('that end and begin again at once stay, though what ends the first is lost at first', () => {
    const world = settled(40, 15);
    const [a] = world.up.filter((node) => !world.nearest(X).includes(node));
    world.does(a!, { type: 'subscribe', key: X });
    let lost = 0;
    world.loses = (from, _to, type) => from === a!.id && type === 'request' && lost++ === 0;
    world.feed(a!, { type: 'unsubscribe', key: X });
    world.does(a!, { type: 'subscribe', key: X });
    world.run(10_000);
    expect(lost).toBeGreaterThan(0);
    world.put(world.up[20]!, X, 'heard');
    world.run(1_000);
    expect(changes(a!)).toEqual(['heard']);
  });

  it('go on after this mesh has left and joined again', () => {
    const world = settled(20, 13);
    const [a, b] = world.up;
    world.does(a!, { type: 'subscribe', key: X });
    world.feed(a!, { type: 'leave' });
    a!.up = false;
    world.tell();
    world.put(b!, X, 'missed');
    world.run(30_000);
    a!.up = true;
    world.tell();
    world.run(10_000);
    expect(changes(a!)).toEqual(['missed']);
  });
});

describe('parts', () => {
  it('each author keeps its own, and a reader gets all of them, by pages', () => {
    const world = settled(40, 14);
    const key = { space: 'part', name: 'sum' } as const;
    const big = 'x'.repeat(9_000);
    world.up.slice(0, 12).forEach((node, i) => world.put(node, key, `${i}${big}`));
    world.put(world.up[0]!, key, `again${big}`);
    const reader = world.up[30]!;
    const found: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 40; page++) {
      const outcome = world.does(reader, { type: 'get', key, after });
      if (outcome.type !== 'found') throw new Error(outcome.type);
      for (const record of outcome.records) found.push(text(record).slice(0, -9_000));
      if (!outcome.more) break;
      after = outcome.records[outcome.records.length - 1]!.author;
    }
    expect(found.sort()).toEqual(['again', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11'].sort());
  });
});
