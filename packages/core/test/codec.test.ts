import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { _writeVarStringPolyfill, createEncoder, toUint8Array, writeAny, writeVarString } from 'lib0/encoding';
import type { AnyEncodable, Encoder } from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../src/codec.js';
import type { FrameValue } from '../src/codec.js';
import { bytesToHex, equalBytes, hexToBytes } from '../src/bytes.js';
import { DecodeError } from '../src/errors.js';

const frame = fc.letrec<{ value: FrameValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<FrameValue>(
      null,
      undefined,
      true,
      false,
      -0,
      NaN,
      Infinity,
      -Infinity,
      2 ** 53,
      -(2 ** 53),
      2 ** 53 - 1,
      1 - 2 ** 53,
      2 ** 31 - 1,
      2 ** 31,
      -(2 ** 31),
    ),
    fc.integer({ min: -(2 ** 34), max: 2 ** 34 }),
    fc.maxSafeInteger(),
    fc.double(),
    fc.float(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.uint8Array({ minLength: 120, maxLength: 140 }),
    fc.array(tie('value')),
  ),
})).value;

/** Decodes, and fails the test on anything but a value or a DecodeError. */
function outcome(bytes: Uint8Array): { value: FrameValue } | DecodeError {
  try {
    return { value: decode(bytes) };
  } catch (thrown) {
    if (thrown instanceof DecodeError) return thrown;
    throw thrown;
  }
}

/** A DecodeError, or a value that travels: sent on, it arrives as it is. (Floats may have come in a longer form.) */
function verdict(bytes: Uint8Array): 'refused' | 'travels' | 'otherwise' {
  const result = outcome(bytes);
  if (result instanceof DecodeError) return 'refused';
  return isDeepStrictEqual(decode(encode(result.value)), result.value) ? 'travels' : 'otherwise';
}

