import type { DhtJournal, GetEntry, PutEntry, Window } from './dht-journal.js';
import { areSameSet } from './dht-oracle.js';
import type { Verdict } from './dht-oracle.js';
import { mean, percentile, rounded, roundedSpread, spread } from './percentile.js';
import type { Spread } from './percentile.js';

/** Links crossed by requests. */
interface Hops {
  readonly mean: number | null;
  readonly p99: number | null;
}

/** How gets fared. Each is one of `found` to `failed`, unless the peer that asked was gone before the answer (`abandoned`). */
export interface GetMetrics {
  readonly gets: number;
  /** Returned the value that the oracle calls current. */
  readonly found: number;
  /** Returned anything else. */
  readonly wrong: number;
  /** Returned nothing, though somebody who was up had a record; … */
  readonly missing: number;
  /** … and nobody had. */
  readonly gone: number;
  /** Ended with an error, and with which. */
  readonly failed: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly abandoned: number;
  /** `found` of all that could be: those that are neither gone nor abandoned. */
  readonly foundShare: number | null;
  readonly hops: Hops;
  readonly getMs: Spread;
}

/** What was said in a window. */
export interface WindowMetrics {
  readonly framesPerSecond: number;
  readonly byType: Readonly<Record<string, number>>;
  /** Links that opened, whatever for. */
  readonly links: number;
}

/** How the dht fared while nothing else happened. */
export interface DhtMetrics extends GetMetrics {
  readonly puts: number;
  /** Those that holders confirmed. */
  readonly stored: number;
  readonly putFailures: Readonly<Record<string, number>>;
  /**
   * Share of the puts whose record some seconds later was at exactly the k ring members that are XOR-nearest to the key, and of the
   * gets that asked nobody but these, together.
   */
  readonly exactNearest: number | null;
  readonly exactPuts: number | null;
  readonly exactGets: number | null;
  readonly putHops: Hops;
  readonly putMs: Spread;
  /** Frames of the dht over any link, replication and leases of that time included, for each get; … */
  readonly messagesPerGet: number | null;
  /** … and for each put. */
  readonly messagesPerPut: number | null;
  /** Links opened during puts and gets that the topology did not ask for. */
  readonly connectionsOpened: number;
  readonly windows: Readonly<Record<string, WindowMetrics>>;
}

/** How the puts and gets of a run fared while nothing else happened. */
export function dhtMetrics(journal: DhtJournal): DhtMetrics {
  const puts = journal.puts.filter(({ phase }) => phase === 'calm');
  const gets = journal.gets.filter(({ phase }) => phase === 'calm');
  const stored = puts.filter(({ storedMs }) => storedMs !== null);
  const looked = puts.filter(({ holders }) => holders !== null);
  const exactPuts = looked.filter(isExactPut).length;
  const asked = gets.filter(({ doneMs, holders }) => doneMs !== null && holders.length > 0);
  const exactGets = asked.filter(isExactGet).length;
  const windows = [...journal.windows];
  const during = windows.filter(([of]) => of !== 'idle').map(([, { extraLinks }]) => extraLinks);
  return {
    puts: puts.length,
    stored: stored.length,
    putFailures: countsOf(puts.map(({ failed }) => failed)),
    ...getMetrics(gets),
    exactNearest: share(exactPuts + exactGets, looked.length + asked.length),
    exactPuts: share(exactPuts, looked.length),
    exactGets: share(exactGets, asked.length),
    putHops: hopsOf(stored),
    putMs: roundedSpread(spread(stored.flatMap(durationOf))),
    messagesPerGet: share(journal.windows.get('gets')?.frames.frames ?? 0, gets.length),
    messagesPerPut: share(journal.windows.get('puts')?.frames.frames ?? 0, puts.length),
    connectionsOpened: during.reduce((sum, links) => sum + links, 0),
    windows: Object.fromEntries(windows.map(([of, window]) => [of, windowMetrics(window)])),
  };
}

/** How these gets fared. */
export function getMetrics(gets: readonly GetEntry[]): GetMetrics {
  const of = (wanted: Verdict): number => gets.filter(({ verdict }) => verdict === wanted).length;
  const found = of('found');
  const gone = of('gone');
  const abandoned = gets.filter(({ verdict }) => verdict === null).length;
  const done = gets.filter(({ verdict }) => verdict !== null && verdict !== 'failed');
  return {
    gets: gets.length,
    found,
    wrong: of('wrong'),
    missing: of('missing'),
    gone,
    failed: of('failed'),
    reasons: countsOf(gets.map(({ failed }) => failed)),
    abandoned,
    foundShare: share(found, gets.length - gone - abandoned),
    hops: hopsOf(done),
    getMs: roundedSpread(spread(done.flatMap(durationOf))),
  };
}

/** Whether everyone who should have it has it, and nobody else. */
function isExactPut({ holders, nearest }: PutEntry): boolean {
  return holders !== null && nearest !== null && areSameSet(holders, nearest);
}

/** A get may end before all have been asked; it asks the nearest of those that should have it. */
function isExactGet({ holders, nearest }: GetEntry): boolean {
  return holders.every((id) => nearest.includes(id));
}

function hopsOf(entries: readonly { readonly hops: number | null }[]): Hops {
  const hops = entries.flatMap((entry) => entry.hops ?? []).sort((a, b) => a - b);
  return { mean: rounded(mean(hops)), p99: percentile(hops, 0.99) };
}

function windowMetrics({ sinceMs, untilMs, frames, links }: Window): WindowMetrics {
  const seconds = Math.max(1, untilMs - sinceMs) / 1_000;
  return { framesPerSecond: rounded(frames.frames / seconds), byType: frames.byType, links };
}

function durationOf({ atMs, doneMs }: { readonly atMs: number; readonly doneMs: number | null }): number[] {
  return doneMs === null ? [] : [doneMs - atMs];
}

function countsOf(words: readonly (string | null)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) if (word !== null) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** A ratio; null of nothing. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : rounded(part / whole);
}
