import { DecodeError, decode, encode } from '@peerpigeon/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../src/index.js';
import type { Message } from '../src/index.js';
import { junk, mutate, mutations, otherErrors, record, text } from './arbitraries.js';
import { recordOf } from './wire.js';

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record(
    {
      type: fc.constant('hello' as const),
      versions: fc.array(uint32, { maxLength: 16 }),
      network: text(128),
      maxFrameBytes: uint32,
      record,
    },
    { noNullPrototype: true },
  ),
  uint32.map<Message>((nonce) => ({ type: 'ping', nonce })),
  uint32.map<Message>((nonce) => ({ type: 'pong', nonce })),
  text(256).map<Message>((reason) => ({ type: 'goodbye', reason })),
);

describe('messages', () => {
  it('come back from the codec as they were', () => {
    fc.assert(
      fc.property(messages, (message) => {
        expect(decodeMessage(decode(encode(encodeMessage(message))))).toStrictEqual(message);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a heartbeat takes a few bytes', () => {
    expect(encode(encodeMessage({ type: 'ping', nonce: 23 }))).toHaveLength(6);
  });

  it('S175: wrong ones end in a DecodeError', () => {
    const wire = encodeMessage({
      type: 'hello',
      versions: [1],
      network: 'global',
      maxFrameBytes: 65_536,
      record: recordOf('ab'.repeat(20)),
    }) as readonly unknown[];
    const withField = (at: number, value: unknown) => wire.map((field, index) => (index === at ? value : field));
    for (const bad of [
      null,
      'hello',
      [],
      [0],
      [9, 1],
      [-1, 1],
      ['ping', 1],
      [1, -1],
      [1, 2 ** 32],
      [2, '1'],
      [3, 5],
      [3, 'x'.repeat(257)],
      wire.slice(0, 4),
      withField(
        1,
        Array.from({ length: 17 }, () => 1),
      ),
      withField(2, 'x'.repeat(129)),
      withField(3, 1.5),
      withField(4, []),
    ]) {
      expect(() => decodeMessage(bad)).toThrow(DecodeError);
    }
  });

  it('S175: 50,000 mutated messages: nothing but DecodeErrors', () => {
    fc.assert(
      fc.property(messages, mutations, (message, changes) => {
        const wire = changes.reduce<unknown>(mutate, encodeMessage(message));
        expect(otherErrors(() => decodeMessage(wire))).toEqual([]);
      }),
      { numRuns: 50_000 },
    );
    fc.assert(
      fc.property(junk, (value) => {
        expect(otherErrors(() => decodeMessage(value))).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
