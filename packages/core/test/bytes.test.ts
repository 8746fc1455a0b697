import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../src/errors.js';
import { bytesToHex, concatBytes, equalBytes, hexToBytes, isWellFormed, utf8Decode, utf8Encode } from '../src/bytes.js';

const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 40 }));

/** The text, or undefined where there is an error instead. */
function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

describe('hex', () => {
  it('goes both ways, either case in, lower case out', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const hex = bytesToHex(bytes);
        expect(hex).toBe(Buffer.from(bytes).toString('hex'));
        expect(hexToBytes(hex)).toEqual(bytes);
        expect(hexToBytes(hex.toUpperCase())).toEqual(bytes);
      }),
    );
  });

  it.each(['0', 'abc', 'zz', '0g', 'g0', '  ', '/0', ':0', '@0', '`0', '\u0130\u0130'])('refuses %j', (hex) => {
    expect(() => hexToBytes(hex)).toThrow(RangeError);
  });

  it('refuses what is no string', () => {
    expect(() => hexToBytes(12 as unknown as string)).toThrow(TypeError);
  });
});

describe('UTF-8', () => {
  it('writes and reads what the platform does', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = utf8Encode(text);
        expect(bytes).toEqual(new TextEncoder().encode(text));
        expect(utf8Decode(bytes)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses exactly the bytes that a fatal TextDecoder refuses', () => {
    const platform = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const hostileByte = fc.constantFrom(
      0x00,
      0x41,
      0x7f,
      0x80,
      0x8f,
      0x90,
      0x9f,
      0xa0,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
      0xff,
    );
    fc.assert(
      fc.property(fc.array(hostileByte, { maxLength: 6 }), (list) => {
        const bytes = Uint8Array.from(list);
        expect(attempt(() => utf8Decode(bytes))).toBe(attempt(() => platform.decode(bytes)));
      }),
      { numRuns: 20_000 },
    );
  });

  it('refuses a sequence that the end cuts', () => {
    expect(() => utf8Decode(utf8Encode('é').subarray(0, 1))).toThrow(DecodeError);
  });

  it.each(['\ud800', '\udc00', 'a\ud800b', '\udc00\ud800', '\ud800\ud800\udc00'])(
    'knows lone surrogates: %j',
    (text) => {
      expect(isWellFormed(text)).toBe(false);
      expect(() => utf8Encode(text)).toThrow(TypeError);
    },
  );

  it('knows well-formed text', () => {
    expect(isWellFormed('\ud83d\udc4b')).toBe(true);
    expect(isWellFormed('')).toBe(true);
  });
});

describe('arrays of bytes', () => {
  it('are joined in order', () => {
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3));
    expect(concatBytes()).toEqual(new Uint8Array(0));
  });

  it('are compared by value', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  });
});
