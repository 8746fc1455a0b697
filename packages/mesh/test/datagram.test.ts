import { DecodeError, SeededRng, below, decode, encode } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { describe, expect, test } from 'vitest';
import { MAX_DATAGRAM_BYTES, MAX_RETRANSMITS, datagramBytes, decodeFrame, encodeFrame } from '../src/index.js';
import type { Input } from '../src/index.js';
import { World } from './world.js';

const id = (n: number): PeerId => (n * 0x0fff_ffff).toString(16).padStart(8, '0').repeat(5);

const datagram = (peer: PeerId, bytes = 3, maxRetransmits = 0): Extract<Input, { type: 'datagram' }> => ({
  type: 'datagram',
  peer,
  channel: 'game',
  content: new Uint8Array(bytes).fill(7),
  maxRetransmits,
});

function pair(): World {
  const world = new World();
  for (const peer of [id(1), id(2)]) world.join(peer);
  world.run(15_000);
  return world;
}

describe('datagrams', () => {
  test('reach a linked peer, as an event of their channel', () => {
    const world = pair();
    expect(world.meshes.get(id(1))?.report.isLinked(id(2))).toBe(true);
    world.feed(id(1), datagram(id(2)));
    world.feed(id(1), datagram(id(2), MAX_DATAGRAM_BYTES - 4, MAX_RETRANSMITS));
    world.run(1_000);
    const got = world.seen(id(2), 'datagram');
    expect(got.map(({ from, channel, content }) => [from, channel, content.length])).toEqual([
      [id(1), 'game', 3],
      [id(1), 'game', MAX_DATAGRAM_BYTES - 4],
    ]);
    expect(got[0]?.content).toEqual(new Uint8Array([7, 7, 7]));
    expect(world.seen(id(1), 'datagramFailed')).toEqual([]);
  });

  test('without a link, or too large for one packet, the sender is told', () => {
    const world = pair();
    expect(world.meshes.get(id(1))?.report.isLinked(id(3))).toBe(false);
    world.feed(id(1), datagram(id(3)));
    world.feed(id(1), datagram(id(2), MAX_DATAGRAM_BYTES - 3));
    world.run(1_000);
    expect(world.seen(id(1), 'datagramFailed')).toEqual([
      { type: 'datagramFailed', to: id(3), channel: 'game', reason: 'not-linked' },
      { type: 'datagramFailed', to: id(2), channel: 'game', reason: 'too-large' },
    ]);
    expect(world.seen(id(2), 'datagram')).toEqual([]);
  });

  test.each([-1, MAX_RETRANSMITS + 1, 0.5, NaN])('%d retransmissions are the mistake of the caller', (count) => {
    const world = pair();
    expect(() => world.feed(id(1), datagram(id(2), 1, count))).toThrow(RangeError);
  });

  test('one that waits for a busy link goes before it waits for long: the oldest is dropped, and counted', () => {
    const world = pair();
    // Within one moment the transport tells nothing.
    for (let i = 0; i < 200; i++) world.feed(id(1), datagram(id(2), 1_000));
    const link = world.meshes.get(id(1))?.report.health(world.now).links[0];
    expect(link?.waitingBytes).toBeLessThanOrEqual(32_768);
    expect(link?.dropped).toBeGreaterThan(50);
    world.run(1_000);
    expect(world.seen(id(2), 'datagram')).toHaveLength(200 - (link?.dropped ?? 0));
  });

  test('a frame of the longest fits into one packet of SCTP, also with a name of three bytes a character', () => {
    for (const channel of ['g', 'g'.repeat(64), '€'.repeat(64)]) {
      const content = new Uint8Array(MAX_DATAGRAM_BYTES - datagramBytes({ channel, content: new Uint8Array() }));
      const bytes = encodeFrame({ channel: 'datagram', message: { type: 'datagram', channel, content } });
      expect(bytes.length).toBeLessThanOrEqual(1_188 - 28);
      expect(decodeFrame(bytes)).toEqual({ channel: 'datagram', message: { type: 'datagram', channel, content } });
    }
  });

  test('S175: 50,000 hostile ones end in a datagram or a DecodeError', () => {
    const rng = new SeededRng(4);
    const good = encodeFrame({
      channel: 'datagram',
      message: { type: 'datagram', channel: 'game', content: new Uint8Array(40) },
    });
    const values = [0, -1, 1e99, null, true, '', 'x'.repeat(200), new Uint8Array(1_141), [], [[]]];
    let refused = 0;
    for (let i = 0; i < 50_000; i++) {
      let bytes: Uint8Array = good.slice();
      if (i % 2 === 0) for (let n = 1 + below(rng, 3); n > 0; n--) bytes[below(rng, bytes.length)] = below(rng, 256);
      else {
        const [tag, message] = decode(bytes) as [number, (typeof values)[number][]];
        message[below(rng, 3)] = values[below(rng, values.length)] as (typeof values)[number];
        bytes = encode([tag, message]);
      }
      try {
        decodeFrame(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20_000);
  });
});
