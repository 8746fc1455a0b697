import { DecodeError } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClientMessage,
  DEFAULT_LIMITS,
  MAX_PEERS_PER_MESSAGE,
  type ServerMessage,
  SIGNAL_KINDS,
  decodeClientMessage,
  decodeServerMessage,
  encodeClientMessage,
  encodeServerMessage,
} from '../src/index.js';

const ALICE = 'a'.repeat(40);
const BOB = 'b'.repeat(40);
const record: PeerRecord = {
  id: ALICE,
  publicKey: new Uint8Array(32).fill(7),
  epoch: 1_700_000_000_000,
  caps: { maxPeers: 8 },
  expires: 1_700_000_600_000,
};

const id = fc
  .array(fc.constantFrom(...Array.from('0123456789abcdef')), { minLength: 40, maxLength: 40 })
  .map((digits) => digits.join(''));
const payload = fc.jsonValue({ maxDepth: 4 });
const anyRecord = id.map((peer): PeerRecord => ({ ...record, id: peer }));
const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  anyRecord.map((each): ClientMessage => ({
    type: 'announce',
    peerId: each.id,
    network: 'chess club',
    protocol: 1,
    record: each,
  })),
  fc
    .record({
      lost: fc.array(id, { maxLength: 32 }),
      sample: fc.nat(8),
      seeking: fc.nat(64),
      resume: fc.string({ maxLength: 128 }),
    })
    .map((asked): ClientMessage => ({ type: 'announce', peerId: ALICE, protocol: 1, ...asked })),
  fc.constantFrom<ClientMessage[]>({ type: 'goodbye' }, { type: 'cleanup' }, { type: 'ping' }),
  fc
    .tuple(fc.constantFrom(...SIGNAL_KINDS), id, payload)
    .map(([type, to, data]): ClientMessage => ({ type, to, data })),
);
const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(
  fc.constant<ServerMessage>({
    type: 'connected',
    peerId: ALICE,
    protocol: 1,
    peerTimeoutMs: 300_000,
    maxMessageBytes: 1_048_576,
    resume: 'f'.repeat(32),
  }),
  fc.array(anyRecord, { maxLength: 10 }).map((peers): ServerMessage => ({ type: 'peers', peers })),
  anyRecord.map((each): ServerMessage => ({ type: 'peer-discovered', peerId: each.id, record: each })),
  id.map((peerId): ServerMessage => ({ type: 'peer-disconnected', peerId })),
  fc.constant<ServerMessage>({ type: 'pong' }),
  fc.record({ type: fc.constant('drain' as const), afterMs: fc.option(fc.nat(), { nil: undefined }) }),
  fc.string().map((message): ServerMessage => ({ type: 'error', code: 'TARGET_ABSENT', message, targetPeerId: BOB })),
  fc
    .tuple(fc.constantFrom(...SIGNAL_KINDS), id, payload)
    .map(([type, from, data]): ServerMessage => ({ type, from, data })),
);

/** What JSON keeps of a value: −0 becomes 0. */
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Text that was a message once: a character changed, doubled, dropped, the end cut off, or two texts spliced. */
function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    fc.tuple(text, fc.nat(), fc.constantFrom(...Array.from('{}[]":,0eE-\\u\u0000x'))).map(([whole, at, char]) => {
      const index = at % whole.length;
      return whole.slice(0, index) + char + whole.slice(index + 1);
    }),
    fc.tuple(text, fc.nat()).map(([whole, at]) => whole.slice(0, at % whole.length)),
    fc
      .tuple(text, text, fc.nat())
      .map(([one, other, at]) => one.slice(0, at % one.length) + other.slice(at % other.length)),
    fc
      .tuple(text, fc.nat(), fc.nat())
      .map(([whole, a, b]) => whole.slice(0, a % whole.length) + whole.slice(b % whole.length)),
    // A field's value replaced by any other JSON value.
    fc
      .tuple(text, fc.constantFrom('type', 'data', 'fromPeerId', 'targetPeerId', 'timestamp'), fc.jsonValue())
      .map(([whole, field, value]) => JSON.stringify({ ...(JSON.parse(whole) as object), [field]: value })),
    fc
      .tuple(
        text,
        fc.constantFrom('peerId', 'network', 'record', 'protocol', 'peers', 'lost', 'sample', 'code'),
        fc.jsonValue(),
      )
      .map(([whole, field, value]) => {
        const envelope = JSON.parse(whole) as { data?: unknown };
        return JSON.stringify({ ...envelope, data: { ...(envelope.data as object | undefined), [field]: value } });
      }),
  );
}

