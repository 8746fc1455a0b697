import { encodeContent } from '@peerpigeon/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_BROADCAST_BYTES, MAX_CONTENT_BYTES, type PeerPigeonMesh } from '../src/index.js';
import { tape, World } from './world.js';

let world: World;
let a: PeerPigeonMesh;
let b: PeerPigeonMesh;
let c: PeerPigeonMesh;
beforeEach(async () => {
  world = new World();
  [a, b, c] = (await world.full(3)) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
});
afterEach(() => world.close());

const coded = (code: string) => expect.objectContaining({ code });

describe('broadcasts', () => {
  it('S13, S15–S20: reach everyone once, oneself included, with all fields', async () => {
    const tapes = [a, b, c].map((mesh) => tape(mesh, 'messageReceived'));
    const before = Date.now();
    const messageId = a.sendMessage('hello');
    expect(tapes[0], 'S13: after the call has returned').toEqual([]);
    await vi.waitUntil(() => tapes.every(({ length }) => length > 0));
    const common = { messageId, from: a.peerId, content: 'hello', direct: false, verified: false };
    const told = tapes.flatMap(([event]) => (event === undefined ? [] : [event]));
    expect(told).toMatchObject([
      { ...common, hops: 0, path: [a.peerId] },
      { ...common, hops: 1, path: [a.peerId] },
      { ...common, hops: 1, path: [a.peerId] },
    ]);
    const fields = ['content', 'direct', 'from', 'hops', 'messageId', 'path', 'timestamp', 'ttl', 'verified'];
    for (const event of told) {
      expect(Object.keys(event).sort()).toEqual(fields);
      expect(event.ttl + event.hops, 'S19').toBe(told[0]?.ttl);
      expect(event.timestamp).toBeGreaterThanOrEqual(before);
      expect(event.timestamp).toBeLessThanOrEqual(Date.now());
    }
    b.sendMessage('after');
    await vi.waitUntil(() => tapes.every((events) => events.some(({ content }) => content === 'after')));
    expect(
      tapes.map((events) => events.length),
      'each once',
    ).toEqual([2, 2, 2]);
  });

  it.each([
    ['the empty string', ''],
    ['null', null],
    ['an object', { text: 'ü', list: [1, -0, NaN, true, null, undefined], nested: { big: 10n ** 30n } }],
    ['bytes', new Uint8Array([0, 1, 1023])],
    ['an ArrayBuffer', new Uint16Array([1, 2]).buffer],
    ['a map of sets', new Map([['a', new Set([1, 'x'])]])],
    ['a date', new Date(1_700_000_000_123)],
    ['prototype-like keys', JSON.parse('{"__proto__": 1, "constructor": 2}')],
  ])('S13: %s arrives equal in value and type', async (_what, content: unknown) => {
    const events = tape(b, 'messageReceived');
    a.sendMessage(content);
    await vi.waitUntil(() => events.length > 0);
    expect(events[0]?.content).toStrictEqual(content);
  });

  it('S13: content is taken at the call', async () => {
    const events = tape(b, 'messageReceived');
    const content = { text: 'then' };
    a.sendMessage(content);
    content.text = 'later';
    await vi.waitUntil(() => events.length > 0);
    expect(events[0]?.content).toEqual({ text: 'then' });
  });

  it('S13: bad content throws a TypeError with a code, and says where', () => {
    expect(() => a.sendMessage(undefined)).toThrow(coded('INVALID_TYPE'));
    expect(() => a.sendMessage({ run: () => 1 })).toThrow(TypeError);
    expect(() => a.sendMessage({ run: () => 1 })).toThrow(/content\.run/);
    expect(() => a.sendDirectMessage(b.peerId!, Symbol('x'))).toThrow(coded('INVALID_TYPE'));
  });

  it.each([MAX_CONTENT_BYTES, MAX_CONTENT_BYTES + 1, 300_000, MAX_BROADCAST_BYTES])(
    'S13: %d bytes, encoded, arrive at everyone once, in several parts where a frame is too short',
    async (bytes) => {
      const tapes = [a, b, c].map((mesh) => tape(mesh, 'messageReceived'));
      const header = encodeContent('x'.repeat(bytes - 16)).length - (bytes - 16);
      const content = 'x'.repeat(bytes - header);
      const messageId = a.sendMessage(content);
      b.sendMessage('after');
      await vi.waitUntil(() => tapes.every(({ length }) => length > 1));
      for (const events of tapes) {
        expect(events.filter((event) => event.content === content)).toMatchObject([
          { messageId, from: a.peerId, direct: false },
        ]);
        expect(events).toHaveLength(2);
      }
    },
  );

  it('S13: content over the limit throws MESSAGE_TOO_LARGE', () => {
    const tooLong = 'x'.repeat(MAX_BROADCAST_BYTES);
    const details = { maxBytes: MAX_BROADCAST_BYTES, got: expect.any(Number) as number };
    expect(() => a.sendMessage(tooLong)).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE', details }));
  });

  it('broadcast() counts whom a long message reached, too', async () => {
    const reach = await a.broadcast(new Uint8Array(200_000), { receipts: true });
    expect(reach).toMatchObject({ reached: 2, expected: 2 });
  });

  it('S23: a pinned TTL is what the sender starts with', async () => {
    const own = tape(a, 'messageReceived');
    a.sendMessage('near', { ttl: 4 });
    await vi.waitUntil(() => own.length > 0);
    expect(own[0]?.ttl).toBe(4);
    for (const ttl of [0, 1024, 1.5]) expect(() => a.sendMessage('x', { ttl })).toThrow(RangeError);
    expect(() => a.sendMessage('x', { ttl: '3' as never })).toThrow(TypeError);
  });

  it('S21: the memory of messages is readable', async () => {
    const before = a.gossipManager.seenMessages.size;
    const events = tape(b, 'messageReceived');
    for (let i = 0; i < 10; i++) a.sendMessage(i);
    await vi.waitUntil(() => events.length === 10);
    expect(a.gossipManager.seenMessages.size).toBe(before + 10);
    expect(events.map(({ content }) => content)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('direct messages', () => {
  it('S14, S17: reach one application alone, and their sender learns that', async () => {
    const [atA, atB, atC] = [a, b, c].map((mesh) => tape(mesh, 'messageReceived')) as [unknown[], unknown[], unknown[]];
    const delivered = tape(a, 'messageDelivered');
    const messageId = a.sendDirectMessage(b.peerId!.toUpperCase(), { secret: 1 });
    await vi.waitUntil(() => delivered.length > 0);
    expect(delivered[0]).toMatchObject({ messageId, peerId: b.peerId, hops: 1 });
    expect(delivered[0]?.roundTripMs).toBeGreaterThanOrEqual(0);
    const expected = { messageId, from: a.peerId, content: { secret: 1 }, direct: true, hops: 1, path: [a.peerId] };
    expect(atB).toMatchObject([expected]);
    expect([atA, atC]).toEqual([[], []]);
  });

  it('S14: one to a peer that nobody can reach fails with a reason', async () => {
    const failed = tape(a, 'messageFailed');
    const messageId = a.sendDirectMessage('nobody at all', 'x');
    await vi.waitUntil(() => failed.length > 0, { timeout: 20_000 });
    expect(failed).toMatchObject([{ messageId, reason: expect.stringMatching(/./) }]);
  });

  it('S8: to oneself, or to a malformed id, is a caller’s mistake', () => {
    expect(() => a.sendDirectMessage(a.peerId!, 'x')).toThrow(coded('OUT_OF_RANGE'));
    for (const id of ['', 3, null]) expect(() => a.sendDirectMessage(id as string, 'x')).toThrow(TypeError);
  });
});
