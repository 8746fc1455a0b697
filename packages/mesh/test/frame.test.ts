import { DecodeError, SeededRng, below, encode, sealEnvelope } from '@peerpigeon/core';
import { describe, expect, test } from 'vitest';
import { encodeParcel } from '../src/frame.js';
import { decodeFrame, encodeFrame } from '../src/index.js';
import { priorityOf, sizeOf } from '../src/priority.js';
import type { Frame } from '../src/index.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const record = { id: A, epoch: 5, caps: { maxPeers: 3 }, expires: 99 };
const common = { network: 'n', channel: 'chat', from: A, epoch: 5, seq: 1, timestamp: 7, content: new Uint8Array([1]) };
const broadcast = sealEnvelope({ ...common, kind: 'broadcast' });
const direct = sealEnvelope({ ...common, kind: 'direct', to: B });

const PARCEL = {
  type: 'parcel',
  address: 'peer',
  to: B,
  ttl: 9,
  path: [A],
  route: [],
  goal: null,
  mode: 0,
} as const;

test('a parcel of 20 KiB fits into a frame of 64 KiB, however far it has come and still has to go', () => {
  const ids = Array.from({ length: 1_023 }, (_, n) => (n + 1).toString(16).padStart(40, '0'));
  const body = new Uint8Array(20_480);
  const message = { ...PARCEL, path: ids, route: ids.slice(0, 40), goal: B, body };
  const bytes = encodeFrame({ channel: 'routing', message });
  expect(bytes.length).toBeLessThan(45_000);
  expect(decodeFrame(bytes)).toEqual({ channel: 'routing', message });
});

const FRAMES: Frame[] = [
  { channel: 'link', message: { type: 'hello', versions: [1], network: 'n', maxFrameBytes: 65_536, record } },
  { channel: 'link', message: { type: 'ping', nonce: 3 } },
  { channel: 'link', message: { type: 'goodbye', reason: 'bye' } },
  { channel: 'topology', message: { kind: 'status', role: 'ring', open: true, ringOk: false } },
  {
    channel: 'topology',
    message: {
      kind: 'neighbours',
      ask: true,
      entries: [{ record, ageMs: 12, open: true, route: [A, B] }],
      lost: [{ peer: B, epoch: 7, ageMs: 3 }],
      links: [A],
      leaves: [B],
    },
  },
  { channel: 'topology', message: { kind: 'notice', reason: 'replaced', peers: [record] } },
  {
    channel: 'gossip',
    message: {
      type: 'payload',
      envelope: broadcast,
      ttl: 9,
      hops: 1,
      path: [A],
      pinned: false,
      ageMs: 0,
      mode: 'flood',
      receiptMs: 0,
    },
  },
  {
    channel: 'gossip',
    message: {
      type: 'digest',
      answer: true,
      buckets: [],
      sinceMs: 5,
      authors: [{ peer: A, epoch: 1, seen: [[1, 3]] }],
    },
  },
  {
    channel: 'routing',
    message: { type: 'data', envelope: direct, ttl: 9, hops: 1, path: [A], route: [], goal: null, mode: 0, attempt: 0 },
  },
];

describe('frames', () => {
  test.each(FRAMES)('$channel: decodes to what was encoded', (frame) => {
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
  });

  test('a channel of a later version is refused as unexpected', () => {
    expect(() => decodeFrame(encode([77, []]))).toThrow(DecodeError);
  });

  test('S176: a frame of the size that the hello announces is taken, a larger one is refused', () => {
    const sized = (content: number): Uint8Array => {
      const envelope = sealEnvelope({ ...common, kind: 'broadcast', content: new Uint8Array(content) });
      return encodeFrame({
        channel: 'gossip',
        message: {
          type: 'payload',
          envelope,
          ttl: 9,
          hops: 1,
          path: [A],
          pinned: false,
          ageMs: 0,
          mode: 'flood',
          receiptMs: 0,
        },
      });
    };
    const spare = 65_536 - sized(60_000).length;
    expect(decodeFrame(sized(60_000 + spare)).channel).toBe('gossip');
    expect(() => decodeFrame(sized(60_001 + spare))).toThrow(DecodeError);
    expect(decodeFrame(sized(60_001 + spare), 65_537).channel).toBe('gossip');
  });

  test('S175: 60,000 mutated frames end in a frame or a DecodeError', () => {
    const rng = new SeededRng(1);
    const originals = FRAMES.map(encodeFrame);
    let refused = 0;
    for (let i = 0; i < 60_000; i++) {
      const bytes = Uint8Array.from(originals[i % originals.length] as Uint8Array);
      for (let flips = 1 + below(rng, 4); flips > 0; flips--) bytes[below(rng, bytes.length)] = below(rng, 256);
      try {
        decodeFrame(below(rng, 8) === 0 ? bytes.subarray(0, below(rng, bytes.length)) : bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(10_000);
  });

  test('a parcel of topology counts as control where it begins and at each relay, one of another protocol by its content', () => {
    const notice = { kind: 'notice', reason: 'replaced', peers: [] } as const;
    const sent: Frame = { channel: 'routing', message: { ...PARCEL, body: notice } };
    const relayed = decodeFrame(encodeFrame(sent));
    expect([sizeOf(relayed), priorityOf(relayed)]).toEqual([sizeOf(sent), 'control']);
    const other: Frame = { channel: 'routing', message: { ...PARCEL, body: encodeParcel(5, new Uint8Array(8_000)) } };
    expect(sizeOf(other)).toBeGreaterThan(8_000);
    expect(priorityOf(other)).toBe('bulk');
  });
});
