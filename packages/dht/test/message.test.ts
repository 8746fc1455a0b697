import { DecodeError, decode, encode } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, keptFromBytes } from '../src/index.js';
import { keptToBytes } from '../src/kept.js';
import type { Copy, DhtRecord, Message } from '../src/index.js';
import { Dht } from '../src/index.js';
import { SeededRng } from '@peerpigeon/core';

const ANN = 'a1'.repeat(20);
const BOB = 'b2'.repeat(20);
const key = { space: 'value', name: 'user-settings' } as const;
const record: DhtRecord = {
  author: ANN,
  version: 1_767_225_600_001,
  issuedAt: 1_767_225_600_000,
  ttlMs: 3_600_000,
  base: null,
  replicas: 8,
  form: 'plain',
  value: Uint8Array.of(1, 2, 3),
  signature: new Uint8Array(0),
};
const copy: Copy = { record, leftMs: 3_599_000 };
const tombstone: Copy = { record: { ...record, form: 'deleted', base: 7, value: new Uint8Array(0) }, leftMs: 0 };

const MESSAGES: readonly Message[] = [
  { type: 'request', id: 1, trail: [], op: { type: 'get', key, quorum: 3, after: null } },
  { type: 'request', id: 1, trail: [ANN], op: { type: 'get', key, quorum: 3, after: BOB } },
  { type: 'request', id: 2, trail: [], op: { type: 'put', key, copy } },
  { type: 'request', id: 3, trail: [ANN, BOB], op: { type: 'subscribe', key, quorum: 3, leaseMs: 120_000 } },
  { type: 'request', id: 4, trail: [], op: { type: 'unsubscribe', key } },
  { type: 'answer', id: 1, hops: 7, result: { type: 'found', copies: [copy, tombstone], more: true, answered: 3 } },
  { type: 'answer', id: 1, hops: 0, result: { type: 'stored', copies: 8 } },
  { type: 'answer', id: 1, hops: 1, result: { type: 'newer', conflict: true, copies: [] } },
  { type: 'answer', id: 1, hops: 1, result: { type: 'refused', reason: 'full' } },
  { type: 'fetch', id: 5, key: { space: 'part', name: 'é' }, after: ANN },
  { type: 'copies', id: 5, copies: [copy], more: false },
  { type: 'store', id: 6, key: { space: 'chunk', name: 'ab'.repeat(32) }, copies: [copy], holders: [ANN, BOB] },
  { type: 'kept', id: 6, kept: true, newer: [tombstone] },
  { type: 'range', id: 7 },
  { type: 'members', id: 7, before: [ANN], after: [BOB], whole: false },
  { type: 'offer', id: 8, digests: [{ key, author: ANN, version: 5, endsAt: 9 }] },
  { type: 'wanted', id: 8, want: [0], newer: [] },
  { type: 'lease', id: 9, key, leases: [{ subscriber: BOB, leftMs: 0 }] },
  { type: 'notify', id: 10, key, copy },
  { type: 'conflict', id: 11, key, version: 4, copy },
  { type: 'done', id: 11 },
];

/** A message with the field at this path replaced. */
function but(message: Message, path: readonly number[], value: unknown): unknown {
  const wire = structuredClone(encodeMessage(message)) as unknown[];
  let at: unknown[] = wire;
  for (const index of path.slice(0, -1)) at = at[index] as unknown[];
  at[path[path.length - 1] as number] = value;
  return wire;
}

describe('messages on the wire', () => {
  it.each(MESSAGES)('$type decodes to what was encoded', (message) => {
    expect(decodeMessage(decode(encode(encodeMessage(message))))).toEqual(message);
  });

  const [get, , put] = MESSAGES as [Message, Message, Message];
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an unknown type', [14, 1]],
    ['a negative number', but(get, [1], -1)],
    ['an unknown operation', but(get, [3, 0], 4)],
    ['an unknown space', but(get, [3, 1, 0], 3)],
    ['an empty key', but(get, [3, 1, 1], '')],
    ['a key of 257 bytes', but(get, [3, 1, 1], 'é'.repeat(128) + 'x')],
    ['a quorum of 0', but(get, [3, 2], 0)],
    ['a quorum of 17', but(get, [3, 2], 17)],
    ['a value over 16 KiB', but(put, [3, 2, 8], new Uint8Array(16_385))],
    ['a version of 0', but(put, [3, 2, 2], 0)],
    ['a life over 48 h', but(put, [3, 2, 4], 172_800_001)],
    ['more left than there was', but(put, [3, 2, 0], 3_600_001)],
    ['an author of 19 bytes', but(put, [3, 2, 1], new Uint8Array(19))],
    ['a tombstone with a value', but(put, [3, 2, 7], 2)],
    ['a place beyond an offer', but(MESSAGES[16] as Message, [2, 0], 48)],
    ['49 digests', [8, 1, Array.from({ length: 49 }, () => [])]],
    [
      '17 members on a side',
      but(
        MESSAGES[14] as Message,
        [2],
        Array.from({ length: 17 }, () => new Uint8Array(20)),
      ),
    ],
  ])('S175, S176: %s is a DecodeError', (_, value) => {
    expect(() => decodeMessage(value)).toThrow(DecodeError);
  });

  it('S175: whatever arrives is a message or a DecodeError, and no message upsets a node', () => {
    const node = new Dht({ peerId: ANN, rng: new SeededRng(1), epoch: 1_767_225_600_000 });
    node.handle({ type: 'leaves', before: [BOB], after: [BOB], whole: true, member: true }, 0, []);
    let now = 40_000;
    const hostile = fc.oneof(
      fc.constantFrom(...MESSAGES).map((message) => encodeMessage(message)),
      fc.array(fc.oneof(fc.integer(), fc.uint8Array({ maxLength: 24 }), fc.string(), fc.constant(null)), {
        maxLength: 6,
      }),
    );
    const change = fc.tuple(hostile, fc.nat({ max: 5 }), fc.anything());
    fc.assert(
      fc.property(change, ([wire, place, value]) => {
        const altered = [...(wire as unknown[])];
        if (altered.length > 0) altered[place % altered.length] = value;
        for (const candidate of [wire, altered]) {
          let message: Message;
          try {
            message = decodeMessage(candidate);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
            continue;
          }
          node.handle({ type: 'received', from: BOB, message, path: [BOB] }, (now += 10), []);
        }
      }),
      { numRuns: 3_000 },
    );
    for (const [name, { size, cap }] of Object.entries(node.mapSizes))
      expect([name, size <= cap]).toEqual([name, true]);
  });
});

describe('records in storage', () => {
  it('come back with what is left of their life by the wall clock', () => {
    const bytes = keptToBytes({ key, copy }, 1_000_000);
    expect(keptFromBytes(bytes, 1_000_000)).toEqual({ key, copy });
    expect(keptFromBytes(bytes, 1_600_000).copy.leftMs).toBe(copy.leftMs - 600_000);
    expect(keptFromBytes(bytes, 9_000_000).copy.leftMs).toBe(0);
    // A clock that was put back makes nothing live longer.
    expect(keptFromBytes(bytes, 500_000).copy.leftMs).toBe(copy.leftMs);
    expect(() => keptFromBytes(Uint8Array.of(1, 2, 3), 0)).toThrow(DecodeError);
  });
});