function codeOf(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    if (error instanceof DecodeError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('a client’s messages', () => {
  test('survive the wire', () => {
    fc.assert(
      fc.property(clientMessage, (message) => {
        const text = encodeClientMessage(message, ALICE, 5);
        expect(throughJson(decodeClientMessage(text))).toEqual(throughJson(message));
      }),
    );
  });

  test('S119: travel in the README’s envelope', () => {
    const offer: ClientMessage = { type: 'offer', to: BOB, data: { type: 'offer', sdp: 'v=0' } };
    expect(JSON.parse(encodeClientMessage(offer, ALICE, 1_234_567_890))).toEqual({
      type: 'offer',
      data: { type: 'offer', sdp: 'v=0' },
      fromPeerId: ALICE,
      targetPeerId: BOB,
      timestamp: 1_234_567_890,
    });
    expect(JSON.parse(encodeClientMessage({ type: 'goodbye' }, ALICE, 7))).toEqual({
      type: 'goodbye',
      data: { peerId: ALICE, timestamp: 7 },
      fromPeerId: ALICE,
      timestamp: 7,
    });
  });

  test('S119: a README announce names its peer in data, beside it, or not at all', () => {
    for (const text of [
      { type: 'announce', data: { peerId: ALICE, timestamp: 1 } },
      { type: 'announce', peerId: ALICE, timestamp: 1, more: [1] },
    ]) {
      expect(decodeClientMessage(JSON.stringify(text))).toEqual({ type: 'announce', peerId: ALICE });
    }
    expect(decodeClientMessage('{"type":"announce"}')).toEqual({ type: 'announce' });
    expect(decodeClientMessage('{"type":"cleanup","reason":"done","data":"processed"}')).toEqual({ type: 'cleanup' });
    expect(decodeClientMessage('{"type":"ping","data":[]}')).toEqual({ type: 'ping' });
    expect(decodeClientMessage(`{"type":"ice-candidate","data":null,"targetPeerId":"${BOB}"}`)).toEqual({
      type: 'ice-candidate',
      to: BOB,
      data: null,
    });
  });

  test.each([
    ['not JSON', 'ping', 'MALFORMED'],
    ['nothing', '', 'MALFORMED'],
    ['half a string', '{"type":"pi\\', 'MALFORMED'],
    ['no object', '[]', 'UNEXPECTED'],
    ['null', 'null', 'UNEXPECTED'],
    ['no type', '{}', 'UNEXPECTED'],
    ['an unknown type', '{"type":"hub"}', 'UNEXPECTED'],
    ['a type of the prototype', '{"type":"toString"}', 'UNEXPECTED'],
    ['a type within __proto__', '{"__proto__":{"type":"ping"}}', 'UNEXPECTED'],
    ['a target that is no id', '{"type":"offer","data":1,"targetPeerId":"bob"}', 'UNEXPECTED'],
    ['a target in capitals', `{"type":"offer","data":1,"targetPeerId":"${'B'.repeat(40)}"}`, 'UNEXPECTED'],
    ['no target', '{"type":"offer","data":1}', 'UNEXPECTED'],
    ['no data to relay', `{"type":"offer","targetPeerId":"${BOB}"}`, 'UNEXPECTED'],
    ['announce data that is a string', '{"type":"announce","data":"x"}', 'UNEXPECTED'],
    ['an empty network', '{"type":"announce","data":{"network":""}}', 'UNEXPECTED'],
    ['a long network', `{"type":"announce","data":{"network":"${'n'.repeat(129)}"}}`, 'OVER_LIMIT'],
    ['losses that are no ids', '{"type":"announce","data":{"lost":["bob"]}}', 'UNEXPECTED'],
    ['losses that are no list', `{"type":"announce","data":{"lost":"${BOB}"}}`, 'UNEXPECTED'],
    [
      'more losses than agreed',
      JSON.stringify({ type: 'announce', data: { lost: Array.from({ length: 33 }, () => BOB) } }),
      'OVER_LIMIT',
    ],
    ['a sample over the limit', '{"type":"announce","data":{"sample":9}}', 'UNEXPECTED'],
    ['a token that is long', `{"type":"announce","data":{"resume":"${'x'.repeat(129)}"}}`, 'OVER_LIMIT'],
    ['a token that is none', '{"type":"announce","data":{"resume":1}}', 'UNEXPECTED'],
    ['a record that is none', '{"type":"announce","data":{"record":{"id":1}}}', 'UNEXPECTED'],
    [
      '10,000 nested arrays',
      `{"type":"offer","targetPeerId":"${BOB}","data":${'['.repeat(1e4)}${']'.repeat(1e4)}}`,
      'OVER_LIMIT',
    ],
    [
      '10,000 nested objects',
      `{"type":"offer","targetPeerId":"${BOB}","data":${'{"a":'.repeat(1e4)}1${'}'.repeat(1e4)}}`,
      'OVER_LIMIT',
    ],
    ['too long a text', `{"type":"ping","data":"${'x'.repeat(1024 * 1024)}"}`, 'OVER_LIMIT'],
  ])('refuses %s', (_what, text, code) => {
    expect(codeOf(() => decodeClientMessage(text))).toBe(code);
  });

  test('takes brackets and quotes within strings for text', () => {
    const data = { sdp: '[[{{"\\"'.repeat(100), deep: [[[[[['ok']]]]]] };
    const text = encodeClientMessage({ type: 'offer', to: BOB, data }, ALICE, 1);
    expect(decodeClientMessage(text)).toEqual({ type: 'offer', to: BOB, data });
  });

  test('relays __proto__ as the plain property that it is, and pollutes nothing', () => {
    const text = `{"type":"offer","targetPeerId":"${BOB}","data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}`;
    const message = decodeClientMessage(text);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    const relayed = encodeServerMessage({ type: 'offer', from: ALICE, data: (message as { data: unknown }).data }, 1);
    expect(relayed).toContain('"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
  });

  test('50,000 damaged texts: a message or a DecodeError, and what is accepted can be relayed', () => {
    const text = clientMessage.map((message) => encodeClientMessage(message, ALICE, 5));
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(mutated(text), (damaged) => {
        if (codeOf(() => decodeClientMessage(damaged)) !== 'accepted') seen.refused++;
        else {
          seen.accepted++;
          encodeClientMessage(decodeClientMessage(damaged), ALICE, 1);
        }
      }),
      { numRuns: 50_000 },
    );
    expect(seen.accepted).toBeGreaterThan(1000);
    expect(seen.refused).toBeGreaterThan(1000);
  });
});

describe('a server’s messages', () => {
  test('survive the wire', () => {
    fc.assert(
      fc.property(serverMessage, (message) => {
        const decoded = decodeServerMessage(encodeServerMessage(message, 5));
        expect(throughJson(decoded)).toEqual(throughJson(message));
        if (message.type === 'peers') expect(decoded).toEqual(message);
      }),
    );
  });

  test('S119: relayed ones name their sender in the envelope, the server’s own say system', () => {
    expect(JSON.parse(encodeServerMessage({ type: 'answer', from: BOB, data: { sdp: '' } }, 9))).toEqual({
      type: 'answer',
      fromPeerId: BOB,
      timestamp: 9,
      data: { sdp: '' },
    });
    expect(JSON.parse(encodeServerMessage({ type: 'peer-discovered', peerId: BOB }, 9))).toEqual({
      type: 'peer-discovered',
      fromPeerId: 'system',
      timestamp: 9,
      data: { peerId: BOB },
    });
  });

  test('the forms of other servers are read: no data, no record, ids beside', () => {
    expect(decodeServerMessage('{"type":"connected"}')).toEqual({ type: 'connected' });
    expect(decodeServerMessage(`{"type":"peer-discovered","data":{"peerId":"${BOB}","isHub":true}}`)).toEqual({
      type: 'peer-discovered',
      peerId: BOB,
    });
    expect(decodeServerMessage(`{"type":"peer-disconnected","peerId":"${BOB}"}`)).toEqual({
      type: 'peer-disconnected',
      peerId: BOB,
    });
    expect(decodeServerMessage('{"type":"error"}')).toEqual({ type: 'error', code: 'UNKNOWN', message: '' });
  });

  test.each([
    ['an unknown type', '{"type":"announce"}', 'UNEXPECTED'],
    ['a newcomer without an id', '{"type":"peer-discovered","data":{}}', 'UNEXPECTED'],
    [
      'a record of another peer',
      encodeServerMessage({ type: 'peer-discovered', peerId: BOB, record }, 1),
      'UNEXPECTED',
    ],
    ['peers that are none', '{"type":"peers","data":{"peers":[{}]}}', 'UNEXPECTED'],
    [
      'more peers than agreed',
      encodeServerMessage({ type: 'peers', peers: Array.from({ length: MAX_PEERS_PER_MESSAGE + 1 }, () => record) }, 1),
      'OVER_LIMIT',
    ],
    ['a relayed message from nobody', '{"type":"offer","data":{},"fromPeerId":"system"}', 'UNEXPECTED'],
    ['10,000 nested arrays', '['.repeat(10_000) + ']'.repeat(10_000), 'OVER_LIMIT'],
    ['10,000 arrays that do not end', '['.repeat(10_000), 'MALFORMED'],
  ])('refuses %s', (_what, text, code) => {
    expect(codeOf(() => decodeServerMessage(text))).toBe(code);
  });

  test('limits are the caller’s', () => {
    const text = encodeServerMessage({ type: 'pong' }, 1);
    expect(codeOf(() => decodeServerMessage(text, { ...DEFAULT_LIMITS, maxLength: text.length }))).toBe('accepted');
    expect(codeOf(() => decodeServerMessage(text, { ...DEFAULT_LIMITS, maxLength: text.length - 1 }))).toBe(
      'OVER_LIMIT',
    );
    expect(codeOf(() => decodeServerMessage('{"type":"pong","data":[[]]}', { ...DEFAULT_LIMITS, maxDepth: 2 }))).toBe(
      'OVER_LIMIT',
    );
  });

  test('50,000 damaged texts: a message or a DecodeError', () => {
    const text = serverMessage.map((message) => encodeServerMessage(message, 5));
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(mutated(text), (damaged) => {
        if (codeOf(() => decodeServerMessage(damaged)) === 'accepted') seen.accepted++;
        else seen.refused++;
      }),
      { numRuns: 50_000 },
    );
    expect(seen.accepted).toBeGreaterThan(1000);
    expect(seen.refused).toBeGreaterThan(1000);
  });
});
