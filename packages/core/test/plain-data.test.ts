import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { DecodeError } from '../src/errors.js';
import { decodeContent, encodeContent } from '../src/plain-data.js';
import type { Plain } from '../src/plain-data.js';
import { hexToBytes } from '../src/bytes.js';
import { decode, encode } from '../src/codec.js';
import type { FrameValue } from '../src/codec.js';

const views = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
);
const primitive = fc.oneof(
  fc.constantFrom<Plain>(null, undefined, true, false, -0, NaN, Infinity, -Infinity, 0n, -1n),
  fc.double(),
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
  fc.string({ unit: 'binary' }),
);
const plain = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    primitive,
    // Invalid dates are tried below: Node 20 calls two of them unequal.
    fc.date({ noInvalidDate: true }),
    views as fc.Arbitrary<Plain>,
    fc.uint8Array().map((bytes) => bytes.slice().buffer),
    fc.array(tie('value')),
    fc.dictionary(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', 'toString')),
      tie('value'),
      { noNullPrototype: true },
    ),
    // Map keys: −0 is no key of its own in a Map, and equal objects are different keys; primitives show the rest.
    fc.array(fc.tuple(fc.oneof(primitive, fc.constant('k')), tie('value'))).map((entries) => new Map(entries)),
    fc.array(primitive).map((values) => new Set(values)),
  ),
})).value;

/** `levels` containers inside one another. */
function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value = wrap(1);
  for (let i = 1; i < levels; i++) value = wrap(value);
  return value;
}

/** What becomes of bytes from outside: a DecodeError, or a value that travels; other errors pass through. */
function verdict(bytes: Uint8Array): 'refused' | 'travels' | 'otherwise' {
  let value: Plain;
  try {
    value = decodeContent(bytes);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return 'refused';
    throw thrown;
  }
  const once = encodeContent(value);
  return isDeepStrictEqual(encodeContent(decodeContent(once)), once) ? 'travels' : 'otherwise';
}

