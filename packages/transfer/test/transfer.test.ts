import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../src/index.js';
import { ANN, BOB, World, bytesOf } from './world.js';

/** Small blocks, so that a test has many. */
const SMALL = {
  blockBytes: 4_096,
  windowBytes: 16_384,
  relayChunkBytes: 700,
  relayWindowBytes: 2_800,
  minRelayWindowBytes: 1_400,
  maxRelayWindowBytes: 7_000,
  readAheadBytes: 8_192,
  linkWindowBytes: 4_096,
  minLinkWindowBytes: 1_024,
  minChunkBytes: 500,
  largeChunkBytes: 800,
};
/** However much is lost, something gets through. */
const PATIENT = { ...SMALL, patienceMs: 600_000, messagePatienceMs: 600_000 };
/** Frames of so many bytes make chunks of 1,000. */
const FRAME = 1_128;

describe('a transfer', () => {
  it.each([0, 1, 999, 1_000, 4_096, 4_097, 100_000])(
    'of %d bytes arrives over a link, and both ends say so',
    (size) => {
      const world = new World(1, SMALL);
      const bytes = bytesOf(size);
      world.link(FRAME);
      const id = world.offer(ANN, BOB, bytes, { name: 'cat.jpg', mime: 'image/jpeg' });
      world.run(60_000);
      expect(world.events(BOB, 'offered')).toMatchObject([
        { id, from: ANN, description: { kind: 'file', name: 'cat.jpg', mime: 'image/jpeg', size } },
      ]);
      expect(world.hasExactly(BOB, bytes)).toBe(true);
      const [sent] = world.events(ANN, 'completed');
      const [got] = world.events(BOB, 'completed');
      expect(sent).toMatchObject({ transfer: id, size, path: [BOB] });
      expect(got?.root).toEqual(sent?.root);
      expect(world.events(ANN, 'progress').at(-1)?.bytes ?? 0).toBe(size);
      expect(world.events(BOB, 'progress').at(-1)?.bytes ?? 0).toBe(size);
      expect(world.violations).toEqual([]);
      expect(Object.values(world.peers.get(ANN)?.machine.mapSizes ?? {}).map(({ size: held }) => held)).toEqual([
        0, 0, 1,
      ]);
    },
  );

  it('of real sizes takes chunks of a frame each, and no small rests', () => {
    const world = new World(1);
    const sizes: number[] = [];
    world.highMark = 1_048_576;
    world.onSent = (_, message) => {
      if (message.type === 'chunk') sizes.push(message.bytes.length);
    };
    world.link(65_536);
    const bytes = bytesOf(3 * 1_048_576);
    world.offer(ANN, BOB, bytes);
    world.run(10_000);
    expect(world.hasExactly(BOB, bytes)).toBe(true);
    // Smaller ones until the rate of the link is known.
    expect(sizes.filter((size) => size > 61_000).length).toBeGreaterThan(3 * 17 - 12);
  });

  it.each([
    [125_000, 20],
    [125_000, 300],
    [5_000_000, 20],
  ])(
    'keeps little waiting on a link of %d bytes a second and %d ms, and yet all of it busy',
    (bytesPerSecond, delayMs) => {
      const world = new World(1);
      const size = 10 * bytesPerSecond;
      Object.assign(world, { bytesPerSecond, highMark: 8 * 1_048_576, path: { ...world.path, delayMs } });
      world.link(65_536);
      world.offer(ANN, BOB, bytesOf(size));
      world.run(4_000);
      world.mostQueued = 0;
      world.run(20_000);
      // A round trip, queueMs of the configuration, and a chunk.
      expect(world.mostQueued).toBeLessThan((bytesPerSecond * (2 * delayMs + 150)) / 1_000 + 62_000);
      expect(world.events(ANN, 'completed')[0]?.tookMs).toBeLessThan(14_000);
    },
  );

  it('goes over other peers in small chunks, asks for a link, and moves to it', () => {
    const world = new World(1, { ...SMALL, linkWorthBytes: 5_000, lingerMs: 1_000 });
    const ways = new Set<string>();
    world.onSent = (_, message, way) => {
      if (message.type === 'chunk') ways.add(`${way} ${message.bytes.length < 700 ? 'small' : 'large'}`);
    };
    const bytes = bytesOf(50 * 4_096);
    world.offer(ANN, BOB, bytes);
    expect(world.asked).toEqual([{ type: 'dial', peer: BOB }]);
    world.at(1_000, () => world.link(FRAME));
    world.run(60_000);
    expect(world.hasExactly(BOB, bytes)).toBe(true);
    expect([...ways]).toEqual(expect.arrayContaining(['route small', 'send large']));
    expect(ways.has('route large')).toBe(false);
    expect(world.asked.at(-1)).toEqual({ type: 'release', peer: BOB });
  });

  it('needs no link of its own for little', () => {
    const world = new World(1, SMALL);
    world.offer(ANN, BOB, bytesOf(5_000));
    world.run(10_000);
    expect(world.asked).toEqual([]);
    expect(world.events(ANN, 'completed')).toHaveLength(1);
  });

  it('resumes from what was verified when everything was dark for half a minute', () => {
    const world = new World(1, SMALL);
    world.bytesPerSecond = 50_000;
    let sent = 0;
    world.onSent = (_, message) => {
      if (message.type === 'chunk') sent += message.bytes.length;
    };
    const bytes = bytesOf(400_000);
    world.link(FRAME);
    world.offer(ANN, BOB, bytes);
    world.at(4_000, () => {
      world.cut();
      world.dark = true;
    });
    world.at(34_000, () => {
      world.dark = false;
      world.link(FRAME);
    });
    world.run(120_000);
    expect(world.hasExactly(BOB, bytes)).toBe(true);
    expect(world.events(ANN, 'failed')).toEqual([]);
    // What was under way came twice, and no more than that.
    expect(sent).toBeLessThan(bytes.length + 10 * SMALL.windowBytes);
  });

  it('fails at both ends as lost when nothing comes back for a minute', () => {
    const world = new World(1, SMALL);
    world.bytesPerSecond = 50_000;
    world.link(FRAME);
    world.offer(ANN, BOB, bytesOf(400_000));
    world.run(2_000);
    world.cut();
    world.dark = true;
    world.run(70_000);
    expect(world.events(ANN, 'failed')).toMatchObject([{ reason: 'lost', by: 'local' }]);
    expect(world.events(BOB, 'failed')).toMatchObject([{ reason: 'lost', by: 'local' }]);
  });

  it('is held up by a slow application, which never holds more than its credit', () => {
    const world = new World(1, SMALL);
    world.blockMs = 300;
    world.link(FRAME);
    world.offer(ANN, BOB, bytesOf(100_000));
    world.run(60_000);
    const [{ transfer } = { transfer: '' }] = world.events(BOB, 'offered');
    expect(world.events(BOB, 'completed')).toHaveLength(1);
    expect(world.sink(BOB, transfer).mostHeld).toBeLessThanOrEqual(SMALL.windowBytes);
    expect(world.overCredit).toBeLessThanOrEqual(0);
  });

  it('of a stream passes on what there is, however small', () => {
    const world = new World(1, SMALL);
    const bytes = bytesOf(20_000);
    world.pieces = [1, 10, 4_096, 3, 500, 1_001];
    world.link(FRAME);
    world.offer(ANN, BOB, bytes, { kind: 'stream', size: null });
    world.run(10_000);
    expect(world.hasExactly(BOB, bytes)).toBe(true);
    expect(world.events(BOB, 'progress').slice(0, 3)).toMatchObject([{ bytes: 1 }, { bytes: 11 }, { bytes: 4_107 }]);
    expect(world.events(ANN, 'completed')).toHaveLength(1);
  });

  it('of a message is taken without asking, up to a limit', () => {
    const world = new World(1, { ...SMALL, maxMessageBytes: 50_000 });
    world.accept = false;
    world.link(FRAME);
    const bytes = bytesOf(50_000);
    world.offer(ANN, BOB, bytes, { kind: 'message', name: 'chat' });
    world.offer(ANN, BOB, bytesOf(50_001), { kind: 'message', name: 'chat' });
    world.run(10_000);
    expect(world.hasExactly(BOB, bytes)).toBe(true);
    expect(world.events(ANN, 'failed')).toMatchObject([{ reason: 'too-large', by: 'remote' }]);
  });

  it('waits its turn, and fails as busy when too many wait', () => {
    const world = new World(1, { ...SMALL, maxOutgoingPerPeer: 6, maxActivePerPeer: 2 });
    let most = 0;
    const under = new Set<string>();
    world.onSent = (from, message) => {
      if (from === ANN && message.type === 'chunk') under.add(message.id);
      if (from === BOB && message.type === 'done') under.delete(message.id);
      most = Math.max(most, under.size);
    };
    world.link(FRAME);
    for (let n = 0; n < 7; n++) world.offer(ANN, BOB, bytesOf(10_000, n + 1));
    expect(world.events(ANN, 'failed')).toMatchObject([{ reason: 'busy', by: 'local' }]);
    world.run(30_000);
    expect(world.events(ANN, 'completed')).toHaveLength(6);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('shares a link with others', () => {
    const world = new World(1, SMALL);
    world.bytesPerSecond = 100_000;
    world.link(FRAME);
    for (let n = 0; n < 3; n++) world.offer(ANN, BOB, bytesOf(300_000, n + 1));
    world.run(6_000);
    const progress = new Map<string, number>();
    for (const { transfer, bytes } of world.events(BOB, 'progress')) progress.set(transfer, bytes);
    const bytes = [...progress.values()];
    expect(bytes).toHaveLength(3);
    expect(Math.min(...bytes)).toBeGreaterThan(Math.max(...bytes) / 3);
  });

  it.each([
    ['sender', ANN, BOB],
    ['receiver', BOB, ANN],
  ])('is cancelled by its %s, and the other side learns why', (_, who, other) => {
    const world = new World(1, SMALL);
    world.bytesPerSecond = 50_000;
    world.link(FRAME);
    const id = world.offer(ANN, BOB, bytesOf(400_000));
    world.run(2_000);
    const transfer = who === ANN ? id : (world.events(BOB, 'offered')[0]?.transfer ?? '');
    world.feed(who, { type: 'cancel', transfer, reason: 'cancelled', text: 'enough' });
    world.run(1_000);
    expect(world.events(who, 'failed')).toMatchObject([{ reason: 'cancelled', text: 'enough', by: 'local' }]);
    expect(world.events(other, 'failed')).toMatchObject([{ reason: 'cancelled', text: 'enough', by: 'remote' }]);
    world.run(60_000);
    expect(world.violations).toEqual([]);
  });

  it('that is rejected, or never answered, fails', () => {
    const world = new World(1, SMALL);
    world.accept = false;
    world.link(FRAME);
    world.offer(ANN, BOB, bytesOf(10));
    world.run(1_000);
    world.feed(BOB, { type: 'reject', transfer: world.events(BOB, 'offered')[0]?.transfer ?? '', text: 'no' });
    world.offer(ANN, BOB, bytesOf(10));
    world.run(700_000);
    expect(world.events(ANN, 'failed')).toMatchObject([
      { reason: 'rejected', text: 'no', by: 'remote' },
      { reason: 'unanswered', by: 'local' },
    ]);
    expect(world.events(BOB, 'failed').at(-1)).toMatchObject({ reason: 'unanswered', by: 'remote' });
  });

  it('ends at once when either side leaves the mesh', () => {
    const world = new World(1, SMALL);
    world.bytesPerSecond = 50_000;
    world.link(FRAME);
    world.offer(ANN, BOB, bytesOf(400_000));
    world.offer(BOB, ANN, bytesOf(400_000));
    world.run(2_000);
    world.feed(ANN, { type: 'leave' });
    world.run(1_000);
    for (const id of [ANN, BOB])
      expect(world.events(id, 'failed')).toMatchObject([{ reason: 'left' }, { reason: 'left' }]);
  });

  it('whose source is shorter than was said fails', () => {
    const world = new World(1, SMALL);
    world.link(FRAME);
    world.offer(ANN, BOB, bytesOf(5_000), { size: 6_000 });
    world.run(1_000);
    expect(world.events(BOB, 'failed')).toMatchObject([{ reason: 'source', by: 'remote' }]);
  });

  it('sends a block again that is not what was announced, and gives up when that goes on', () => {
    const spoil = (count: number): World => {
      const world = new World(1, SMALL);
      let left = count;
      world.tamper = (message: Message): Message => {
        if (message.type !== 'chunk' || message.offset !== 4_096 + 820 || left-- <= 0) return message;
        return { ...message, bytes: message.bytes.map((byte) => byte ^ 1) };
      };
      world.link(FRAME);
      world.offer(ANN, BOB, bytesOf(50_000));
      world.run(60_000);
      return world;
    };
    const mended = spoil(2);
    expect(mended.hasExactly(BOB, bytesOf(50_000))).toBe(true);
    expect(mended.violations).toMatchObject([{ code: 'forged' }, { code: 'forged' }]);
    const spoilt = spoil(100);
    expect(spoilt.events(ANN, 'failed')).toMatchObject([{ reason: 'corrupt', by: 'remote' }]);
    expect(spoilt.events(BOB, 'completed')).toEqual([]);
  });

  it('arrives exactly, whatever is lost, doubled, overtaken, cut and resumed, and credit is never exceeded', () => {
    const path = fc.record({
      delayMs: fc.integer({ min: 0, max: 200 }),
      jitterMs: fc.constantFrom(0, 1, 20, 300),
      loss: fc.constantFrom(0, 0, 0.01, 0.1, 0.3),
      double: fc.constantFrom(0, 0.1, 0.5),
    });
    const change = fc.record({ afterMs: fc.integer({ min: 1, max: 3_000 }), linked: fc.boolean(), dark: fc.boolean() });
    const scene = fc.record({
      seed: fc.integer(),
      size: fc.integer({ min: 0, max: 60_000 }),
      path,
      changes: fc.array(change, { maxLength: 8 }),
      bytesPerSecond: fc.constantFrom(10_000, 100_000, Infinity),
      blockMs: fc.constantFrom(0, 0, 50, 500),
      kind: fc.constantFrom('file', 'stream', 'message'),
      pieces: fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 30 }),
    });
    fc.assert(
      fc.property(scene, ({ seed, size, path: way, changes, bytesPerSecond, blockMs, kind, pieces }) => {
        const world = new World(seed, PATIENT);
        Object.assign(world, { path: way, bytesPerSecond, blockMs });
        if (kind === 'stream') world.pieces = pieces;
        const bytes = bytesOf(size, seed);
        world.offer(ANN, BOB, bytes, { kind: kind as 'file', size: kind === 'stream' ? null : size });
        for (const { afterMs, linked, dark } of changes) {
          world.run(afterMs);
          world.dark = dark;
          if (linked) world.link(FRAME);
          else world.cut();
        }
        world.dark = false;
        world.run(3_000_000);
        expect(world.events(ANN, 'failed')).toEqual([]);
        expect(world.hasExactly(BOB, bytes)).toBe(true);
        expect(world.events(ANN, 'completed')).toHaveLength(1);
        expect(world.events(BOB, 'completed')).toHaveLength(1);
        expect(world.violations).toEqual([]);
        expect(world.overCredit).toBeLessThanOrEqual(0);
      }),
      { numRuns: 300 },
    );
  });
});
