import { DecodeError, SeededRng, below, decode, encode } from '@peerpigeon/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Transfer, decodeMessage, encodeMessage } from '../src/index.js';
import type { Message, Output } from '../src/index.js';
import { BOB } from './world.js';

const id = 'ab'.repeat(16);
const hash = new Uint8Array(32).fill(7);
const bytes = Uint8Array.of(1, 2, 3);

const MESSAGES: readonly Message[] = [
  { type: 'offer', id, kind: 'file', name: 'cat.jpg', mime: 'image/jpeg', size: 5, timestamp: 1 },
  { type: 'offer', id, kind: 'stream', name: 'log', mime: '', size: null, timestamp: 1.5 },
  { type: 'ack', id, accepted: true, received: 3, verified: 2, credit: 4, rewinds: 1 },
  { type: 'chunk', id, offset: 0, bytes, block: { length: 5, hash } },
  { type: 'chunk', id, offset: 3, bytes },
  { type: 'end', id, size: 5, root: hash },
  { type: 'done', id },
  { type: 'cancel', id, side: 'receiver', reason: 'cancelled', text: 'enough' },
];
const [OFFER, , ACK, CHUNK] = MESSAGES.map(encodeMessage) as unknown[][];

/** A message with one field replaced. */
function but(message: unknown[] | undefined, field: number, value: unknown): unknown[] {
  return (message ?? []).map((each, n) => (n === field ? value : each));
}

describe('messages on the wire', () => {
  it.each(MESSAGES)('$type decodes to what was encoded', (message) => {
    expect(decodeMessage(decode(encode(encodeMessage(message))))).toEqual(message);
  });

  it('a chunk costs less besides its bytes than is kept free for it', () => {
    const offset = Number.MAX_SAFE_INTEGER - 3;
    const chunk = { type: 'chunk', id, offset, bytes, block: { length: 1_048_576, hash } } as const;
    const size = (message: Message): number => encode([5, encodeMessage(message)]).length - bytes.length;
    expect(size({ type: 'chunk', id, offset, bytes })).toBeLessThan(64);
    expect(size(chunk)).toBeLessThan(128);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an unknown tag', [9, new Uint8Array(16)]],
    ['a short id', but(OFFER, 1, new Uint8Array(15))],
    ['an unknown kind', but(OFFER, 2, 3)],
    ['a long name', but(OFFER, 3, 'x'.repeat(256))],
    ['a size below 0', but(OFFER, 5, -1)],
    ['a time that is none', but(OFFER, 6, NaN)],
    ['more verified than received', but(ACK, 4, 4)],
    ['more received than credit', but(ACK, 3, 5)],
    ['a chunk of nothing', but(CHUNK, 3, new Uint8Array(0))],
    ['a block shorter than its chunk', but(CHUNK, 4, 2)],
    ['a block over 1 MiB', but(CHUNK, 4, 1_048_577)],
    ['a short hash', but(CHUNK, 5, new Uint8Array(31))],
    ['an offset over 2^53', but(CHUNK, 2, 2 ** 53)],
  ])('S175, S176: %s is a DecodeError', (_, value) => {
    expect(() => decodeMessage(value)).toThrow(DecodeError);
  });

  it('S175: 60,000 mutated messages end in a DecodeError or a message that the machine survives', () => {
    const originals = MESSAGES.map((message) => encode(encodeMessage(message)));
    let decoded = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const rng = new SeededRng(seed);
        const machine = new Transfer();
        const out: Output[] = [];
        machine.handle({ type: 'peerUp', peer: BOB, maxFrameBytes: 65_536 }, 0, out);
        const description = { kind: 'file', name: 'a', mime: '', size: 5, timestamp: 1 } as const;
        machine.handle({ type: 'offer', id, to: BOB, description }, 0, out);
        for (let n = 0; n < 200; n++) {
          const mutated = mutate(originals[n % originals.length] as Uint8Array, rng);
          let read: Message;
          try {
            read = decodeMessage(decode(mutated));
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
            continue;
          }
          decoded++;
          machine.handle({ type: 'received', from: BOB, message: read, path: [BOB] }, 0, out);
          for (const output of out.splice(0)) {
            if (output.type !== 'event' || output.event.type !== 'offered') continue;
            machine.handle({ type: 'accept', transfer: output.event.transfer }, 0, out);
          }
        }
        for (const { size, cap } of Object.values(machine.mapSizes)) expect(size).toBeLessThanOrEqual(cap);
      }),
      { numRuns: 300 },
    );
    expect(decoded).toBeGreaterThan(1_000);
  });
});

/** One to four flipped, dropped, doubled or drawn bytes. */
function mutate(original: Uint8Array, rng: SeededRng): Uint8Array {
  const mutated = [...original];
  for (let n = 1 + below(rng, 4); n > 0; n--) {
    const at = below(rng, mutated.length);
    switch (below(rng, 5)) {
      case 0:
        mutated.splice(at, 1, (mutated.at(at) ?? 0) ^ (1 << below(rng, 8)));
        break;
      case 1:
        mutated.splice(at, 1 + below(rng, 8));
        break;
      case 2:
        mutated.splice(at, 0, below(rng, 256));
        break;
      case 3:
        mutated[at] = below(rng, 256);
        break;
      default:
        mutated.length = Math.max(1, at);
    }
  }
  return Uint8Array.from(mutated);
}
