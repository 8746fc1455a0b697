import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkId, formatId, ID_BITS, ID_BYTES, isId, parseId } from '../src/index.js';
import { anyId, toNumber } from './oracle.js';

const valid = '0123456789abcdef0123456789abcdef01234567';

describe('ids', () => {
  test('an id is exactly 40 lower-case hex digits', () => {
    expect(isId(valid)).toBe(true);
    const wrong = [
      '',
      valid.slice(1),
      `${valid}0`,
      valid.toUpperCase(),
      `${valid.slice(1)}g`,
      `${valid}\n`,
      `0x${valid.slice(2)}`,
    ];
    for (const value of [...wrong, undefined, null, 5, {}, [valid], new String(valid)]) expect(isId(value)).toBe(false);
  });

  test('checkId returns an id as it is', () => {
    expect(checkId(valid)).toBe(valid);
  });

  test.each([undefined, null, 7, [valid], new Uint8Array(20)])('checkId: TypeError for the non-string %s', (value) => {
    expect(() => checkId(value)).toThrow(TypeError);
    expect(() => checkId(value)).toThrow(/^expected 40 lower-case hex digits, got (undefined|object|number)$/);
  });

  test('checkId: RangeError with expected and got, however long the value is', () => {
    expect(() => checkId('abc')).toThrow(new RangeError('expected 40 lower-case hex digits, got "abc" of length 3'));
    expect(() => checkId(valid.toUpperCase())).toThrow(RangeError);
    expect(() => checkId('z'.repeat(1_000_000))).toThrow(/^.{1,100} of length 1000000$/);
  });

  test('parseId gives the bytes, most significant first', () => {
    expect(parseId('00ff10' + '0'.repeat(32) + '7f').slice(0, 3)).toEqual(Uint8Array.of(0, 255, 16));
    expect(parseId(valid)).toHaveLength(ID_BYTES);
    expect(parseId(valid)).toEqual(new Uint8Array(Buffer.from(valid, 'hex')));
    expect(() => parseId('12')).toThrow(RangeError);
    expect(() => parseId(valid.toUpperCase())).toThrow(RangeError);
    expect(() => parseId(12 as unknown as string)).toThrow(TypeError);
  });

  test('formatId takes 20 bytes and nothing else', () => {
    expect(formatId(new Uint8Array(20).fill(0xab))).toBe('ab'.repeat(20));
    expect(formatId(new Uint8Array(40).subarray(20))).toBe('0'.repeat(40));
    expect(() => formatId(new Uint8Array(19))).toThrow(new RangeError('expected 20 bytes, got 19'));
    expect(() => formatId([1, 2] as unknown as Uint8Array)).toThrow(TypeError);
  });

  test('parse and format undo each other', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        expect(formatId(parseId(id))).toBe(id);
        expect(parseId(id).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)).toBe(toNumber(id));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: ID_BITS / 8, maxLength: ID_BITS / 8 }), (bytes) => {
        expect(isId(formatId(bytes))).toBe(true);
        expect(parseId(formatId(bytes))).toEqual(bytes);
      }),
    );
  });
});