describe('S13: plain data arrives equal in value and type', () => {
  it('for any tree of it', () => {
    fc.assert(
      fc.property(plain, (value) => {
        const bytes = encodeContent(value);
        const back = decodeContent(bytes);
        // Not toStrictEqual, which does not see own properties called __proto__.
        expect(isDeepStrictEqual(back, value)).toBe(true);
        expect(encodeContent(back)).toEqual(bytes);
      }),
      { numRuns: 5000 },
    );
  }, 60_000);

  it.each<Plain>([
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    1.5,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
    2 ** 53,
    2 ** 53 + 2,
    -(2 ** 63),
    '',
    null,
    undefined,
    false,
  ])('%s, by Object.is', (value) => {
    expect(Object.is(decodeContent(encodeContent(value)), value)).toBe(true);
  });

  it.each([
    0n,
    1n,
    -1n,
    255n,
    256n,
    -256n,
    -257n,
    2n ** 53n,
    2n ** 64n - 1n,
    2n ** 64n,
    -(2n ** 64n),
    7n ** 500n,
    -(7n ** 500n),
  ])('bigint %s', (value) => {
    expect(decodeContent(encodeContent(value))).toBe(value);
  });

  it('dates to the millisecond, from the first to the last, and invalid ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (ms) => {
        const back = decodeContent(encodeContent(new Date(ms)));
        expect(back).toBeInstanceOf(Date);
        expect((back as Date).getTime()).toBe(ms);
      }),
      { numRuns: 5000 },
    );
    expect((decodeContent(encodeContent(new Date(NaN))) as Date).getTime()).toBeNaN();
    expect((decodeContent(encodeContent(new Date(-8.64e15))) as Date).getTime()).toBe(-8.64e15);
  });

  it('maps and sets keep order and keys of every kind', () => {
    const value = new Map<Plain, Plain>([
      [{ a: 1 }, 'x'],
      [new Uint8Array(2), [1]],
      [NaN, new Set([3, 1, '1'])],
      [undefined, null],
    ]);
    const back = decodeContent(encodeContent(value)) as Map<Plain, Plain>;
    expect([...back]).toStrictEqual([...value]);
  });

  it('__proto__ as an own property, which pollutes nothing', () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as Plain;
    const back = decodeContent(encodeContent(value)) as Record<string, unknown>;
    expect(Object.keys(back)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(back['polluted']).toBeUndefined();
  });

  it('views of a part arrive as that part, with a buffer of their own', () => {
    const whole = Float64Array.of(1, 2, 3, 4);
    const back = decodeContent(encodeContent(whole.subarray(1, 3))) as Float64Array;
    expect(back).toStrictEqual(Float64Array.of(2, 3));
    expect(back.buffer.byteLength).toBe(16);
    const bytes = encodeContent([Buffer.from('secret').subarray(0, 2)]);
    const [part] = decodeContent(Buffer.from(bytes)) as [Uint8Array];
    expect(Object.getPrototypeOf(part)).toBe(Uint8Array.prototype);
    expect(part.buffer.byteLength).toBe(2);
  });

  it('objects without a prototype as plain objects, hidden and symbol properties left out', () => {
    const bare = Object.assign(Object.create(null) as Record<string, unknown>, { a: 1 });
    expect(decodeContent(encodeContent(bare))).toStrictEqual({ a: 1 });
    const hidden = Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'h', { value: 3, enumerable: false });
    expect(decodeContent(encodeContent(hidden))).toStrictEqual({ a: 1 });
  });

  it('or, where the engine has no such kind (Safari 14: BigInt64Array), not at all, as a DecodeError', () => {
    const bytes = encodeContent(BigInt64Array.of(1n));
    vi.stubGlobal('BigInt64Array', undefined);
    try {
      expect(() => decodeContent(bytes)).toThrow(new DecodeError('UNEXPECTED', 'this engine has no BigInt64Array'));
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('values that occur twice as two', () => {
    const shared = { n: 1 };
    const [a, b] = decodeContent(encodeContent([shared, shared])) as [object, object];
    expect(a).toStrictEqual(shared);
    expect(a).not.toBe(b);
  });

  it('names and text that begin with a byte order mark', () => {
    const value = { '\ufeffa': '\ufeff', a: '\ufeff\ufeffb' };
    expect(decodeContent(encodeContent(value))).toStrictEqual(value);
  });

  it('as frames whose arrays begin with their kind', () => {
    const value = [{ a: 1 }, new Map([['k', 2]]), new Set([3]), new Date(4), 256n, -257n, Int8Array.of(-1), 'text'];
    expect(
      decode(encodeContent([...value, Uint8Array.of(5), new Uint8Array([6]).buffer, new DataView(new ArrayBuffer(1))])),
    ).toEqual([
      0,
      [1, 'a', 1],
      [2, 'k', 2],
      [3, 3],
      [4, 4],
      [5, Uint8Array.of(1, 0)],
      [6, Uint8Array.of(1, 0)],
      [13, Uint8Array.of(255)],
      'text',
      Uint8Array.of(5),
      [7, Uint8Array.of(6)],
      [19, Uint8Array.of(0)],
    ]);
  });

  it('arrays of another realm (an iframe) as what they are', () => {
    const foreign = runInNewContext('[Uint8Array.of(1, 2), Float32Array.of(1.5)]') as [Uint8Array, Float32Array];
    expect(decodeContent(encodeContent([foreign[0], foreign[1]]))).toStrictEqual([
      Uint8Array.of(1, 2),
      Float32Array.of(1.5),
    ]);
  });

  it('without the BigInt64 methods of DataView, which Safari 14 lacks (S167)', () => {
    const native = Object.getOwnPropertyDescriptor(DataView.prototype, 'setBigInt64');
    Reflect.deleteProperty(DataView.prototype, 'setBigInt64');
    try {
      expect(decodeContent(encodeContent([2n ** 64n, -1n]))).toEqual([2n ** 64n, -1n]);
    } finally {
      Reflect.defineProperty(DataView.prototype, 'setBigInt64', native ?? {});
    }
  });
});

describe('S13: anything else is a TypeError with the path', () => {
  class Point {
    x = 1;
  }
  class Stamp extends Date {}
  const holes: unknown[] = [1];
  holes[2] = 3;
  const named = Object.assign([1], { extra: 2 });
  it.each<[string, unknown, string]>([
    ['a function', { items: [0, 1, 2, { run: () => 0 }] }, 'content.items[3].run: functions cannot be sent'],
    ['a symbol', [Symbol('s')], 'content[0]: symbols cannot be sent'],
    ['an instance', { 'a b': new Point() }, 'content["a b"]: Point instances cannot be sent'],
    ['a subclass', new Stamp(0), 'content: Stamp instances cannot be sent'],
    ['a RegExp', /x/, 'content: RegExp instances cannot be sent'],
    ['an Error', new Error('x'), 'content: Error instances cannot be sent'],
    ['a boxed number', Object(1), 'content: Number instances cannot be sent'],
    ['a promise', [Promise.resolve()], 'content[0]: Promise instances cannot be sent'],
    ['a WeakMap', new WeakMap(), 'content: WeakMap instances cannot be sent'],
    ['a SharedArrayBuffer', new SharedArrayBuffer(1), 'content: SharedArrayBuffer instances cannot be sent'],
    ['an inherited object', Object.create({ a: 1 }), 'content: Object instances cannot be sent'],
    ['a sparse array', holes, 'content[1]: arrays with holes cannot be sent'],
    ['an array with a name', { a: named }, 'content.a: arrays with named properties cannot be sent'],
    ['an array subclass', new (class List extends Array<number> {})(), 'content: List instances cannot be sent'],
    [
      'a getter',
      {
        a: {
          get b() {
            return 1;
          },
        },
      },
      'content.a.b: accessor properties cannot be sent',
    ],
    ['a lone surrogate', ['\udc00'], 'content[0]: strings with a lone surrogate cannot be sent'],
    ['a lone surrogate in a name', { '\ud800': 1 }, 'content["\\ud800"]: strings with a lone surrogate cannot be sent'],
    [
      'a bad Map key',
      {
        m: new Map<unknown, unknown>([
          [1, 1],
          [() => 0, 1],
        ]),
      },
      'content.m.keys()[1]: functions cannot be sent',
    ],
    ['a bad Map value', new Map<unknown, unknown>([[1, Symbol('s')]]), 'content.values()[0]: symbols cannot be sent'],
    ['a bad Set element', new Set<unknown>([1, Symbol('s')]), 'content.values()[1]: symbols cannot be sent'],
  ])('%s', (_what, value, message) => {
    expect(() => encodeContent(value)).toThrow(new TypeError(message));
  });

  it('cycles through arrays, objects, maps and sets', () => {
    const array: unknown[] = [];
    array.push({ array });
    const map = new Map<unknown, unknown>();
    map.set('self', map);
    const set = new Set<unknown>();
    set.add([set]);
    for (const value of [array, map, set])
      expect(() => encodeContent(value)).toThrow(/^content.*: cyclic values cannot be sent$/);
  });
});

describe('limits', () => {
  it.each<[string, (inner: unknown) => unknown]>([
    ['arrays', (inner) => [inner]],
    ['objects', (inner) => ({ a: inner })],
    ['maps', (inner) => new Map([[1, inner]])],
    ['map keys', (inner) => new Map([[inner, 1]])],
    ['sets', (inner) => new Set([inner])],
  ])('64 levels of %s pass, 65 and 10,000 are a RangeError, and a DecodeError at the other end', (_what, wrap) => {
    expect(decodeContent(encodeContent(nested(64, wrap)))).toStrictEqual(nested(64, wrap));
    expect(() => encodeContent(nested(65, wrap))).toThrow(RangeError);
    expect(() => encodeContent(nested(10_000, wrap))).toThrow(/: over 64 levels$/);
    const bytes = encodeContent(nested(65, wrap), { maxDepth: 65 });
    expect(() => decodeContent(bytes)).toThrow(DecodeError);
  });

  it('stop a small value that would be huge on the wire', () => {
    let value: unknown = 'x'.repeat(1000);
    for (let i = 0; i < 40; i++) value = [value, value];
    expect(() => encodeContent(value, { maxBytes: 1_000_000 })).toThrow(/: over 1000000 bytes$/);
  });
});

describe('hostile content', () => {
  const byte = fc.oneof(fc.integer({ min: 115, max: 128 }), fc.nat(21), fc.nat(255));
  /** Arrays of a kind, more or less. */
  const kinds = fc.letrec<{ value: FrameValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<FrameValue>(0, 1, 1.5, -0, NaN, 'a', '__proto__', null, 8.64e15),
      fc.uint8Array({ maxLength: 9 }),
      fc
        .tuple(fc.integer({ min: -1, max: 21 }), fc.array(tie('value'), { maxLength: 5 }))
        .map(([kind, parts]) => [kind, ...parts]),
    ),
  })).value;

  it('gives a value or a DecodeError, never anything else: 50,000 frames', () => {
    fc.assert(
      fc.property(kinds, (value) => {
        expect(verdict(encode(value))).not.toBe('otherwise');
      }),
      { numRuns: 50_000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 60_000);

  it('gives a value or a DecodeError, never anything else: 50,000 strings of bytes', () => {
    fc.assert(
      fc.property(
        fc.array(byte, { maxLength: 40 }).map((list) => Uint8Array.from(list)),
        (bytes) => {
          expect(verdict(bytes)).not.toBe('otherwise');
        },
      ),
      { numRuns: 50_000 },
    );
  }, 60_000);

  it('gives a value or a DecodeError, never anything else: 20,000 mutated values', () => {
    fc.assert(
      fc.property(plain, fc.nat(), byte, fc.boolean(), (value, at, set, cut) => {
        const bytes = encodeContent(value);
        const index = at % bytes.length;
        if (!cut) bytes[index] = set;
        expect(verdict(cut ? bytes.slice(0, index) : bytes)).not.toBe('otherwise');
      }),
      { numRuns: 20_000 },
    );
  }, 120_000);

  it.each([
    ['arrays', '75027d00'],
    ['objects', '75037d01770161'],
    ['maps', '75037d027e'],
    ['sets', '75027d03'],
    ['dates', '75027d04'],
    ['bigints', '75027d05'],
  ])('10,000 nested %s are OVER_LIMIT', (_what, hex) => {
    expect(() => decodeContent(hexToBytes(hex.repeat(10_000)))).toThrow(
      new DecodeError('OVER_LIMIT', 'over 64 levels'),
    );
  });

  it.each<[string, FrameValue]>([
    ['an array of no kind', []],
    ['an unknown kind', [20, new Uint8Array(0)]],
    ['a kind below all', [-1, new Uint8Array(0)]],
    ['half a kind', [8.5, new Uint8Array(0)]],
    ['text as a kind', ['length', new Uint8Array(0)]],
    ['bytes as a kind', [new Uint8Array(1)]],
    ['an array as a kind', [[0], 1]],
    ['a date of text', [4, 'a']],
    ['a date of a date', [4, [4, 0]]],
    ['a date beyond the last', [4, 8.64e15 + 1]],
    ['a date with half a millisecond', [4, 0.5]],
    ['an infinite date', [4, Infinity]],
    ['a date of -0', [4, -0]],
    ['a date of nothing', [4]],
    ['a date of two', [4, 1, 2]],
    ['a bigint with a leading zero', [5, Uint8Array.of(0)]],
    ['a bigint of a number', [5, 1]],
    ['a bigint of a view', [5, [13, Uint8Array.of(1)]]],
    ['a Set with a duplicate', [3, 1, 1]],
    ['a Map with a duplicate', [2, 1, 1, 1, 2]],
    ['a Map with a key without a value', [2, 1]],
    ['an object with a duplicate', [1, 'a', 1, 'a', 2]],
    ['an object with two __proto__', [1, '__proto__', 1, '__proto__', 2]],
    ['an object with a property without a value', [1, 'a']],
    ['an object with a property that is no string', [1, 1, 2]],
    ['a Float64Array of 7 bytes', [18, new Uint8Array(7)]],
    ['a typed array of an array', [13, [0]]],
    ['an ArrayBuffer of a number', [7, 1]],
  ])('%s is MALFORMED', (_what, value) => {
    expect(() => decodeContent(encode(value))).toThrow(
      expect.objectContaining({ name: 'DecodeError', code: 'MALFORMED' }),
    );
  });
});
