import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError, decode, encode, hexToBytes, openEnvelope, sealEnvelope } from '../src/index.js';
import type { EnvelopeFields, EnvelopeKind, FrameValue } from '../src/index.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const NONE = new Uint8Array(0);

function fieldsOf(kind: EnvelopeKind): EnvelopeFields {
  const fields = {
    kind,
    network: 'global',
    channel: 'chat',
    from: A,
    epoch: 1,
    seq: 2,
    timestamp: 1.5,
    content: hexToBytes('c0ffee'),
  };
  return kind === 'broadcast' ? fields : { ...fields, to: B };
}

/** The signed part of a signal, some fields replaced. */
function changed(changes: Readonly<Record<number, FrameValue>>): Uint8Array {
  const values = decode(sealEnvelope(fieldsOf('signal')).bytes) as FrameValue[];
  return encode(values.map((value, at) => (at in changes ? changes[at] : value)));
}

describe('an envelope', () => {
  it.each(['broadcast', 'direct', 'signal'] as const)('of kind %s is read as it was sealed', (kind) => {
    const sealed = sealEnvelope(fieldsOf(kind));
    expect(openEnvelope(sealed.bytes, NONE)).toEqual(sealed);
  });

  it('S28: its id follows from its kind too', () => {
    const ids = (['direct', 'signal'] as const).map((kind) => sealEnvelope(fieldsOf(kind)).id);
    expect(new Set(ids).size).toBe(2);
    for (const each of ids) expect(each).toMatch(/^[0-9a-f]{32}$/);
  });

  it('has the kind as its second field: 0, 1 and 2', () => {
    const kinds = (['broadcast', 'direct', 'signal'] as const).map((kind) => {
      return (decode(sealEnvelope(fieldsOf(kind)).bytes) as FrameValue[])[1];
    });
    expect(kinds).toEqual([0, 1, 2]);
  });

  it('has a receiver exactly if it is no broadcast', () => {
    expect(() => openEnvelope(changed({ 8: null }), NONE)).toThrow(DecodeError);
    expect(() => openEnvelope(changed({ 1: 0 }), NONE)).toThrow(DecodeError);
    expect(openEnvelope(changed({ 1: 1 }), NONE)).toMatchObject({ kind: 'direct', to: B });
  });

  it.each<[string, Readonly<Record<number, FrameValue>>]>([
    ['a later version', { 0: 2 }],
    ['an unknown kind', { 1: 3 }],
    ['a network over 128 characters', { 2: 'n'.repeat(129) }],
    ['a short sender', { 4: new Uint8Array(19) }],
    ['a seq of 0', { 6: 0 }],
    ['a timestamp that is no number', { 7: Number.NaN }],
    ['a content that is no bytes', { 9: 'text' }],
  ])('S175: with %s is a DecodeError', (_, changes) => {
    expect(() => openEnvelope(changed(changes), NONE)).toThrow(DecodeError);
  });

  it('S175: whatever the bytes, 50,000 of them, they open or end in a DecodeError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(79), fc.nat(255), (bytes, at, byte) => {
        const mutated = sealEnvelope(fieldsOf('signal')).bytes.slice();
        mutated[at % mutated.length] = byte;
        for (const each of [bytes, mutated]) {
          try {
            expect(openEnvelope(each, NONE).bytes).toBe(each);
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError);
          }
        }
      }),
      { numRuns: 50_000 },
    );
  });
});
