import { DecodeError, decode, encode } from '@peerpigeon/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  peerIdFromPublicKey,
  provesId,
  recordFromJson,
  recordFromWire,
  recordToJson,
  recordToWire,
} from '../src/index.js';
import type { PeerRecord } from '../src/index.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const records: fc.Arbitrary<PeerRecord> = fc.record(
  {
    id: bytes(20).map((id) => Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('')),
    publicKey: bytes(32),
    epoch: fc.maxSafeNat(),
    caps: fc.integer({ min: 1, max: 50 }).map((maxPeers) => ({ maxPeers })),
    prekey: bytes(32),
    expires: fc.double({ min: 0, max: 4e12, noNaN: true }),
    signature: bytes(64),
  },
  { requiredKeys: ['id', 'epoch', 'caps', 'expires'], noNullPrototype: true },
);

/** What `read` throws besides a DecodeError: nothing, it is hoped. */
const otherErrors = (read: () => unknown): unknown[] => {
  try {
    read();
    return [];
  } catch (error) {
    return error instanceof DecodeError ? [] : [error];
  }
};

describe('record', () => {
  it('comes back from the binary codec as it was', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(recordFromWire(decode(encode(recordToWire(record))))).toStrictEqual(record);
      }),
    );
  });

  it('comes back from JSON as it was', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(recordFromJson(JSON.parse(JSON.stringify(recordToJson(record))))).toStrictEqual(record);
      }),
    );
  });

  it('ignores unknown properties and later fields', () => {
    const record: PeerRecord = { id: 'ab'.repeat(20), epoch: 1, caps: { maxPeers: 3 }, expires: 2 };
    expect(recordFromJson({ ...recordToJson(record), later: 1 })).toStrictEqual(record);
    expect(recordFromWire([...(recordToWire(record) as unknown[]), 'later'])).toStrictEqual(record);
  });

  it('S175: wrong fields end in a DecodeError', () => {
    const good = recordToJson({ id: 'ab'.repeat(20), epoch: 1, caps: { maxPeers: 3 }, expires: 2 });
    for (const bad of [
      null,
      'record',
      [],
      { ...good, id: 'AB'.repeat(20) },
      { ...good, id: 'ab' },
      { ...good, epoch: -1 },
      { ...good, epoch: 1.5 },
      { ...good, expires: '1' },
      { ...good, caps: undefined },
      { ...good, caps: { maxPeers: 0 } },
      { ...good, caps: { maxPeers: 1e9 } },
      { ...good, publicKey: 'zz' },
      { ...good, publicKey: 'ab'.repeat(31) },
      { ...good, signature: 'ab'.repeat(65) },
    ]) {
      expect(() => recordFromJson(bad)).toThrow(DecodeError);
    }
  });

  it('S175: whatever comes, nothing but a DecodeError is thrown', () => {
    fc.assert(
      fc.property(
        records,
        fc.array(fc.tuple(fc.nat(8), fc.anything({ withTypedArray: true })), { maxLength: 3 }),
        (record, edits) => {
          const wire = [...(recordToWire(record) as unknown[])];
          const json: Record<string, unknown> = { ...recordToJson(record) };
          const names = [
            'id',
            'publicKey',
            'epoch',
            'caps',
            'prekey',
            'expires',
            'signature',
            '__proto__',
            'constructor',
          ];
          for (const [at, value] of edits) {
            wire[at] = value;
            json[names[at] ?? ''] = value;
          }
          expect(otherErrors(() => recordFromWire(wire))).toEqual([]);
          expect(otherErrors(() => recordFromJson(json))).toEqual([]);
        },
      ),
      { numRuns: 5000 },
    );
    fc.assert(
      fc.property(fc.anything({ withTypedArray: true, withNullPrototype: true }), (value) => {
        expect(otherErrors(() => recordFromWire(value))).toEqual([]);
        expect(otherErrors(() => recordFromJson(value))).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('provesId', () => {
  const publicKey = new Uint8Array(32).fill(7);
  const record: PeerRecord = {
    id: peerIdFromPublicKey(publicKey),
    publicKey,
    epoch: 1,
    caps: { maxPeers: 3 },
    expires: 2,
  };

  it('S8: true when the id follows from the key', () => {
    expect(provesId(record)).toBe(true);
  });

  it('S8: false for a custom id, a foreign key and a key of the wrong length', () => {
    const { publicKey: _, ...custom } = record;
    expect(provesId(custom)).toBe(false);
    expect(provesId({ ...record, publicKey: new Uint8Array(32).fill(8) })).toBe(false);
    expect(provesId({ ...record, publicKey: new Uint8Array(3) })).toBe(false);
  });
});
