import { DecodeError, SeededRng, below, decode, encode } from '@peerpigeon/core';
import type { FrameValue, Rng } from '@peerpigeon/core';
import { expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../src/index.js';
import type { Frame } from '../src/index.js';
import { World } from './world.js';

const CASES = 50_000;
/** What stands in place of a value: the edges of every kind that the codec has. */
const VALUES: readonly FrameValue[] = [
  null,
  undefined,
  true,
  false,
  '',
  'x'.repeat(129),
  '\u0000',
  [],
  [[]],
  [null, null],
];
const NUMBERS = [0, -1, 1.5, Number.NaN, Infinity, 2 ** 31, Number.MAX_SAFE_INTEGER, 2 ** 53, -0];
const BYTES = [0, 1, 19, 20, 21, 64, 65].map((length) => new Uint8Array(length));
const EDGES: readonly FrameValue[] = [...VALUES, ...NUMBERS, ...BYTES];

/** Frames as they really cross links: of a mesh that forms, talks, loses links and peers, and heals. */
function harvest(): Map<Frame['channel'], Uint8Array[]> {
  const world = new World();
  const frames = new Map<Frame['channel'], Uint8Array[]>();
  world.drop = (_from, _to, frame) => {
    const list = frames.get(frame.channel) ?? [];
    frames.set(frame.channel, list);
    if (list.length < 2_000) list.push(encodeFrame(frame));
    return list.length % 50 === 0;
  };
  const ids = Array.from({ length: 12 }, (_, i) => ((i * 21 + 3) % 256).toString(16).padStart(2, '0').repeat(20));
  for (const id of ids) {
    world.join(id, { maxPeers: 3 });
    world.run(500);
  }
  world.run(5_000);
  for (const [i, id] of ids.entries()) {
    world.broadcast(id, `hello ${i}`);
    world.broadcast(id, 'x'.repeat(2_000));
    world.direct(id, ids[(i + 5) % ids.length] as string);
    world.run(200);
  }
  world.cut(ids[0] as string, ids[1] as string);
  world.run(40_000);
  return frames;
}

/** A copy in which one value, anywhere, is another: an edge, a neighbour's value, missing, or twice. */
function mutate(value: FrameValue, rng: Rng): FrameValue {
  if (!Array.isArray(value) || value.length === 0 || below(rng, 6) === 0) {
    if (typeof value === 'number' && below(rng, 2) === 0) return value + below(rng, 5) - 2;
    return EDGES[below(rng, EDGES.length)];
  }
  const copy = [...(value as readonly FrameValue[])];
  const at = below(rng, copy.length);
  const kind = below(rng, 10);
  if (kind === 0) copy.splice(at, 1);
  else if (kind === 1) copy.splice(at, 0, copy[at]);
  else if (kind === 2) copy[at] = copy[below(rng, copy.length)];
  else copy[at] = mutate(copy[at], rng);
  return copy;
}

const frames = harvest();

test.each([...frames.keys()])(`S175: %s: ${CASES} frames with one wrong value are read or a DecodeError`, (channel) => {
  const rng = new SeededRng(7);
  const originals = frames.get(channel) as Uint8Array[];
  const seen = { read: 0, refused: 0 };
  for (let i = 0; i < CASES; i++) {
    const bytes = encode(mutate(decode(originals[below(rng, originals.length)] as Uint8Array), rng));
    try {
      // What is read can be sent on.
      encodeFrame(decodeFrame(bytes));
      seen.read++;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      seen.refused++;
    }
  }
  expect(seen.refused).toBeGreaterThan(CASES / 10);
  expect(seen.read).toBeGreaterThan(CASES / 100);
});

test('the mesh they come from uses every channel that a frame has', () => {
  expect([...frames.keys()].sort()).toEqual(['gossip', 'link', 'routing', 'topology']);
});
