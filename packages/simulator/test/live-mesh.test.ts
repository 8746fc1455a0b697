import { describe, expect, test } from 'vitest';
import { handMade } from './hand-made.js';

describe('the live mesh', () => {
  test('counts components, the largest, and those without a link', () => {
    const { mesh, of } = handMade('abcdef');
    mesh.link(of('a'), of('b'));
    mesh.link(of('c'), of('b'));
    mesh.link(of('d'), of('e'));
    expect(mesh.components()).toMatchObject({ count: 3, largest: 3, alone: 1 });
    mesh.link(of('a'), of('b'));
    mesh.unlink(of('b'), of('a'));
    expect(mesh.components().count).toBe(3);
    mesh.unlink(of('b'), of('a'));
    expect(mesh.components()).toMatchObject({ count: 4, largest: 2, alone: 2 });
    expect(mesh.neighboursOf(of('b')).map(({ id }) => id)).toEqual(['c']);
  });

  test('who is gone joins nobody, even before the links are closed', () => {
    const { mesh, of } = handMade('abc');
    mesh.link(of('a'), of('b'));
    mesh.link(of('b'), of('c'));
    mesh.remove(of('b'));
    mesh.remove(of('b'));
    expect(mesh.size).toBe(2);
    expect(mesh.components()).toMatchObject({ count: 2, largest: 1, alone: 2 });
    expect(mesh.all.map(({ id }) => id)).toEqual(['a', 'c']);
  });

  test('S94: the ring is right when everyone has a link with its true successor, in the order of ids', () => {
    const { mesh, of } = handMade('dacb');
    mesh.link(of('a'), of('b'));
    mesh.link(of('c'), of('b'));
    mesh.link(of('c'), of('d'));
    expect(mesh.ringErrors()).toBe(1);
    mesh.link(of('a'), of('d'));
    expect(mesh.ringErrors()).toBe(0);
    mesh.remove(of('c'));
    expect(mesh.ringErrors()).toBe(1);
  });

  test('rings of one and of two', () => {
    expect(handMade('').mesh.ringErrors()).toBe(0);
    expect(handMade('a').mesh.ringErrors()).toBe(0);
    const { mesh, of } = handMade('ab');
    expect(mesh.ringErrors()).toBe(2);
    mesh.link(of('b'), of('a'));
    expect(mesh.ringErrors()).toBe(0);
  });

  test('each component a ring of its own', () => {
    const { mesh, of } = handMade('abcdef');
    for (const [x, y] of ['ac', 'ce', 'ea', 'bd']) mesh.link(of(x as string), of(y as string));
    const { count, labels } = mesh.components();
    expect(count).toBe(3);
    expect(mesh.ringErrors(labels)).toBe(0);
    mesh.link(of('d'), of('f'));
    expect(mesh.ringErrors(mesh.components().labels)).toBe(1);
  });

  test('a tunnel stands for a link with a successor, and joins nothing else; leaves are outside the ring', () => {
    const { mesh, of } = handMade('abcl', { l: 1 });
    mesh.link(of('a'), of('b'));
    mesh.link(of('c'), of('a'));
    mesh.link(of('l'), of('a'));
    expect(mesh.ring.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(mesh.ringErrors()).toBe(1);
    of('b').tunnels.push('c');
    of('c').tunnels.push('b');
    expect(mesh.ringErrors()).toBe(0);
    expect(mesh.tunnels()).toBe(1);
    mesh.unlink(of('c'), of('a'));
    expect(mesh.components().count).toBe(2);
  });

  test('while the network is cut, links across are none', () => {
    const { mesh, of } = handMade('abcd');
    for (const [x, y] of ['ab', 'bc', 'cd', 'da']) mesh.link(of(x as string), of(y as string));
    const side = (id: string): boolean => id < 'c';
    mesh.severed = (x, y) => side(x.id) !== side(y.id);
    expect(mesh.components().count).toBe(2);
    expect(mesh.ringErrors()).toBe(2);
    mesh.severed = undefined;
    expect(mesh.components().count).toBe(1);
    expect(mesh.ringErrors()).toBe(0);
  });
});
