import { DecodeError, SeededRng, below, decode, encode } from '@peerpigeon/core';
import { expect, test } from 'vitest';
import { MAX_ENTRIES, decodeMessage, encodeMessage } from '../src/message.js';
import type { Message } from '../src/message.js';
import { record } from './network.js';

const A = 'a'.repeat(40);
const MESSAGES: Message[] = [
  { kind: 'status', role: 'finger', open: true, ringOk: false },
  {
    kind: 'neighbours',
    ask: true,
    entries: [
      { record: record(A), ageMs: 40, open: false },
      { record: record('c'.repeat(40)), ageMs: 0, open: true, route: [A, 'd'.repeat(40)] },
    ],
    lost: [{ peer: 'e'.repeat(40), epoch: 7, ageMs: 1_200 }],
    links: [A],
    leaves: ['b'.repeat(40)],
  },
  { kind: 'tunnel', ack: true },
  { kind: 'lodge', peer: A, route: ['d'.repeat(40)], ageMs: 1_200 },
  { kind: 'notice', reason: 'replaced by a nearer peer', peers: [record(A)] },
];

test.each(MESSAGES)('$kind comes back from the wire as it was', (message) => {
  expect(decodeMessage(decode(encode(encodeMessage(message))))).toEqual(message);
});

test('S176: more entries than agreed are refused', () => {
  const entries = Array.from({ length: MAX_ENTRIES + 1 }, () => ({ record: record(A), ageMs: 0, open: false }));
  const wire = encodeMessage({ kind: 'neighbours', ask: false, entries, lost: [], links: [], leaves: [] });
  expect(() => decodeMessage(wire)).toThrow(DecodeError);
});

test('S175: 50,000 mutated messages end in a message or a DecodeError', () => {
  const rng = new SeededRng(4);
  const originals = MESSAGES.map((message) => encode(encodeMessage(message)));
  let refused = 0;
  for (let i = 0; i < 50_000; i++) {
    const bytes = Uint8Array.from(originals[i % originals.length] as Uint8Array);
    for (let flips = 1 + below(rng, 3); flips > 0; flips--) bytes[below(rng, bytes.length)] = below(rng, 256);
    try {
      decodeMessage(decode(bytes));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(5_000);
});
