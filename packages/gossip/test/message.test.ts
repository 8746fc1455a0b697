import { below, decode, DecodeError, encode, SeededRng } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, Gossip } from '../src/index.js';
import type { Digest, Message, Payload } from '../src/index.js';
import { envelopeOf, id, NETWORK } from './network.js';

const message: Payload = {
  type: 'payload',
  envelope: envelopeOf(id(1)),
  ttl: 8,
  hops: 3,
  path: [id(1), id(2), id(3)],
  pinned: true,
  ageMs: 0,
  mode: 'flood',
  receiptMs: 0,
};

/** All groups of authors. */
const ALL = Array.from({ length: 64 }, (_, n) => n);

const digest: Digest = {
  type: 'digest',
  answer: false,
  buckets: ALL,
  sinceMs: 12_345,
  authors: [
    {
      peer: id(1),
      epoch: 1_700_000_000_000,
      seen: [
        [1, 4],
        [6, 6],
      ],
    },
    { peer: id(2), epoch: 1, seen: [] },
  ],
};

const short = (n: number): string => n.toString(16).padStart(16, '0');

/** One of each other type. */
const others: readonly Message[] = [
  { ...message, pinned: false, mode: 'own', receiptMs: 9_600 },
  { type: 'summary', sinceMs: 5, sums: new Uint8Array(192).fill(9) },
  { type: 'ihave', ids: [short(1), short(2)], hops: [0, 255] },
  { type: 'graft', tree: id(7), ids: [] },
  { type: 'graft', tree: undefined, ids: [short(3)] },
  { type: 'prune', tree: undefined },
  { type: 'prune', tree: id(7) },
  {
    type: 'gone',
    authors: [
      {
        peer: id(1),
        epoch: 2,
        ageMs: 3,
        lost: [[1, 4]],
        withheld: [
          [6, 6],
          [9, 12],
        ],
      },
    ],
  },
  { type: 'receipt', id: message.envelope.id, count: 4_000_000_000 },
];

const wired = (sent: Message): Message => decodeMessage(decode(encode(encodeMessage(sent))));

describe('messages on the wire', () => {
  it('S22: decode to what was encoded, the signed bytes untouched', () => {
    const read = wired(message);
    expect(read).toEqual(message);
    expect(read).toMatchObject({ envelope: { bytes: message.envelope.bytes, id: message.envelope.id } });
  });

  it('a digest, too', () => {
    expect(wired(digest)).toEqual(digest);
    expect(wired({ ...digest, answer: true, buckets: [], authors: [] })).toMatchObject({
      answer: true,
      authors: [],
    });
  });

  it.each(others.map((each) => [each.type, each] as const))('%s, too', (_, each) => {
    expect(wired(each)).toEqual(each);
  });

  it('the largest digest fits into 16 KiB', () => {
    const seen = Array.from({ length: 16 }, (_, n) => [1e9 + 2 * n, 1e9 + 2 * n] as const);
    const authors = Array.from({ length: 64 }, (_, n) => ({ peer: id(n), epoch: 1.7e12, seen }));
    expect(encode(encodeMessage({ ...digest, authors })).length).toBeLessThan(16_384);
  });

  it('keep the signature slot', () => {
    const signed = { ...message, envelope: { ...message.envelope, signature: new Uint8Array(64).fill(7) } };
    expect(wired(signed)).toMatchObject({ envelope: { signature: signed.envelope.signature } });
  });

  it('cost 22 bytes a hop and 21 more besides the envelope', () => {
    const size = (path: string[]) => encode(encodeMessage({ ...message, path, hops: path.length })).length;
    expect(size([id(1), id(2)]) - size([id(1)])).toBe(22);
    expect(size([id(1)]) - message.envelope.bytes.length).toBe(22 + 21);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'payload'],
    ['an unknown tag', [9, [], 1, 1, [], false]],
    ['too few fields', [0]],
    ['a negative TTL', [0, [message.envelope.bytes, new Uint8Array(0)], -1, 1, [], false, 0]],
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
    ['a digest with half a range', [1, false, new Uint8Array(8), 0, [[new Uint8Array(20), 1, [1, 2, 4]]]]],
    ['ranges that descend', [1, false, new Uint8Array(8), 0, [[new Uint8Array(20), 1, [5, 6, 1, 2]]]]],
    ['ranges without a gap', [1, false, new Uint8Array(8), 0, [[new Uint8Array(20), 1, [1, 2, 3, 4]]]]],
    ['a sequence number of 0', [1, false, new Uint8Array(8), 0, [[new Uint8Array(20), 1, [0, 2]]]]],
    [
      '17 ranges',
      [1, false, new Uint8Array(8), 0, [[new Uint8Array(20), 1, Array.from({ length: 34 }, (_, n) => 1 + 2 * n)]]],
    ],
    ['65 authors', [1, false, new Uint8Array(8), 0, Array.from({ length: 65 }, () => [new Uint8Array(20), 1, []])]],
    ['an age that is none', [1, false, new Uint8Array(8), -1, []]],
    ['half an id', [2, new Uint8Array(12)]],
    ['33 ids', [2, new Uint8Array(33 * 9)]],
    ['half an id to graft', [3, null, new Uint8Array(12)]],
    ['a tree of nobody', [4, new Uint8Array(19)]],
    ['a short summary', [7, 0, new Uint8Array(191)]],
    ['a receipt of fewer than none', [6, new Uint8Array(16), -1]],
    [
      'a mode of a later version',
      [0, [message.envelope.bytes, new Uint8Array(0)], 1, 1, [new Uint8Array(20)], false, 0, 4],
    ],
    ['no envelope', [0, [new Uint8Array(3), new Uint8Array(0)], 1, 1, [new Uint8Array(20)], false]],
  ])('S175, S176: %s is a DecodeError', (_, value) => {
    expect(() => decodeMessage(value)).toThrow(DecodeError);
  });

  it('S175: 60,000 mutated messages end in a DecodeError or a message that the machine survives', () => {
    const originals = [message, digest, ...others].map((each) => encode(encodeMessage(each)));
    let decoded = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = new SeededRng(seed);
        const machine = new Gossip({ peerId: id(9), network: NETWORK, rng: new SeededRng(1) });
        machine.handle({ type: 'peerUp', peer: id(3) }, 0, []);
        machine.handle({ type: 'peerUp', peer: id(4) }, 0, []);
        for (let n = 0; n < 200; n++) {
          const bytes = mutate(originals[n % originals.length] as Uint8Array, rng);
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
