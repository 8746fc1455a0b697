import { DecodeError, encodeContent, hexToBytes, sample, sealEnvelope, SeededRng } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Incoming } from '../src/messenger.js';
import { Assembly, cutIntoParts, MAX_BROADCAST_BYTES, PARTS } from '../src/parts.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const ID = '0123456789abcdef'.repeat(2);
const wanted = (): boolean => true;
let seq = 0;

function incoming(content: Uint8Array, from = A, verified = true): Incoming {
  const timestamp = 7;
  const fields = { kind: 'broadcast', network: 'n', channel: PARTS, from, epoch: 1, seq: ++seq, timestamp } as const;
  const envelope = sealEnvelope({ ...fields, content });
  return { type: 'message', envelope, hops: 1, ttl: 9, path: [from], verified };
}

const part = (...fields: unknown[]): Incoming => incoming(encodeContent(fields));

describe('a broadcast longer than a frame', () => {
  it('is whole again in whatever order its parts come, one twice, once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 61_441, max: MAX_BROADCAST_BYTES }), fc.nat(), (length, seed) => {
        const content = Uint8Array.from({ length }, (_, i) => i * 31 + seed);
        const parts = cutIntoParts(ID, 'chat', content);
        const assembly = new Assembly();
        const twice = [...parts, parts[0] as Uint8Array];
        const order = sample(new SeededRng(seed), twice, twice.length);
        const whole = order.flatMap((each) => assembly.take(incoming(each), 5, wanted) ?? []);
        expect(whole.length).toBe(1);
        expect(whole[0]?.envelope).toMatchObject({ id: ID, channel: 'chat', from: A });
        expect(Buffer.compare(whole[0]?.envelope.content as Uint8Array, content)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('of two authors under one id is two', () => {
    const assembly = new Assembly();
    const [first, second] = cutIntoParts(ID, 'chat', new Uint8Array(100_000));
    expect(assembly.take(incoming(first as Uint8Array, A), 0, wanted)).toBeUndefined();
    expect(assembly.take(incoming(second as Uint8Array, B), 0, wanted)).toBeUndefined();
    expect(assembly.take(incoming(second as Uint8Array, A), 0, wanted)?.envelope.from).toBe(A);
  });

  it('is verified only if every part is', () => {
    const assembly = new Assembly();
    const [first, second] = cutIntoParts(ID, 'chat', new Uint8Array(100_000)) as [Uint8Array, Uint8Array];
    assembly.take(incoming(first, A, false), 0, wanted);
    expect(assembly.take(incoming(second), 0, wanted)?.verified).toBe(false);
  });

  it('is not kept where nobody reads its channel, nor after five minutes', () => {
    const assembly = new Assembly();
    const [first, second] = cutIntoParts(ID, '#game', new Uint8Array(100_000)) as [Uint8Array, Uint8Array];
    expect(assembly.take(incoming(first), 0, (channel) => channel === 'chat')).toBeUndefined();
    expect(assembly.size).toBe(0);
    assembly.take(incoming(first), 0, wanted);
    expect(assembly.take(incoming(second), 300_000, wanted)).toBeUndefined();
  });

  it('S175: an author that begins many, and many authors, are bounded', () => {
    const assembly = new Assembly();
    const begun = (n: number): Uint8Array => {
      const id = n.toString(16).padStart(32, '0');
      return cutIntoParts(id, 'chat', new Uint8Array(100_000))[0] as Uint8Array;
    };
    for (let n = 0; n < 50; n++) assembly.take(incoming(begun(n)), n, wanted);
    expect(assembly.size).toBe(4);
    for (let n = 0; n < 200; n++) assembly.take(incoming(begun(n), n.toString(16).padStart(40, '0')), n, wanted);
    expect(assembly.size).toBe(64);
  });
});

const ID_BYTES = hexToBytes(ID);
it.each([
  ['no parts', 'text'],
  ['an index beyond its count', [ID_BYTES, 2, 2, 'chat', new Uint8Array(1)]],
  ['one part', [ID_BYTES, 0, 1, 'chat', new Uint8Array(1)]],
  ['too many parts', [ID_BYTES, 0, 1_000, 'chat', new Uint8Array(1)]],
  ['a part that is empty', [ID_BYTES, 0, 2, 'chat', new Uint8Array(0)]],
  ['a part of parts', [ID_BYTES, 0, 2, PARTS, new Uint8Array(1)]],
  ['a short id', [new Uint8Array(15), 0, 2, 'chat', new Uint8Array(1)]],
])('S175: %s end in a DecodeError', (_what, fields) => {
  const assembly = new Assembly();
  const said = Array.isArray(fields) ? part(...(fields as unknown[])) : incoming(encodeContent(fields));
  expect(() => assembly.take(said, 0, wanted)).toThrow(DecodeError);
  expect(assembly.size).toBe(0);
});

it('S175: a part that does not fit those before ends in a DecodeError, and changes nothing', () => {
  const assembly = new Assembly();
  const [first, second] = cutIntoParts(ID, 'chat', new Uint8Array(100_000)) as [Uint8Array, Uint8Array];
  assembly.take(incoming(first), 0, wanted);
  for (const [count, channel] of [
    [3, 'chat'],
    [2, '#other'],
  ]) {
    expect(() => assembly.take(part(ID_BYTES, 1, count, channel, new Uint8Array(1)), 0, wanted)).toThrow(DecodeError);
  }
  expect(assembly.take(incoming(second), 0, wanted)?.envelope.content).toHaveLength(100_000);
});
