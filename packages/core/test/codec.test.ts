import { isDeepStrictEqual } from 'node:util';
import { decode as decodeByCborg } from 'cborg';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../src/codec.js';
import type { FrameValue } from '../src/codec.js';
import { bytesToHex, hexToBytes } from '../src/bytes.js';
import { DecodeError } from '../src/errors.js';

/** Ours: the library writes −0 as 0. */
const MINUS_ZERO = 0x5053;

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
    ),
    fc.integer({ min: -(2 ** 34), max: 2 ** 34 }),
    fc.maxSafeInteger(),
    fc.double(),
    fc.float(),
    fc.string({ unit: 'binary' }),
    fc.uint8Array(),
    fc.uint8Array({ minLength: 120, maxLength: 140 }),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value'), { noNullPrototype: true }),
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

describe('what is sent arrives', () => {
  it('equal in value and type', () => {
    fc.assert(
      fc.property(frame, (value) => {
        expect(isDeepStrictEqual(decode(encode(value)), value)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('is CBOR, as another implementation reads it', () => {
    fc.assert(
      fc.property(frame, (value) => {
        const bytes = encode(value);
        // A leading byte order mark is written twice, because the library takes one off.
        fc.pre(!bytesToHex(bytes).includes('efbbbfefbbbf'));
        const tags = { [MINUS_ZERO]: (content: () => unknown) => -Number(content()) };
        const read = decodeByCborg(bytes, { strict: true, rejectDuplicateMapKeys: true, tags });
        expect(isDeepStrictEqual(read, value)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  // RFC 8949, Appendix A, as far as our profile has the value.
  it.each<[FrameValue, string]>([
    [0, '00'],
    [1, '01'],
    [23, '17'],
    [24, '1818'],
    [100, '1864'],
    [1000, '1903e8'],
    [1000000, '1a000f4240'],
    [1000000000000, '1b000000e8d4a51000'],
    [-1, '20'],
    [-10, '29'],
    [-100, '3863'],
    [-1000, '3903e7'],
    [1.1, 'fb3ff199999999999a'],
    [100000.5, 'fa47c35040'],
    [3.4028234663852886e38, 'fa7f7fffff'],
    [1e300, 'fb7e37e43c8800759c'],
    [-4.1, 'fbc010666666666666'],
    [Infinity, 'fa7f800000'],
    [NaN, 'fa7fc00000'],
    [-Infinity, 'faff800000'],
    [false, 'f4'],
    [true, 'f5'],
    [null, 'f6'],
    [undefined, 'f7'],
    [new Uint8Array(0), '40'],
    [Uint8Array.of(1, 2, 3, 4), '4401020304'],
    ['', '60'],
    ['a', '6161'],
    ['IETF', '6449455446'],
    ['"\\', '62225c'],
    ['ü', '62c3bc'],
    ['水', '63e6b0b4'],
    ['𐅑', '64f0908591'],
    [[], '80'],
    [[1, 2, 3], '83010203'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [{}, 'a0'],
    [{ a: 1, b: [2, 3] }, 'a26161016162820203'],
    [['a', { b: 'c' }], '826161a161626163'],
  ])('%j is %s (RFC 8949, Appendix A)', (value, hex) => {
    expect(bytesToHex(encode(value))).toBe(hex);
    expect(decode(hexToBytes(hex))).toStrictEqual(value);
  });

  it('minus zero, as a tag of ours and as the float it is elsewhere', () => {
    expect(bytesToHex(encode([-0, 0]))).toBe('82d950530000');
    expect(decode(hexToBytes('82d950530000'))).toStrictEqual([-0, 0]);
    expect(decode(hexToBytes('fa80000000'))).toBe(-0);
  });

  it('byte order marks, in values and names', () => {
    const value = { '\ufeffa': '\ufeff', a: '\ufeff\ufeffb', b: 'a\ufeff' };
    expect(decode(encode(value))).toStrictEqual(value);
  });

  it('as plain Uint8Arrays that share no memory with the frame, also out of a pooled Buffer', () => {
    const pooled = Buffer.from(encode([Uint8Array.of(1, 2, 3)]));
    const [bytes] = decode(pooled) as [Uint8Array];
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3));
    expect(bytes.buffer.byteLength).toBe(3);
  });

  it('takes a Buffer for the Uint8Array that it is', () => {
    expect(encode(Buffer.from([1, 2]))).toEqual(Uint8Array.of(0x42, 1, 2));
  });

  it('leaves the encoded bytes with a buffer of their own', () => {
    const bytes = encode(['x'.repeat(300)]);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });
});

describe('hostile bytes', () => {
  it('give a value or a DecodeError, never anything else: 30,000 mutated frames', () => {
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
      { numRuns: 30_000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 60_000);

  it('give a value or a DecodeError, never anything else: 30,000 random strings of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(verdict(bytes)).not.toBe('otherwise');
      }),
      { numRuns: 30_000 },
    );
  }, 60_000);

  it.each([
    ['nothing', ''],
    ['a value cut short', '8301'],
    ['bytes after the value', '0101'],
    ['an array of 4 Gi elements', '9affffffff'],
    ['an array of 2^53 elements', '9b0020000000000000'],
    ['a string of 4 GiB', '7affffffff61'],
    ['bytes of 2^64 - 1', '5bffffffffffffffff00'],
    ['an object of 2^53 - 1 properties', 'bb001fffffffffffff6161'],
    ['an indefinite array', '9f01ff'],
    ['an indefinite string', '7f6161ff'],
    ['a break alone', 'ff'],
    ['a reserved argument', '1c'],
    ['an integer not in its shortest form', '1801'],
    ['a length not in its shortest form', '780161'],
    ['a half float', 'f93c00'],
    ['an integer beyond 2^53 - 1', '1b0020000000000000'],
    ['a simple value without meaning', 'f0'],
    ['a long simple value', 'f8ff'],
    ['invalid UTF-8', '62c328'],
    ['an overlong sequence', '62c080'],
    ['a surrogate in UTF-8', '63eda080'],
    ['a duplicate property', 'a2616101616102'],
    ['a duplicate __proto__', 'a2695f5f70726f746f5f5f01695f5f70726f746f5f5f02'],
    ['a property that is no string', 'a10102'],
    ['a tag', 'c100'],
    ['a tag of content', 'd9010280'],
    ['minus zero of anything but 0', 'd9505301'],
    ['a tag on a tag', 'd95053d9505300'],
    ['a tag over nothing', 'd95053'],
  ])('%s is MALFORMED', (_what, hex) => {
    expect(outcome(hexToBytes(hex))).toMatchObject({ name: 'DecodeError', code: 'MALFORMED' });
  });

  // Numbers in forms that the writer does not use, exact all the same. Message ids are hashes of the bytes as received,
  // so that nothing depends on a value having one form.
  it.each([
    ['an integer as a float', 'fa3f800000', 1],
    ['eight bytes for a float of four', 'fb3ff8000000000000', 1.5],
    ['another NaN', 'fa7fc00001', NaN],
    ['a half float without digits', 'f97c00', Infinity],
    ['-(2^53) as an integer', '3b001fffffffffffff', -(2 ** 53)],
  ])('%s is read as what it says', (_what, hex, value) => {
    expect(outcome(hexToBytes(hex))).toStrictEqual({ value });
  });

  it('cannot make the reader look beyond them', () => {
    const pool = new Uint8Array(64).fill(0x61);
    for (const head of ['58ff', '4a', '6a', '8341', 'fb00', '1b00', '19']) {
      const bytes = pool.subarray(8, 8 + head.length / 2);
      bytes.set(hexToBytes(head));
      expect(outcome(bytes)).toMatchObject({ code: 'MALFORMED' });
    }
  });

  it('cannot reach a prototype', () => {
    const bytes = hexToBytes('a1695f5f70726f746f5f5fa168706f6c6c75746564f5');
    const value = decode(bytes) as Record<string, unknown>;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(value['polluted']).toBeUndefined();
    expect(encode(value as FrameValue)).toEqual(bytes);
  });

  it('cannot overflow the stack: 10,000 nested arrays, objects', () => {
    expect(outcome(new Uint8Array(10_000).fill(0x81))).toMatchObject({ code: 'OVER_LIMIT' });
    expect(outcome(hexToBytes('a16161'.repeat(10_000)))).toMatchObject({ code: 'OVER_LIMIT' });
    expect(outcome(new Uint8Array(10_000).fill(0xc1))).toMatchObject({ code: 'MALFORMED' });
  });

  it('cannot make it allocate: a chain of arrays that each claim all that follows', () => {
    const chain = new Uint8Array(60_000);
    for (let at = 0; at + 3 <= chain.length; at += 3) chain.set([0x99, 0xff, 0xff], at);
    expect(outcome(chain)).toBeInstanceOf(DecodeError);
    expect(outcome(chain.fill(0x99))).toBeInstanceOf(DecodeError);
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
    const value = [1, { a: 2 }];
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
    expect(() => encode(['\ud800'])).toThrow(new TypeError('value[0]: strings with a lone surrogate cannot be sent'));
    expect(() => encode(1n as unknown as FrameValue)).toThrow(TypeError);
    expect(() => decode('f6' as unknown as Uint8Array)).toThrow(TypeError);
  });
});

describe('S167: Safari 14, which lacks the DataView methods that the library needs', () => {
  it('reads and writes the same bytes', () => {
    const value = [0, 23, 255, 65_535, 1_763_800_000_000, 2 ** 53 - 1, 1 - 2 ** 53, 'text'];
    const bytes = encode(value);
    const methods = ['getBigUint64', 'setBigUint64'] as const;
    const native = methods.map((name) => Object.getOwnPropertyDescriptor(DataView.prototype, name));
    for (const name of methods) Reflect.deleteProperty(DataView.prototype, name);
    try {
      expect(encode(value)).toEqual(bytes);
      expect(decode(bytes)).toEqual(value);
      expect(Reflect.get(DataView.prototype, 'setBigUint64')).not.toBe(native[1]?.value);
      // What is provided is there for everyone on the page, so it has to be the whole method.
      const view = new DataView(new ArrayBuffer(9));
      view.setBigUint64(1, 0x0102030405060708n, true);
      expect(bytesToHex(new Uint8Array(view.buffer))).toBe('000807060504030201');
      expect(view.getBigUint64(1, true)).toBe(0x0102030405060708n);
      view.setBigUint64(1, -2n);
      expect(view.getBigUint64(1)).toBe(2n ** 64n - 2n);
    } finally {
      methods.forEach((name, i) => Reflect.defineProperty(DataView.prototype, name, native[i] ?? {}));
    }
  });
});
