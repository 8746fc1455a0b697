import { SeededRng, encode } from '@peerpigeon/core';
import { dhtProtocol, encodeMessage, keyId } from '@peerpigeon/dht';
import type { Key, Message } from '@peerpigeon/dht';
import type { Frame } from '@peerpigeon/mesh';
import { describe, expect, test } from 'vitest';
import { DhtJournal } from '../src/dht-journal.js';
import type { GetEntry, PutEntry, SubscriptionEntry } from '../src/dht-journal.js';
import { dhtMetrics } from '../src/dht-metrics.js';
import { dhtResults, roundTripOf } from '../src/dht-results.js';
import { DhtTraffic, framesSince } from '../src/dht-traffic.js';
import { dumpLines } from '../src/dump.js';
import { Journal } from '../src/journal.js';

const id = (digit: string): string => digit.repeat(40);
const key = (name: string): Key => ({ space: 'value', name });

function put(name: string, version: number, given: Partial<PutEntry> = {}): PutEntry {
  const [author, value] = [id('a'), Uint8Array.of(version)];
  const life = { issuedAt: 1, ttlMs: 1_000, base: null, replicas: 8, form: 'plain' } as const;
  const record = { ...life, author, version, value, signature: new Uint8Array(0) };
  const times = { atMs: 0, doneMs: 100, storedMs: 100 };
  const outcome = {
    record,
    failed: null,
    hops: 2,
    copies: 2,
    holders: [id('1'), id('2')],
    nearest: [id('2'), id('1')],
  };
  return { phase: 'calm', author, value, key: key(name), keyId: keyId(key(name)), ...times, ...outcome, ...given };
}

function get(name: string, given: Partial<GetEntry> = {}): GetEntry {
  const outcome = { doneMs: 40, verdict: 'found', version: 1, failed: null, hops: 3 } as const;
  const lists = { holders: [id('1')], nearest: [id('1'), id('2')] };
  const asked = { phase: 'calm', key: key(name), keyId: keyId(key(name)), peer: id('b'), atMs: 0 } as const;
  return { ...asked, ...outcome, ...lists, ...given };
}

function journalOf(puts: readonly PutEntry[], gets: readonly GetEntry[]): DhtJournal {
  const journal = new DhtJournal();
  for (const entry of puts) journal.put(entry);
  journal.gets.push(...gets);
  return journal;
}

