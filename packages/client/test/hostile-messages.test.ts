import { below, encodeContent, sealEnvelope, SeededRng, type Rng } from '@peerpigeon/core';
import { expect, it } from 'vitest';
import { Desks } from './desk.js';

const CASES = 50_000;
const ID = new Uint8Array(16);
const SCALARS: readonly unknown[] = [null, undefined, true, '', 'x'.repeat(65), '\u0000', 10n ** 30n, new Date(NaN)];
const CONTAINERS: readonly unknown[] = [[], [[]], {}, new Map([[1, 2]])];
const NUMBERS = [0, -1, 1.5, NaN, Infinity, 2 ** 31, Number.MAX_SAFE_INTEGER, -0];
const BYTES = [0, 1, 15, 16, 17, 64, 1_024, 1_025].map((length) => new Uint8Array(length));
const EDGES: readonly unknown[] = [...SCALARS, ...CONTAINERS, ...NUMBERS, ...BYTES];
const STATE = encodeContent({ name: 'Ada' });
const SIGNED = sealEnvelope({
  kind: 'broadcast',
  network: 'test',
  channel: 'presence',
  from: 'c'.repeat(40),
  epoch: 1,
  seq: 1,
  timestamp: 0,
  content: encodeContent([60_000, STATE]),
});
/** What correct peers say, and what a neighbour answers. */
const SAID: readonly [channel: string, content: unknown][] = [
  ['request', [0, 'sum', 1_000, [1, 2]]],
  ['request', [0, 'peerpigeon/presence', 1_000, '']],
  ['request', [1, ID, [[[0, SIGNED.bytes, SIGNED.signature]], null]]],
  ['request', [2, ID, 'CODE', 'message', { data: 1 }]],
  ['request', [3, ID]],
  ['presence', [60_000, STATE]],
  ['presence', [60_000, null]],
  ['chat', 'hello'],
];

/** A copy in which one value, anywhere, is another: an edge, missing, or twice. */
function mutate(value: unknown, rng: Rng): unknown {
  if (!Array.isArray(value) || value.length === 0 || below(rng, 5) === 0) return EDGES[below(rng, EDGES.length)];
  const copy = [...(value as readonly unknown[])];
  const at = below(rng, copy.length);
  const what = below(rng, 8);
  if (what === 0) copy.splice(at, 1);
  else if (what === 1) copy.splice(at, 0, copy[at]);
  else copy[at] = mutate(copy[at], rng);
  return copy;
}

it(`S175: ${CASES} messages for an application, each with one wrong value: counted, and nothing breaks`, async () => {
  const rng = new SeededRng(3);
  const desks = new Desks();
  const [victim, author] = [desks.add(), desks.add()];
  for (const desk of [victim, author]) desk.join();
  victim.requests.respond('sum', (params) => (params as number[]).length);
  await desks.clock.pass(0);
  for (let i = 0; i < CASES; i++) {
    const [channel, said] = SAID[below(rng, SAID.length)] as (typeof SAID)[number];
    const content = encodeContent(mutate(said, rng));
    // Now and then the bytes themselves are wrong.
    if (below(rng, 4) === 0) content[below(rng, content.length)] = below(rng, 256);
    const direct =
      below(rng, 2) === 0 ? { kind: 'direct' as const, to: victim.peerId } : { kind: 'broadcast' as const };
    const from = author.peerId;
    const envelope = sealEnvelope({
      ...direct,
      network: 'test',
      channel,
      from,
      epoch: 1,
      seq: i + 1,
      timestamp: 0,
      content,
    });
    victim.messenger.tell({ type: 'message', envelope, hops: 1, ttl: 1, path: [from], verified: false });
    if (i % 100 === 0) await desks.clock.pass(100);
  }
  await desks.clock.pass(3_700_000);
  expect(victim.messenger.ignored).toBeGreaterThan(CASES / 4);
  expect(victim.messenger.ignored).toBeLessThan(CASES);
  // What its own handler makes of wrong params is the application's.
  for (const error of victim.errors) expect(error).toBeInstanceOf(TypeError);
  expect(await author.requests.request(victim.peerId, 'sum', [1, 2, 3], {})).toBe(3);
  for (const desk of desks.all) desk.leave();
  expect(desks.clock.waiting).toBe(0);
});
