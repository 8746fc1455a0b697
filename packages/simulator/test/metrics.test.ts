import { describe, expect, test } from 'vitest';
import { dumpLines } from '../src/dump.js';
import { Graph } from '../src/graph.js';
import { Journal } from '../src/journal.js';
import { directMetrics } from '../src/direct-metrics.js';
import { DirectTraffic } from '../src/direct-traffic.js';
import { broadcastMetrics, graphMetrics } from '../src/metrics.js';
import { largest, mean, percentile, spread } from '../src/percentile.js';

/** Four peers in a row, a–b–c–d, and one alone; one more is gone. */
function row(): Journal {
  const journal = new Journal();
  for (const id of ['a', 'b', 'c', 'd', 'e', 'gone']) journal.peerUp(id, 3, 0);
  journal.linkOpened('a', 'b', 'mesh', 10);
  journal.linkOpened('c', 'b', 'mesh', 20);
  journal.linkOpened('c', 'd', 'handover', 30);
  journal.linkOpened('e', 'gone', 'mesh', 30);
  journal.linkOpened('d', 'e', 'mesh', 30).closedMs = 40;
  journal.peerDown('gone', 50);
  return journal;
}

describe('percentiles', () => {
  test('are nearest-rank: the smallest value that the share does not exceed', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(percentile(values, 0.5)).toBe(50);
    expect(percentile(values, 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNull();
    expect(spread([3, 1, 2])).toEqual({ p50: 2, p99: 3, max: 3 });
    expect(spread([])).toEqual({ p50: null, p99: null, max: null });
    expect(mean([1, 2, 6])).toBe(3);
    expect(mean([])).toBeNull();
    expect(largest([-2, -1])).toBe(-1);
  });
});

describe('the graph', () => {
  test('counts components, distances and degrees among those who are up, by open links', () => {
    expect(graphMetrics(row(), 1)).toEqual({
      components: 2,
      largestComponent: 4,
      eccentricity: 3,
      degree: { mean: 0.8, max: 2 },
    });
  });

  test('of nobody has nothing to show', () => {
    expect(graphMetrics(new Journal(), 1)).toEqual({
      components: 0,
      largestComponent: 0,
      eccentricity: 0,
      degree: { mean: null, max: null },
    });
  });

  test('a ring of 2n has eccentricity n from each source; doubled links count once', () => {
    const graph = new Graph(10);
    for (let i = 0; i < 10; i++) graph.link(i, (i + 1) % 10);
    graph.link(1, 0);
    expect(graph.eccentricity([0])).toBe(5);
    expect(graph.eccentricity([3, 7])).toBe(5);
    expect(graph.components()).toEqual([10]);
    expect(graph.degrees()).toEqual(Array.from({ length: 10 }, () => 2));
    expect(() => graph.link(0, 10)).toThrow(RangeError);
  });
});

describe('broadcasts', () => {
  test('RMR is payloads received over deliveries to others, less one', () => {
    const journal = row();
    journal.broadcastSent('m', 'a', false, 100);
    journal.broadcastDelivered('m', 'a', 0, 100);
    for (const [id, at] of [
      ['b', 110],
      ['c', 130],
      ['d', 160],
    ] as const) {
      journal.broadcastCopied('m');
      journal.broadcastDelivered('m', id, at / 10 - 10, at);
    }
    journal.broadcastCopied('m'); // a duplicate that gossip caught
    journal.broadcastCopied('unknown');
    expect(broadcastMetrics(journal, 90)).toEqual({
      sent: 1,
      expected: 5,
      delivered: 4,
      duplicatesToApp: 0,
      rmr: 0.333333,
      rmrWarm: 0.333333,
      controlBytesPerDelivery: 30,
      lastHop: { p50: 6, p99: 6, max: 6 },
      latencyMs: { p50: 30, p99: 60, max: 60 },
      history: { repaired: 0, gaps: 0 },
      ordering: { pairs: 0, outOfOrder: 0 },
    });
  });

  test('of two of one author in succession the wrong order is counted, at each peer that got both', () => {
    const journal = row();
    for (const id of ['a', 'b', 'c']) journal.peerUp(id, 3, 0);
    for (const [message, at] of [
      ['one', 10],
      ['two', 20],
    ] as const)
      journal.broadcastSent(message, 'a', false, at);
    journal.broadcastDelivered('one', 'b', 1, 30);
    journal.broadcastDelivered('two', 'b', 1, 40);
    journal.broadcastDelivered('two', 'c', 1, 30);
    journal.broadcastDelivered('one', 'c', 2, 50);
    expect(broadcastMetrics(journal, 0).ordering).toEqual({ pairs: 2, outOfOrder: 1 });
  });

  test('the warm-up shows in rmr alone', () => {
    const journal = new Journal();
    for (const id of ['a', 'b']) journal.peerUp(id, 3, 0);
    journal.broadcastSent('w', 'a', true, 0);
    journal.broadcastDelivered('w', 'a', 0, 0);
    journal.broadcastDelivered('w', 'b', 1, 10);
    for (let i = 0; i < 3; i++) journal.broadcastCopied('w');
    journal.broadcastSent('m', 'a', false, 100);
    journal.broadcastDelivered('m', 'a', 0, 100);
    journal.broadcastDelivered('m', 'b', 1, 120);
    journal.broadcastCopied('m');
    const metrics = broadcastMetrics(journal, 0);
    expect(metrics).toMatchObject({ sent: 1, expected: 2, delivered: 2, rmr: 1, rmrWarm: 0 });
    expect(metrics.latencyMs).toEqual({ p50: 20, p99: 20, max: 20 });
  });

  test('an application that gets a message twice counts as a duplicate, not as a delivery', () => {
    const journal = new Journal();
    for (const id of ['a', 'b']) journal.peerUp(id, 3, 0);
    journal.broadcastSent('m', 'a', false, 0);
    for (let i = 0; i < 2; i++) {
      journal.broadcastCopied('m');
      journal.broadcastDelivered('m', 'b', 1, 10);
    }
    expect(broadcastMetrics(journal, 0)).toMatchObject({ expected: 2, delivered: 1, duplicatesToApp: 1, rmrWarm: 1 });
  });

  test('S29: expected are those up from the sending until 30 s later', () => {
    const journal = new Journal();
    journal.peerUp('a', 3, 0);
    journal.peerUp('dies within', 3, 0);
    journal.peerUp('dies after', 3, 0);
    journal.broadcastSent('m', 'a', false, 1_000);
    journal.peerUp('comes later', 3, 1_001);
    journal.peerDown('dies within', 30_999);
    journal.peerDown('dies after', 31_000);
    for (const id of ['a', 'dies within', 'dies after', 'comes later']) journal.broadcastDelivered('m', id, 1, 1_100);
    expect(broadcastMetrics(journal, 0)).toMatchObject({ expected: 2, delivered: 2 });
  });

  test('without any there is nothing to divide by', () => {
    expect(broadcastMetrics(row(), 0)).toEqual({
      sent: 0,
      expected: 0,
      delivered: 0,
      duplicatesToApp: 0,
      rmr: null,
      rmrWarm: null,
      controlBytesPerDelivery: null,
      lastHop: { p50: null, p99: null, max: null },
      latencyMs: { p50: null, p99: null, max: null },
      history: { repaired: 0, gaps: 0 },
      ordering: { pairs: 0, outOfOrder: 0 },
    });
  });
});

describe('direct messages', () => {
  test('are delivered once, failed, or neither', () => {
    const journal = row();
    for (const id of ['one', 'two', 'three', 'four']) journal.directSent(id, 'a', 'd', 100);
    journal.directDelivered('one', 2, 150);
    journal.directDelivered('one', 9, 160);
    journal.directAcknowledged('one', 200);
    journal.directDelivered('two', 5, 170);
    for (const id of ['two', 'three']) journal.directFailed(id, 'timeout');
    journal.directFailed('three', 'left');
    journal.directAcknowledged('two', 20_000);
    expect(directMetrics(journal)).toEqual({
      sent: 4,
      delivered: 2,
      failed: 2,
      reasons: { timeout: 2 },
      late: 1,
      silent: 1,
      lasting: { sent: 4, delivered: 2 },
      hops: { mean: 3.5, p99: 5, max: 5 },
      latencyMs: { p50: 50, p99: 70, max: 70 },
    });
    journal.peerDown('d', 30_099);
    expect(directMetrics(journal).lasting).toEqual({ sent: 0, delivered: 0 });
    journal.peerDown('a', 40_000);
    expect(directMetrics(journal).silent).toBe(0);
    expect(directMetrics(journal, []).hops).toEqual({ mean: null, p99: null, max: null });
  });

  test('are counted by what they put on links, signals and their answers apart', () => {
    const journal = row();
    journal.directSent('one', 'a', 'd', 100);
    const traffic = new DirectTraffic(journal, () => 10);
    const way = { to: 'a', route: [], ttl: 9, from: 'd', hops: 1 };
    traffic.frameSent({ channel: 'routing', message: { type: 'receipt', messageIds: ['one'] } });
    traffic.frameSent({ channel: 'routing', message: { type: 'ack', messageId: 'one', ...way } });
    traffic.frameSent({ channel: 'routing', message: { type: 'ack', messageId: 'a signal', ...way } });
    traffic.frameSent({ channel: 'link', message: { type: 'ping', nonce: 1 } });
    expect(traffic.costs).toEqual({ copies: 0, receipts: 1, receiptBytes: 10, answers: 1, answerBytes: 10 });
  });
});

describe('the dump', () => {
  test('has a line for each peer, link, broadcast and direct message', () => {
    const journal = new Journal();
    journal.peerUp('a', 3, 0);
    journal.peerUp('b', 4, 5);
    journal.linkOpened('a', 'b', 'mesh', 10).closedMs = 20;
    journal.broadcastSent('m', 'a', true, 12);
    journal.broadcastCopied('m');
    journal.broadcastDelivered('m', 'b', 1, 15);
    journal.directSent('d', 'b', 'a', 16);
    journal.peerDown('b', 30);
    expect([...dumpLines(journal)].map((line) => JSON.parse(line) as unknown)).toEqual([
      { t: 'peer', id: 'a', maxPeers: 3, upMs: 0, downMs: null },
      { t: 'peer', id: 'b', maxPeers: 4, upMs: 5, downMs: 30 },
      { t: 'link', a: 'a', b: 'b', openMs: 10, closedMs: 20, kind: 'mesh' },
      { t: 'broadcast', id: 'm', from: 'a', atMs: 12, warmup: true, copies: 1, deliveries: [['b', 15, 1]] },
      { t: 'direct', id: 'd', from: 'b', to: 'a', sentAtMs: 16, deliveredAtMs: null, hops: null },
    ]);
  });
});