describe('the metrics of the dht', () => {
  test('count what gets came to, and leave out of the share what could not be found', () => {
    const failed = { verdict: 'failed', failed: 'timeout', hops: null } as const;
    const gets = [
      get('x'),
      get('x', { hops: 5, doneMs: 80 }),
      get('x', { verdict: 'wrong' }),
      get('x', { verdict: 'missing' }),
      get('x', { verdict: 'gone' }),
      get('x', failed),
      get('x', { verdict: null, doneMs: null, hops: null }),
      get('x', { phase: 'after' }),
    ];
    expect(dhtMetrics(journalOf([put('x', 1)], gets))).toMatchObject({
      gets: 7,
      found: 2,
      wrong: 1,
      missing: 1,
      gone: 1,
      failed: 1,
      reasons: { timeout: 1 },
      abandoned: 1,
      foundShare: 0.4,
      hops: { mean: 3.4, p99: 5 },
      getMs: { p50: 40, max: 80 },
    });
  });

  test('a put is exact when just the right peers have it, a get when it asked none but these', () => {
    const puts = [
      put('x', 1),
      put('y', 2, { holders: [id('1')] }),
      put('z', 3, { holders: [id('1'), id('2'), id('3')] }),
      put('w', 4, { holders: null, storedMs: null, record: null, failed: 'full' }),
    ];
    const gets = [get('x'), get('x', { holders: [id('1'), id('3')] }), get('x', { holders: [] })];
    expect(dhtMetrics(journalOf(puts, gets))).toMatchObject({
      puts: 4,
      stored: 3,
      putFailures: { full: 1 },
      exactPuts: 0.333333,
      exactGets: 0.5,
      exactNearest: 0.4,
      putMs: { p50: 100 },
      messagesPerGet: 0,
    });
  });

  test('frames of a window are shared out among its gets', () => {
    const journal = journalOf([put('x', 1)], [get('x'), get('x')]);
    const frames = { frames: 30, byType: { request: 20, fetch: 10 } };
    journal.windows.set('idle', { sinceMs: 0, untilMs: 500, frames, links: 1, extraLinks: 4 });
    journal.windows.set('gets', { sinceMs: 500, untilMs: 2_500, frames, links: 3, extraLinks: 1 });
    expect(dhtMetrics(journal)).toMatchObject({
      messagesPerGet: 15,
      connectionsOpened: 1,
      windows: { idle: { framesPerSecond: 60, links: 1 }, gets: { framesPerSecond: 15, byType: frames.byType } },
    });
  });

  test('S35: what a kill lost is compared key by key', () => {
    const puts = [put('x', 1), put('y', 2), put('z', 3)];
    const gone = get('x', { phase: 'after', verdict: 'gone' });
    const journal = journalOf(puts, [gone, get('y', { phase: 'after' }), get('z', { phase: 'upheaval' })]);
    journal.kill = { killed: 5, lost: [keyId(key('x'))], complete: 2, exact: 1 };
    const shown = dhtResults(journal, null);
    expect(shown.afterKill).toMatchObject({
      killed: 5,
      expectedLost: 1,
      lost: 1,
      exactlyTheLost: true,
      complete: 1,
      exactNearest: 0.5,
    });
    expect(shown.afterKill).toMatchObject({ atOnce: { gets: 1, found: 1 }, later: { gets: 2, found: 1, gone: 1 } });
    journal.gets.push(get('y', { phase: 'after', verdict: 'missing' }));
    expect(dhtResults(journal, null).afterKill).toMatchObject({ lost: 2, exactlyTheLost: false });
  });

  test('S33: an update that a subscriber was not told of is lost, or a newer one came first', () => {
    const puts = [1, 2, 3, 4].map((version) =>
      put('x', version, { phase: 'upheaval', atMs: 1_000 * version, storedMs: 1_000 * version + 100 }),
    );
    const journal = journalOf(puts, []);
    const changes = [
      { version: 2, atMs: 2_300 },
      { version: 2, atMs: 2_400 },
      { version: 4, atMs: 4_900 },
    ];
    const told: SubscriptionEntry = {
      key: key('x'),
      keyId: keyId(key('x')),
      peer: id('b'),
      doneMs: 1_500,
      changes,
      stays: true,
    };
    const silent = { ...told, doneMs: 3_500, changes: [] };
    journal.subscriptions.push(told, silent, { ...silent, stays: false });
    journal.leases = { before: 24, after: 0 };
    journal.holdersKilled = { atMs: 3_000, count: 3 };
    expect(dhtResults(journal, roundTripOf([100, 300, 200])).subscriptions).toEqual({
      subscribers: 2,
      expected: 4,
      notified: 2,
      superseded: 1,
      lost: 1,
      repeated: 1,
      latencyMs: { p50: 300, p99: 300, max: 300 },
      killedLatencyMs: { p50: 900, p99: 900, max: 900 },
      killedHolders: 3,
      roundTripMs: 400,
      roundTrips: { p50: 0.75, p99: 0.75, max: 0.75 },
      leases: { before: 24, after: 0 },
    });
  });

  test('S37: how a cut healed', () => {
    const puts = [put('x', 1), put('x', 2, { phase: 'upheaval' }), put('x', 3, { phase: 'upheaval', storedMs: null })];
    const journal = journalOf(puts, [get('x', { phase: 'after' })]);
    journal.heal = { sinceMs: 1_000, agreedMs: 3_500, staleElsewhere: 0 };
    expect(dhtResults(journal, null).afterHeal).toMatchObject({
      keys: 1,
      stored: 1,
      secondsToAgreement: 2.5,
      gets: { gets: 1, found: 1 },
    });
  });

  test('a dump has a line for each put and get', () => {
    const lines = [...dumpLines(new Journal(), journalOf([put('x', 1)], [get('x', { doneMs: null, verdict: null })]))];
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { t: 'put', atMs: 0, peer: id('a'), key: 'x', stored: true, version: 1, hops: 2, ms: 100 },
      {
        t: 'get',
        atMs: 0,
        peer: id('b'),
        key: 'x',
        keyId: keyId(key('x')),
        found: false,
        ms: null,
        holders: [id('1')],
      },
    ]);
  });
});

describe('the frames of the dht', () => {
  test('are the parcels with its tag, each link counted, and told of as they leave their author', () => {
    const traffic = new DhtTraffic();
    const said: string[] = [];
    traffic.onSaid = (from, to, message) => said.push(`${from[0]} ${to?.[0]} ${message.type}`);
    const message: Message = { type: 'fetch', id: 1, key: key('x'), after: null };
    const { tag } = dhtProtocol({ peerId: id('a'), rng: new SeededRng(1), epoch: 1 });
    const body = encode([tag, encodeMessage(message)]);
    const parcel = (path: string[], bytes: unknown): Frame => ({
      channel: 'routing',
      message: {
        type: 'parcel',
        address: 'peer',
        to: id('c'),
        ttl: 9,
        path,
        body: bytes,
        route: [],
        goal: null,
        mode: 0,
      },
    });
    const before = traffic.total;
    for (const path of [[id('a')], [id('a'), id('b')]]) traffic.frameSent(parcel(path, body));
    traffic.frameSent(parcel([id('a')], encode([5, [1]])));
    traffic.frameSent(parcel([id('a')], { type: 'neighbours' }));
    expect(said).toEqual(['a c fetch']);
    expect(framesSince(before, traffic.total)).toEqual({ frames: 2, byType: { fetch: 2 } });
    expect(framesSince(traffic.total, traffic.total)).toEqual({ frames: 0, byType: {} });
  });
});
