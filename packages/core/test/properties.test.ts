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
    expect(object.at('n').integer(0, 3)).toBe(3);
    expect(object.at('x').number()).toBe(1.5);
    expect(object.at('b').boolean()).toBe(false);
    expect(object.at('s').string(4)).toBe('text');
    expect(object.at('s').oneOf(['other', 'text'])).toBe('text');
    expect(object.at('h').bytes(2)).toEqual(new Uint8Array([0, 255]));
    expect(object.at('id').peerId()).toBe('ab'.repeat(20));
    expect(object.at('l').list(2, (elements) => elements.any())).toEqual([1, 2]);
    expect(object.at('none').optional(() => 1)).toBeUndefined();
    expect(object.at('absent').optional(() => 1)).toBeUndefined();
    expect(object.at('n').optional(() => object.integer(0, 9))).toBe(3);
  });

  it('S175: refuses what is wrong with a DecodeError that names the property', () => {
    for (const read of [
      () => object.at('x').integer(0, 9),
      () => object.at('n').integer(0, 2),
      () => object.at('s').integer(0, 2),
      () => object.at('s').number(),
      () => object.at('n').boolean(),
      () => object.at('n').string(9),
      () => object.at('s').string(3),
      () => object.at('s').oneOf(['other']),
      () => object.at('s').bytes(9),
      () => object.at('h').bytes(1),
      () => object.at('h').peerId(),
      () => object.at('s').list(9, (elements) => elements.any()),
      () => object.at('l').list(1, (elements) => elements.any()),
    ]) {
      expect(read).toThrow(DecodeError);
      expect(read).toThrow(/^thing\.\w+: /);
    }
  });

  it('S175: says what was expected and what it got, in one line without control characters', () => {
    const hostile = new Properties({ type: '\u001b[2Jx\ny\u009b', id: 'ab', none: null, list: [] }, 'thing');
    expect(() => hostile.at('type').oneOf(['one', 'two'])).toThrow(
      "thing.type: expected one of one, two, got '?[2Jx?y?'",
    );
    expect(() => hostile.at('id').peerId()).toThrow('thing.id: expected 20 bytes, got 1 bytes');
    expect(() => hostile.at('none').number()).toThrow('thing.none: expected a finite number, got null');
    expect(() => hostile.at('list').inner()).toThrow('thing.list: expected an object, got a list');
    expect(() => new Properties(null, 'message')).toThrow('message: expected an object, got null');
    const long = new Properties({ type: 'y'.repeat(1_000) }, 'thing');
    expect(() => long.at('type').boolean()).toThrow(`thing.type: expected a boolean, got '${'y'.repeat(40)}'`);
  });

  it('S175: takes objects only, and sees own properties only', () => {
    for (const bad of [undefined, null, 1, 'text', [], true]) {
      expect(() => new Properties(bad, 'thing')).toThrow(DecodeError);
    }
    const polluted = new Properties(JSON.parse('{"__proto__": {"n": 3}}'), 'thing');
    expect(polluted.at('n').any()).toBeUndefined();
    expect(new Properties({}, 'thing').at('constructor').any()).toBeUndefined();
    expect(new Properties({}, 'thing').at('toString').optional(() => 1)).toBeUndefined();
  });
});
