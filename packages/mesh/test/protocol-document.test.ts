import { readFileSync } from 'node:fs';
import { bytesToHex, encode, encodeContent, hexToBytes, sealEnvelope } from '@peerpigeon/core';
import { expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../src/index.js';
import type { Frame } from '../src/index.js';

/** The examples of PROTOCOL.md, from which third parties check theirs. */
const DOCUMENT = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');
const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

const envelope = sealEnvelope({
  kind: 'broadcast',
  network: 'global',
  channel: 'chat',
  from: A,
  epoch: 1,
  seq: 1,
  timestamp: 0,
  content: encodeContent('hi'),
});
const record = { id: A, epoch: 1, caps: { maxPeers: 3 }, expires: 86_400_001 };

const FRAMES: readonly (readonly [string, Frame])[] = [
  ['ping', { channel: 'link', message: { type: 'ping', nonce: 7 } }],
  ['goodbye', { channel: 'link', message: { type: 'goodbye', reason: 'bye' } }],
  [
    'hello',
    { channel: 'link', message: { type: 'hello', versions: [1], network: 'global', maxFrameBytes: 65_536, record } },
  ],
  ['status', { channel: 'topology', message: { kind: 'status', role: 'ring', open: false, ringOk: true } }],
  [
    'neighbours',
    {
      channel: 'topology',
      message: {
        kind: 'neighbours',
        ask: true,
        entries: [{ record, ageMs: 0, open: false, route: [] }],
        lost: [{ peer: 'd'.repeat(40), epoch: 1, ageMs: 1_000 }],
        links: [B],
        leaves: [],
      },
    },
  ],
  ['tunnel', { channel: 'topology', message: { kind: 'tunnel', ack: false } }],
  [
    'the broadcast',
    {
      channel: 'gossip',
      message: {
        type: 'payload',
        envelope,
        ttl: 10,
        hops: 1,
        path: [A],
        pinned: false,
        ageMs: 0,
        mode: 'flood',
        receiptMs: 0,
      },
    },
  ],
  [
    'digest',
    {
      channel: 'gossip',
      message: {
        type: 'digest',
        answer: false,
        buckets: Array.from({ length: 64 }, (_, n) => n),
        sinceMs: 1_000,
        authors: [
          {
            peer: A,
            epoch: 1,
            seen: [
              [1, 4],
              [6, 6],
            ],
          },
        ],
      },
    },
  ],
  [
    'nack',
    {
      channel: 'routing',
      message: { type: 'nack', messageId: envelope.id, from: B, to: A, route: [], ttl: 255, reason: 'unreachable' },
    },
  ],
  [
    'parcel',
    {
      channel: 'routing',
      message: {
        type: 'parcel',
        address: 'peer',
        to: 'd'.repeat(40),
        ttl: 9,
        path: [A],
        body: encode(['hi']),
        route: ['c'.repeat(40)],
        goal: null,
        mode: 0,
      },
    },
  ],
  [
    'datagram',
    {
      channel: 'datagram',
      message: { type: 'datagram', channel: 'game', content: new Uint8Array([1, 2, 3]) },
    },
  ],
];

test.each(FRAMES)('PROTOCOL.md shows the bytes of %s', (name, frame) => {
  const hex = new RegExp(`^\\| ${name}\\b.*\\| \`([0-9a-f]+)\` \\|$`, 'm').exec(DOCUMENT)?.[1] ?? '';
  expect(bytesToHex(encodeFrame(frame))).toBe(hex);
  expect(decodeFrame(hexToBytes(hex))).toEqual(frame);
});

test('PROTOCOL.md shows the id of the broadcast', () => {
  expect(/^The broadcast's message id is `(\w+)`/m.exec(DOCUMENT)?.[1]).toBe(envelope.id);
});
