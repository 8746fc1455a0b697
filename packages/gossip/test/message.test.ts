import { below, decode, DecodeError, encode, SeededRng } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, Gossip } from '../src/index.js';
import type { Message } from '../src/index.js';
import { envelopeOf, id, NETWORK } from './network.js';

const message: Message = {
  type: 'payload',
  envelope: envelopeOf(id(1)),
  ttl: 8,
  hops: 3,
  path: [id(1), id(2), id(3)],
  pinned: true,
};

describe('messages on the wire', () => {
  it('S22: decode to what was encoded, the signed bytes untouched', () => {
    const read = decodeMessage(decode(encode(encodeMessage(message))));
    expect(read).toEqual(message);
    expect(read.envelope.bytes).toEqual(message.envelope.bytes);
    expect(read.envelope.id).toBe(message.envelope.id);
  });

  it('keep the signature slot', () => {
    const signed = { ...message, envelope: { ...message.envelope, signature: new Uint8Array(64).fill(7) } };
    expect(decodeMessage(decode(encode(encodeMessage(signed)))).envelope.signature).toEqual(signed.envelope.signature);
  });

  it('cost 22 bytes a hop and 17 more besides the envelope', () => {
    const size = (path: string[]) => encode(encodeMessage({ ...message, path, hops: path.length })).length;
    expect(size([id(1), id(2)]) - size([id(1)])).toBe(22);
    expect(size([id(1)]) - message.envelope.bytes.length).toBe(22 + 17);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'payload'],
    ['an unknown tag', [9, [], 1, 1, [], false]],
    ['too few fields', [0]],
    ['a negative TTL', [0, [message.envelope.bytes, new Uint8Array(0)], -1, 1, [], false]],
    ['a TTL over 1023', [0, [message.envelope.bytes, new Uint8Array(0)], 1024, 1, [], false]],
    [
      'a path over 1023',
      [
        0,
        [message.envelope.bytes, new Uint8Array(0)],
        1,
        1,
        Array.from({ length: 1024 }, () => new Uint8Array(20)),
        false,
      ],
    ],
    ['a short id', [0, [message.envelope.bytes, new Uint8Array(0)], 1, 1, [new Uint8Array(19)], false]],
    ['a long signature', [0, [message.envelope.bytes, new Uint8Array(65)], 1, 1, [new Uint8Array(20)], false]],
    ['no envelope', [0, [new Uint8Array(3), new Uint8Array(0)], 1, 1, [new Uint8Array(20)], false]],
  ])('S175, S176: %s is a DecodeError', (_, value) => {
    expect(() => decodeMessage(value)).toThrow(DecodeError);
  });

  it('S175: 60,000 mutated messages end in a DecodeError or a message that the machine survives', () => {
    const original = encode(encodeMessage(message));
    let decoded = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = new SeededRng(seed);
        const machine = new Gossip({ peerId: id(9), network: NETWORK });
        machine.handle({ type: 'peerUp', peer: id(3) }, 0, []);
        machine.handle({ type: 'peerUp', peer: id(4) }, 0, []);
        for (let n = 0; n < 200; n++) {
          const bytes = mutate(original, rng);
          let read: Message;
          try {
            read = decodeMessage(decode(bytes));
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
            continue;
          }
          decoded++;
          machine.handle({ type: 'received', from: id(3), message: read }, 0, []);
        }
        const { received, delivered, duplicates, expired, refused } = machine.counters;
        expect(delivered + duplicates + expired + refused).toBe(received);
      }),
      { numRuns: 300 },
    );
    expect(decoded).toBeGreaterThan(1_000);
  });
});

/** One to four flipped, dropped, doubled or drawn bytes. */
function mutate(original: Uint8Array, rng: SeededRng): Uint8Array {
  const bytes = [...original];
  for (let n = 1 + below(rng, 4); n > 0; n--) {
    const at = below(rng, bytes.length);
    switch (below(rng, 5)) {
      case 0:
        bytes.splice(at, 1, (bytes.at(at) ?? 0) ^ (1 << below(rng, 8)));
        break;
      case 1:
        bytes.splice(at, 1 + below(rng, 8));
        break;
      case 2:
        bytes.splice(at, 0, below(rng, 256));
        break;
      case 3:
        bytes[at] = below(rng, 256);
        break;
      default:
        bytes.length = Math.max(1, at);
    }
  }
  return Uint8Array.from(bytes);
}
