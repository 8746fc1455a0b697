import { below, decode, DecodeError, encode, SeededRng } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, Routing } from '../src/index.js';
import type { Message, Output } from '../src/index.js';
import { envelopeOf, id, NETWORK } from './network.js';

const path = [id(1), id(2), id(3)];
const messageId = 'ab'.repeat(16);
const body = encode(['hello', 1]);
const messages: readonly Message[] = [
  {
    type: 'data',
    envelope: envelopeOf(id(1), id(9)),
    ttl: 253,
    hops: 3,
    path,
    route: [id(7)],
    goal: id(5),
    mode: 0,
    attempt: 0,
  },
  {
    type: 'data',
    envelope: envelopeOf(id(1), id(5)),
    ttl: 1,
    hops: 3,
    path,
    route: [],
    goal: null,
    mode: 2,
    attempt: 63,
  },
  { type: 'ack', messageId, from: id(5), to: id(1), route: path, ttl: 1023, hops: 3 },
  { type: 'nack', messageId, from: id(5), to: id(1), route: [], ttl: 1, reason: 'unreachable' },
  { type: 'nack', messageId, from: id(5), to: id(1), route: path, ttl: 1, reason: 'hop-limit' },
  { type: 'parcel', address: 'peer', to: id(9), ttl: 9, path, body, route: [id(7), id(8)], goal: id(8), mode: 1 },
  { type: 'parcel', address: 'key', to: id(5), ttl: 1, path, body, route: [], goal: null, mode: 0 },
  { type: 'parcel', address: 'walk', to: null, ttl: 6, path, body, route: [], goal: null, mode: 0 },
  { type: 'nack', messageId, from: id(5), to: id(1), route: [], ttl: 1, reason: 'refused' },
  { type: 'bounce', peer: id(9), to: id(1), route: [id(2)], ttl: 3 },
  { type: 'receipt', messageIds: [messageId, 'cd'.repeat(16)] },
];

describe('messages on the wire', () => {
  it.each(messages)('$type decodes to what was encoded', (message) => {
    expect(decodeMessage(decode(encode(encodeMessage(message, String))))).toEqual(message);
  });

  it('S175: relays forward the signed bytes and the signature untouched', () => {
    const envelope = { ...envelopeOf(id(1), id(9)), signature: new Uint8Array(64).fill(7) };
    const sent: Message = {
      type: 'data',
      envelope,
      ttl: 9,
      hops: 1,
      path: [id(1)],
      route: [],
      goal: null,
      mode: 0,
      attempt: 0,
    };
    const read = decodeMessage(decode(encode(encodeMessage(sent, String))));
    expect(read).toEqual(sent);
  });

  const sealed = [envelopeOf(id(1), id(9)).bytes, new Uint8Array(0)];
  const one = new Uint8Array(20);
  const tooMany = Array.from({ length: 1024 }, () => one);
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an unknown tag', [6]],
    ['too few fields', [0]],
    ['a TTL of 0', [0, sealed, 0, 1, [one], [], null, 0, 0]],
    ['a TTL over 1023', [0, sealed, 1024, 1, [one], [], null, 0, 0]],
    ['a path over 1023', [0, sealed, 1, 1, tooMany, [], null, 0, 0]],
    ['a short goal', [0, sealed, 1, 1, [one], [], new Uint8Array(19), 0, 0]],
    ['no envelope', [0, [one, one], 1, 1, [one], [], null, 0, 0]],
    ['a route over 40', [0, sealed, 1, 1, [one], tooMany.slice(0, 41), null, 0, 0]],
    ['an unknown mode', [0, sealed, 1, 1, [one], [], null, 7, 0]],
    ['no attempt', [0, sealed, 1, 1, [one], [], null, 0]],
    ['an attempt over 63', [0, sealed, 1, 1, [one], [], null, 0, 64]],
    ['a receipt of something short', [5, [new Uint8Array(15)]]],
    ['too many receipts', [5, Array.from({ length: 65 }, () => new Uint8Array(16))]],
    ['a short message id', [1, one, [], 1, new Uint8Array(15), one, 1]],
    ['a way back over 1023', [1, one, tooMany, 1, new Uint8Array(16), one, 1]],
    ['an unknown reason', [2, one, [], 1, new Uint8Array(16), one, 9]],
    ['an unknown address', [3, 3, one, 1, [one], one, [], null, 0]],
    ['a parcel to nobody', [3, 0, null, 1, [one], one, [], null, 0]],
    ['a parcel without a body', [3, 0, one, 1, [one], null, [], null, 0]],
    ['a parcel over 20 KiB', [3, 0, one, 1, [one], new Uint8Array(20_481), [], null, 0]],
    ['a bounce of nobody', [4, one, [], 1, null]],
  ])('S175, S176: %s is a DecodeError', (_, value) => {
    expect(() => decodeMessage(value)).toThrow(DecodeError);
  });

  it('S175: 60,000 mutated messages end in a DecodeError or a message that the machine survives', () => {
    const originals = messages.map((message) => encode(encodeMessage(message, String)));
    let decoded = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = new SeededRng(seed);
        const machine = new Routing({ peerId: id(5), network: NETWORK, rng });
        const out: Output[] = [];
        for (const peer of [id(3), id(4), id(8)]) machine.handle({ type: 'peerUp', peer }, 0, []);
        for (let n = 0; n < 200; n++) {
          const bytes = mutate(originals.at(below(rng, originals.length)) as Uint8Array, rng);
          let read: Message;
          try {
            read = decodeMessage(decode(bytes));
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
            continue;
          }
          decoded++;
          machine.handle({ type: 'received', from: id(3), message: read }, 0, out);
        }
        const { received, delivered, duplicates, relayed, nacked, receipts, stray, refused } = machine.counters;
        const bounced = out.filter((output) => output.type === 'event' && output.event.type === 'bounced').length;
        expect(delivered + duplicates + relayed + nacked + receipts + stray + refused + bounced).toBeGreaterThanOrEqual(
          received,
        );
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