/** `levels` arrays inside one another. */
function nested(levels: number): FrameValue {
  let value: FrameValue = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

/** The bytes that the library's own function writes. */
function written<T>(write: (encoder: Encoder, value: T) => void, value: T): Uint8Array {
  const encoder = createEncoder();
  write(encoder, value);
  return toUint8Array(encoder);
}

describe('what is sent arrives', () => {
  it('equal in value and type', () => {
    fc.assert(
      fc.property(frame, (value) => {
        expect(isDeepStrictEqual(decode(encode(value)), value)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('is what lib0 writes', () => {
    fc.assert(
      fc.property(frame, (value) => {
        expect(equalBytes(encode(value), written(writeAny, value as AnyEncodable))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  // Pinned, because peers of other versions have to read them. The types are those that lib0 documents at writeAny.
  it.each<[FrameValue, string]>([
    [0, '7d00'],
    [-0, '7d40'],
    [1, '7d01'],
    [-1, '7d41'],
    [63, '7d3f'],
    [64, '7d8001'],
    [-64, '7dc001'],
    [8191, '7dbf7f'],
    [8192, '7d808001'],
    [2 ** 31 - 1, '7dbfffffff0f'],
    [1 - 2 ** 31, '7dffffffff0f'],
    [2 ** 31, '7c4f000000'],
    [-(2 ** 31), '7ccf000000'],
    [1.1, '7b3ff199999999999a'],
    [100000.5, '7c47c35040'],
    [3.4028234663852886e38, '7c7f7fffff'],
    [1e300, '7b7e37e43c8800759c'],
    [2 ** 53 - 1, '7b433fffffffffffff'],
    [1_763_800_000_000, '7b4279aaaac2600000'],
    [Infinity, '7c7f800000'],
    [NaN, '7b7ff8000000000000'],
    [-Infinity, '7cff800000'],
    [false, '79'],
    [true, '78'],
    [null, '7e'],
    [undefined, '7f'],
    [new Uint8Array(0), '7400'],
    [Uint8Array.of(1, 2, 3, 4), '740401020304'],
    ['', '7700'],
    ['IETF', '770449455446'],
    ['ü', '7702c3bc'],
    ['水', '7703e6b0b4'],
    ['𐅑', '7704f0908591'],
    ['\ufeffa', '7704efbbbf61'],
    [[], '7500'],
    [[1, [2, 3], [4, 5]], '75037d0175027d027d0375027d047d05'],
  ])('%j is %s', (value, hex) => {
    expect(bytesToHex(encode(value))).toBe(hex);
    expect(decode(hexToBytes(hex))).toStrictEqual(value);
  });

  it('byte order marks', () => {
    const value = ['\ufeff', '\ufeff\ufeffb', 'a\ufeff'];
    expect(decode(encode(value))).toStrictEqual(value);
  });

  it('byte strings as views of the frame, plain Uint8Arrays also out of a pooled Buffer', () => {
    const frameBytes = encode([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
    const [view] = decode(frameBytes) as [Uint8Array];
    expect(view.buffer).toBe(frameBytes.buffer);
    const pooled = Buffer.from(frameBytes);
    expect(pooled.byteOffset).toBeGreaterThan(0);
    const [bytes, last] = decode(pooled) as [Uint8Array, Uint8Array];
    for (const each of [bytes, last]) expect(Object.getPrototypeOf(each)).toBe(Uint8Array.prototype);
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
    expect(last).toEqual(Uint8Array.of(4));
  });

  it('takes a Buffer for the Uint8Array that it is', () => {
    expect(encode(Buffer.from([1, 2]))).toEqual(Uint8Array.of(0x74, 2, 1, 2));
  });

  it('leaves the encoded bytes with a buffer of their own', () => {
    const bytes = encode(['x'.repeat(300)]);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });
});

describe('hostile bytes', () => {
  it('give a value or a DecodeError, never anything else: 50,000 mutated frames', () => {
    const step = fc.record({ at: fc.nat(), kind: fc.constantFrom('flip', 'set', 'cut', 'grow'), byte: fc.nat(255) });
    fc.assert(
      fc.property(frame, fc.array(step, { minLength: 1, maxLength: 4 }), (value, steps) => {
        let bytes = encode(value);
        for (const { at, kind, byte } of steps) {
          const index = at % (bytes.length + 1);
          if (kind === 'cut') bytes = bytes.slice(0, index);
          else if (kind === 'grow') bytes = Uint8Array.of(...bytes.slice(0, index), byte, ...bytes.slice(index));
          else if (index < bytes.length) bytes[index] = kind === 'set' ? byte : (bytes[index] ?? 0) ^ (1 << (byte & 7));
        }
        expect(verdict(bytes)).not.toBe('otherwise');
      }),
      { numRuns: 50_000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 60_000);

  const types = fc.integer({ min: 115, max: 128 });
  const soup = fc
    .array(fc.oneof(types, fc.nat(3), fc.nat(255)), { maxLength: 64 })
    .map((list) => Uint8Array.from(list));

  it('give a value or a DecodeError, never anything else: 50,000 random strings of bytes', () => {
    fc.assert(
      fc.property(soup, (bytes) => {
        expect(verdict(bytes)).not.toBe('otherwise');
      }),
      { numRuns: 50_000 },
    );
  }, 60_000);

  it.each([
    ['nothing', ''],
    ['a value cut short', '75037d01'],
    ['an integer cut short', '7d'],
    ['an integer that never ends', '7d8080'],
    ['a float cut short', '7c3f8000'],
    ['bytes after the value', '7d017d01'],
    ['an array of 4 Gi elements', '75ffffffff0f'],
    ['an array of 2^53 elements', '758080808080808010'],
    ['a string of 4 GiB', '77ffffffff0f61'],
    ['bytes of 2^53 - 1', '74ffffffffffffff0f00'],
    ['a length of 300 bytes', `75${'80'.repeat(300)}01`],
    ['an integer not in its shortest form', '7d8100'],
    ['a length not in its shortest form', '77810061'],
    ['an integer beyond 2^53 - 1', '7d808080808080808001'],
    ['an unknown type', '80'],
    ['zero', '00'],
    ['a type below all', '73'],
    ['a bigint', '7a0000000000000001'],
    ['an object', '7600'],
    ['an object with __proto__', '7601095f5f70726f746f5f5f760108706f6c6c7574656478'],
    ['invalid UTF-8', '7702c328'],
    ['an overlong sequence', '7702c080'],
    ['a surrogate in UTF-8', '7703eda080'],
  ])('%s is MALFORMED', (_what, hex) => {
    expect(outcome(hexToBytes(hex))).toMatchObject({ name: 'DecodeError', code: 'MALFORMED' });
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  // Numbers in forms that the writer does not use, exact all the same. Message ids are hashes of the bytes as received,
  // so that nothing depends on a value having one form.
  it.each([
    ['an integer as a float', '7c3f800000', 1],
    ['eight bytes for a float of four', '7b3ff8000000000000', 1.5],
    ['another NaN', '7c7fc00001', NaN],
    ['2^53 - 1 as an integer', '7dbfffffffffffff1f', 2 ** 53 - 1],
    ['minus zero as a float', '7c80000000', -0],
  ])('%s is read as what it says', (_what, hex, value) => {
    expect(outcome(hexToBytes(hex))).toStrictEqual({ value });
  });

  it('cannot make the reader look beyond them', () => {
    const pool = new Uint8Array(64).fill(0x61);
    for (const head of ['74ff01', '740a', '770a', '75037401', '7b00', '7d80', '7d', '7c']) {
      const bytes = pool.subarray(8, 8 + head.length / 2);
      bytes.set(hexToBytes(head));
      expect(outcome(bytes)).toMatchObject({ code: 'MALFORMED' });
    }
  });

  it('cannot overflow the stack: 10,000 nested arrays', () => {
    expect(outcome(hexToBytes(`${'7501'.repeat(10_000)}7500`))).toMatchObject({ code: 'OVER_LIMIT' });
  });

  it('cannot make it allocate: a chain of 21,000 arrays that each claim all that follows', () => {
    expect(outcome(hexToBytes('75ffff03'.repeat(21_000)))).toMatchObject({ code: 'OVER_LIMIT' });
    expect(outcome(hexToBytes('75'.repeat(60_000)))).toMatchObject({ code: 'OVER_LIMIT' });
  });
});

describe('limits', () => {
  it('on depth hold both ways: 64 levels pass, 65 do not', () => {
    expect(decode(encode(nested(64)))).toEqual(nested(64));
    expect(() => encode(nested(65))).toThrow(RangeError);
    expect(() => encode(nested(65))).toThrow(/: over 64 levels$/);
    const bytes = encode(nested(65), { maxDepth: 65 });
    expect(outcome(bytes)).toMatchObject({ code: 'OVER_LIMIT' });
    expect(decode(bytes, { maxDepth: 65 })).toEqual(nested(65));
  });

  it('on size hold both ways, to the byte', () => {
    const bytes = encode('x'.repeat(100));
    expect(encode('x'.repeat(100), { maxBytes: bytes.length })).toEqual(bytes);
    expect(() => encode('x'.repeat(100), { maxBytes: bytes.length - 1 })).toThrow(RangeError);
    expect(decode(bytes, { maxBytes: bytes.length })).toBe('x'.repeat(100));
    expect(() => decode(bytes, { maxBytes: bytes.length - 1 })).toThrow(DecodeError);
  });

  it('on the number of values hold both ways', () => {
    const value = [1, [2, 'a']];
    const bytes = encode(value, { maxItems: 5 });
    expect(decode(bytes, { maxItems: 5 })).toEqual(value);
    expect(() => encode(value, { maxItems: 4 })).toThrow(RangeError);
    expect(() => decode(bytes, { maxItems: 4 })).toThrow(DecodeError);
  });
});

describe('caller mistakes', () => {
  it('are TypeErrors with the path', () => {
    expect(() => encode([1, [new Map()]] as unknown as FrameValue)).toThrow(
      new TypeError('value[1][0]: Map instances cannot be sent'),
    );
    expect(() => encode([{}] as unknown as FrameValue)).toThrow(
      new TypeError('value[0]: Object instances cannot be sent'),
    );
    expect(() => encode(['\ud800'])).toThrow(new TypeError('value[0]: strings with a lone surrogate cannot be sent'));
    expect(() => encode(1n as unknown as FrameValue)).toThrow(TypeError);
    expect(() => decode('f6' as unknown as Uint8Array)).toThrow(TypeError);
  });
});

describe('S167: Safari 14', () => {
  it('has no BigInt64 in DataView, and nothing calls it', () => {
    const value = [0, 2 ** 31, 1_763_800_000_000, 2 ** 53 - 1, 1 - 2 ** 53, 0.1, 'text'];
    const bytes = encode(value);
    const methods = ['getBigInt64', 'setBigInt64', 'getBigUint64', 'setBigUint64'] as const;
    const native = methods.map((name) => Object.getOwnPropertyDescriptor(DataView.prototype, name));
    for (const name of methods) Reflect.deleteProperty(DataView.prototype, name);
    try {
      expect(encode(value)).toEqual(bytes);
      expect(decode(bytes)).toEqual(value);
      expect(methods.some((name) => name in DataView.prototype)).toBe(false);
    } finally {
      methods.forEach((name, i) => Reflect.defineProperty(DataView.prototype, name, native[i] ?? {}));
    }
  });

  it('has no encodeInto, and what lib0 does without it writes the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(equalBytes(written(_writeVarStringPolyfill, text), written(writeVarString, text))).toBe(true);
      }),
    );
  });
});
