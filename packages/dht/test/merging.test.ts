import { describe, expect, it } from 'vitest';
import { count, counted, decodeCounter, encodeCounter, NOTHING_COUNTED, Replica } from '../src/index.js';
import type { CounterPart } from '../src/index.js';
import { World, type Node } from './world.js';

const HOUR = 3_600_000;
const key = { space: 'part', name: 'counter/likes' } as const;

/** Nodes that count at one counter. */
class Counting extends World {
  private readonly counts = new Map<Node, CounterPart>();

  count(node: Node, n: number, ttlMs?: number): void {
    const part = count(this.counts.get(node) ?? NOTHING_COUNTED, n);
    this.counts.set(node, part);
    const value = encodeCounter(part);
    const outcome = this.does(node, { type: 'put', key, form: 'plain', value, ...(ttlMs !== undefined && { ttlMs }) });
    expect(outcome).toMatchObject({ type: 'stored' });
  }

  counted(node: Node): number {
    const outcome = this.does(node, { type: 'get', key });
    if (outcome.type !== 'found') throw new Error(outcome.type);
    const replica = new Replica(decodeCounter);
    for (const record of outcome.records) replica.take(record);
    return counted(replica.parts.values());
  }
}

describe('data types over nodes', () => {
  it('what many count in one mesh all read, as it is renewed: as long as they stay, and an hour or so longer', () => {
    const world = new Counting(5);
    const nodes = world.add(20);
    world.run(40_000);
    nodes.forEach((node, n) => world.count(node, n));
    world.count(nodes[3] as Node, -1, 12 * HOUR);
    for (const node of nodes.slice(0, 5)) expect(world.counted(node)).toBe(189);
    world.run(13 * HOUR);
    expect(world.counted(nodes[7] as Node)).toBe(189);
    world.kill(nodes.slice(2, 4));
    world.run(1.1 * HOUR);
    // 2 is over; 3 − 1 was given longer.
    expect(world.counted(nodes[7] as Node)).toBe(187);
    world.run(12 * HOUR);
    expect(world.counted(nodes[7] as Node)).toBe(185);
  });

  it('halves that count apart agree once they meet: nothing is lost', () => {
    const world = new Counting(6);
    const nodes = world.add(12);
    world.run(40_000);
    for (const node of nodes) world.count(node, 1);
    world.cut(({ id }) => (id < '8' ? 0 : 1));
    world.run(10_000);
    for (const node of nodes) world.count(node, 10);
    world.cut(() => 0);
    world.run(30_000);
    for (const node of nodes) expect(world.counted(node)).toBe(132);
  });
});
