import { MAX_DATAGRAM_BYTES } from '@peerpigeon/mesh';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Channel, type ChannelMessage, type PeerPigeonMesh } from '../src/index.js';
import { tape, URL, World } from './world.js';

let world: World;
let a: PeerPigeonMesh;
let b: PeerPigeonMesh;
let c: PeerPigeonMesh;
beforeEach(async () => {
  world = new World();
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  [a, b, c] = (await world.full(3, { logger })) as [PeerPigeonMesh, PeerPigeonMesh, PeerPigeonMesh];
});
afterEach(() => world.close());

/** Collects what comes over a channel. */
function heard<T>(channel: Channel<T>): ChannelMessage<T>[] {
  const messages: ChannelMessage<T>[] = [];
  channel.on('message', (message) => messages.push(message));
  return messages;
}

describe('topics', () => {
  it('a broadcast reaches those that opened the channel, once, and no other listener', async () => {
    const [atA, atB, other] = [heard(a.channel('moves')), heard(b.channel('moves')), heard(b.channel('other'))];
    const tapes = [a, b, c].map((mesh) => tape(mesh, 'messageReceived'));
    const messageId = await a.channel<string>('moves').send('e4');
    a.sendMessage('after');
    await vi.waitUntil(() => tapes.every(({ length }) => length > 0));
    const common = { messageId, from: a.peerId, data: 'e4', direct: false, verified: false };
    expect([atA, atB, other]).toMatchObject([[{ ...common, hops: 0 }], [{ ...common, hops: 1 }], []]);
    expect(tapes.map((events) => events.map(({ content }) => content))).toEqual([['after'], ['after'], ['after']]);
    expect(c.ignoredMessages).toBe(0);
  });

  it('a message to one peer reaches its channel alone, and its outcome is awaited', async () => {
    const [atB, atC] = [heard(b.channel('moves')), heard(c.channel('moves'))];
    const receipt = await a.channel('moves').send({ x: 1 }, { to: b.peerId! });
    expect(receipt).toMatchObject({ hops: 1 });
    await vi.waitUntil(() => atB.length > 0);
    expect(atB).toMatchObject([{ messageId: receipt.messageId, data: { x: 1 }, direct: true }]);
    expect(atC).toEqual([]);
    await expect(a.channel('moves').send('x', { to: a.peerId! })).rejects.toThrow(RangeError);
    const aborted = AbortSignal.abort();
    await expect(a.channel('moves').send('x', { to: b.peerId!, signal: aborted })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await expect(a.channel('moves').send('x', { signal: aborted })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('one to a peer may be larger than a frame', async () => {
    const atB = heard(b.channel('moves'));
    const large = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
    const { messageId } = await a.channel('moves').send(large, { to: b.peerId! });
    await vi.waitUntil(() => atB.length > 0);
    expect(atB).toMatchObject([{ messageId, data: large, direct: true }]);
    await expect(a.channel('moves').send(new Uint8Array(1_100_000))).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    });
    const toAll = await a.channel('moves').send(large);
    await vi.waitUntil(() => atB.length > 1);
    expect(atB[1]).toMatchObject({ messageId: toAll, data: large, direct: false });
  });

  it('no name of an application is one of ours', async () => {
    const received = tape(b, 'messageReceived');
    const chat = heard(b.channel('chat'));
    await a.channel('chat').send('on the channel');
    await vi.waitUntil(() => chat.length > 0);
    a.sendMessage('to all');
    await vi.waitUntil(() => received.length > 0);
    expect([received.length, chat.length]).toEqual([1, 1]);
    for (const name of ['', 'x'.repeat(65)]) expect(() => a.channel(name)).toThrow(RangeError);
    expect(() => a.channel(7 as never)).toThrow(TypeError);
    for (const bufferSize of [0, 65_537, 1.5]) expect(() => a.channel('x', { bufferSize })).toThrow(RangeError);
    expect(() => a.channel('x', { parse: 'no function' as never })).toThrow(TypeError);
  });

  it('handles of one name are their own: closing one leaves the others', async () => {
    const [first, second] = [b.channel('moves'), b.channel('moves')];
    const [one, two] = [heard(first), heard(second)];
    first.close();
    first.close();
    await a.channel('moves').send('x');
    await vi.waitUntil(() => two.length > 0);
    expect(one).toEqual([]);
    await expect(first.send('x')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('a listener that throws is reported and stops nobody; off removes one', async () => {
    const channel = b.channel('moves');
    const errors = tape(b, 'statusChanged');
    const bug = new Error('bug in the app');
    const thrower = () => {
      throw bug;
    };
    channel.on('message', thrower);
    const messages = heard(channel);
    await a.channel('moves').send(1);
    await vi.waitUntil(() => messages.length > 0 && errors.length > 0);
    expect(errors).toMatchObject([{ type: 'error', error: bug, message: expect.stringContaining('channel moves') }]);
    channel.off('message', thrower);
    await a.channel('moves').send(2);
    await vi.waitUntil(() => messages.length === 2);
    expect(errors).toHaveLength(1);
  });

  it('what parse refuses is dropped and counted, what it makes is what listeners get', async () => {
    const parse = (data: unknown): number => {
      if (typeof data !== 'number') throw new TypeError('expected a number');
      return data * 2;
    };
    const numbers = heard(b.channel('numbers', { parse }));
    const sender = a.channel('numbers');
    await sender.send('no number');
    await sender.send(21);
    await vi.waitUntil(() => numbers.length > 0);
    expect(numbers).toMatchObject([{ data: 42 }]);
    expect(b.ignoredMessages).toBe(1);
  });
});

describe('datagrams', () => {
  it('reach the channel of a linked peer, or may be lost', async () => {
    const [atB, atC] = [heard(b.channel('positions')), heard(c.channel('positions'))];
    const sender = a.channel<{ x: number }>('positions');
    await sender.send({ x: 1 }, { to: b.peerId!, ordered: false });
    await sender.send({ x: 2 }, { to: b.peerId!, ordered: false, maxRetransmits: 16 });
    await vi.waitUntil(() => atB.length === 2);
    const common = { from: a.peerId, direct: true, hops: 1, messageId: null, timestamp: null, verified: false };
    expect(atB).toMatchObject([
      { ...common, data: { x: 1 } },
      { ...common, data: { x: 2 } },
    ]);
    expect(atC).toEqual([]);
  });

  it('need a direct link, one packet, and sound options', async () => {
    const sender = a.channel('positions');
    const to = b.peerId!;
    const nobody = sender.send(1, { to: 'nobody', ordered: false });
    await expect(nobody).rejects.toMatchObject({ code: 'NOT_LINKED', details: { to: expect.any(String) } });
    const large = sender.send(new Uint8Array(MAX_DATAGRAM_BYTES), { to, ordered: false });
    await expect(large).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', details: { maxBytes: MAX_DATAGRAM_BYTES } });
    for (const maxRetransmits of [-1, 17, 1.5]) {
      await expect(sender.send(1, { to, ordered: false, maxRetransmits })).rejects.toThrow(RangeError);
    }
    await expect(sender.send(1, { ordered: false } as never)).rejects.toThrow(RangeError);
    await expect(sender.send(1, { to, maxRetransmits: 1 } as never)).rejects.toThrow(RangeError);
    await expect(sender.send(1, { to, ordered: 'no' } as never)).rejects.toThrow(TypeError);
  });
});

describe('iteration', () => {
  it('gives what comes, in order; leaving the loop ends it', async () => {
    const channel = b.channel<number>('numbers');
    const got: number[] = [];
    const loop = (async () => {
      for await (const { data } of channel) {
        got.push(data);
        if (got.length === 3) break;
      }
    })();
    const sender = a.channel<number>('numbers');
    for (let i = 0; i < 5; i++) await sender.send(i, { to: b.peerId! });
    await loop;
    expect(got).toEqual([0, 1, 2]);
    expect(channel.dropped).toBe(0);
  });

  it('a full buffer drops the oldest and counts it', async () => {
    const channel = b.channel<number>('numbers', { bufferSize: 2 });
    const iteration = channel[Symbol.asyncIterator]();
    const sender = a.channel<number>('numbers');
    for (let i = 0; i < 5; i++) await sender.send(i, { to: b.peerId! });
    expect(channel.dropped).toBe(3);
    channel.close();
    const left: number[] = [];
    for await (const { data } of iteration) left.push(data);
    expect(left).toEqual([3, 4]);
    expect(await channel[Symbol.asyncIterator]().next()).toEqual({ value: undefined, done: true });
  });

  it('ends with disconnect(), also where somebody waits; the handle goes on after the next connect()', async () => {
    const channel = b.channel<string>('words');
    const waiting = channel[Symbol.asyncIterator]().next();
    const messages = heard(channel);
    b.disconnect();
    expect(await waiting).toEqual({ value: undefined, done: true });
    await expect(channel.send('x')).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    await b.connect(URL);
    await vi.waitUntil(() => b.hasPeer(a.peerId!) && a.hasPeer(b.peerId!), { timeout: 10_000 });
    await a.channel('words').send('again', { to: b.peerId! });
    await vi.waitUntil(() => messages.length > 0);
    expect(messages).toMatchObject([{ data: 'again' }]);
    await channel.send('and back');
  });
});
