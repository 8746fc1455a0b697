import { expect, test } from 'vitest';
import { evaluate } from '../src/evaluation.js';
import { Keeping, id } from './keeping.js';
import { TopologyNetwork } from './network.js';

const codes = (own: Keeping, ringOk = true): string[] =>
  evaluate(own.context, own.plan, ringOk, own.now).findings.map(({ code }) => code);

test('S107: a peer alone, and one with too few links', () => {
  const own = new Keeping(id('5'), { maxPeers: 3, minPeers: 2 });
  own.know(id('4'), id('6'), id('c'), id('e'));
  expect(codes(own)).toContain('isolated');
  own.link(id('4'));
  expect(codes(own)).toContain('below-min-peers');
  expect(codes(own, false)).toContain('ring-open');
});

test('S107: what is as wanted gives no finding and the full score; what is not is named with its peers', () => {
  const own = new Keeping(id('5'), { maxPeers: 3 });
  for (const digit of '46c') own.link(id(digit));
  expect(evaluate(own.context, own.plan, true, own.now)).toEqual({ ok: true, score: 1, size: 4, findings: [] });
  const link = own.context.neighbourhood.links.get(id('c'));
  if (link !== undefined) link.suspect = true;
  own.context.neighbourhood.tunnels.add(id('e'));
  own.assign();
  const { ok, score, findings } = evaluate(own.context, own.plan, true, own.now);
  expect(ok).toBe(false);
  expect(score).toBeLessThan(1);
  expect(findings).toContainEqual(expect.objectContaining({ code: 'suspects', peers: [id('c')] }));
  expect(findings).toContainEqual(expect.objectContaining({ code: 'ring-tunnelled', peers: [id('e')] }));
});

test('S107: the optimizer looks from time to time, tells of what has changed, and is silent in a mesh as wanted', () => {
  const network = new TopologyNetwork(2, { maxPeers: 3 });
  // An odd number at maxPeers 3: somebody finds no partner for a free slot.
  for (let i = 0; i < 13; i++) network.join();
  network.run(120_000);
  const told = network.events.filter(({ event }) => event.type === 'evaluated').length;
  expect(told).toBeGreaterThan(0);
  network.run(120_000);
  expect(network.events.filter(({ event }) => event.type === 'evaluated').length).toBe(told);
  for (const topology of network.peers.values())
    expect(topology.evaluate(network.now).findings.map(({ code }) => code)).not.toContain('ring-open');
});
