import { describe, expect, it } from 'vitest';
import { DecodeError, Properties } from '../src/index.js';

const object = new Properties(
  JSON.parse(
    '{"n": 3, "x": 1.5, "b": false, "s": "text", "h": "00ff", "id": "abababababababababababababababababababab", "l": [1, 2], "none": null}',
  ),
  'thing',
);

describe('Properties', () => {
  it('reads what is there', () => {
    expect(object.integer('n', 0, 3)).toBe(3);
    expect(object.number('x')).toBe(1.5);
    expect(object.boolean('b')).toBe(false);
    expect(object.string('s', 4)).toBe('text');
    expect(object.oneOf('s', ['other', 'text'])).toBe('text');
    expect(object.hex('h', 2)).toEqual(new Uint8Array([0, 255]));
    expect(object.peerId('id')).toBe('ab'.repeat(20));
    expect(object.list('l', 2, (value) => value)).toEqual([1, 2]);
    expect(object.optional('none', () => 1)).toBeUndefined();
    expect(object.optional('absent', () => 1)).toBeUndefined();
    expect(object.optional('n', (name) => object.integer(name, 0, 9))).toBe(3);
  });

  it('S175: refuses what is wrong with a DecodeError that names the property', () => {
    for (const read of [
      () => object.integer('x', 0, 9),
      () => object.integer('n', 0, 2),
      () => object.integer('s', 0, 2),
      () => object.number('s'),
      () => object.boolean('n'),
      () => object.string('n', 9),
      () => object.string('s', 3),
      () => object.oneOf('s', ['other']),
      () => object.hex('s', 9),
      () => object.hex('h', 1),
      () => object.peerId('h'),
      () => object.list('s', 9, (value) => value),
      () => object.list('l', 1, (value) => value),
    ]) {
      expect(read).toThrow(DecodeError);
      expect(read).toThrow(/^thing\.\w+: /);
    }
  });

  it('S175: takes objects only, and sees own properties only', () => {
    for (const bad of [undefined, null, 1, 'text', [], true]) {
      expect(() => new Properties(bad, 'thing')).toThrow(DecodeError);
    }
    const polluted = new Properties(JSON.parse('{"__proto__": {"n": 3}}'), 'thing');
    expect(polluted.any('n')).toBeUndefined();
    expect(new Properties({}, 'thing').any('constructor')).toBeUndefined();
    expect(new Properties({}, 'thing').has('toString')).toBe(false);
  });
});
