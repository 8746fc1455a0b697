import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPeerId, peerIdFromName, peerIdFromPublicKey } from '../src/index.js';

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex').slice(0, 40);

describe('peerIdFromName', () => {
  it('S8: a name gives the first 20 bytes of SHA-256 of its UTF-8', () => {
    expect(peerIdFromName('custom-peer-id')).toBe('c090120e35c29299f54b5caed8c5c11a578155b1');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (name) => {
        expect(peerIdFromName(name)).toBe(/^[0-9a-fA-F]{40}$/.test(name) ? name.toLowerCase() : sha256(name));
      }),
    );
  });

  it('S8: 40 hexadecimal digits of any case are the id itself, in lower case', () => {
    expect(peerIdFromName('ABCDEF0123456789abcdef0123456789ABCDEF01')).toBe('abcdef0123456789abcdef0123456789abcdef01');
  });

  it('S8: 39 or 41 digits, or a foreign one, are a name', () => {
    for (const name of ['a'.repeat(39), 'a'.repeat(41), `${'a'.repeat(39)}g`, `${'a'.repeat(40)}\n`]) {
      expect(peerIdFromName(name)).toBe(sha256(name));
    }
  });

  it('S8: an empty string, a non-string and a lone surrogate throw a TypeError that says what was expected', () => {
    for (const bad of ['', undefined, null, 5, {}, ['a']]) {
      expect(() => peerIdFromName(bad as string)).toThrow(TypeError);
      expect(() => peerIdFromName(bad as string)).toThrow(/expected a non-empty string, got/);
    }
    expect(() => peerIdFromName('\ud800')).toThrow(TypeError);
  });
});

describe('peerIdFromPublicKey', () => {
  it('is the first 20 bytes of SHA-256 of the raw key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(peerIdFromPublicKey(key)).toBe(sha256(key));
      }),
    );
  });

  it('throws on anything but 32 bytes', () => {
    expect(() => peerIdFromPublicKey(new Uint8Array(31))).toThrow(RangeError);
    expect(() => peerIdFromPublicKey('00' as unknown as Uint8Array)).toThrow(TypeError);
  });
});

describe('isPeerId', () => {
  it('takes 40 lower-case hexadecimal digits and nothing else', () => {
    expect(isPeerId('abcdef0123456789abcdef0123456789abcdef01')).toBe(true);
    for (const bad of ['ABCDEF0123456789abcdef0123456789abcdef01', 'ab', '', `${'a'.repeat(40)}\n`, 5, null, ['a']]) {
      expect(isPeerId(bad)).toBe(false);
    }
  });
});
