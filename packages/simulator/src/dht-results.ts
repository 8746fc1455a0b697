import type { DhtJournal, GetEntry, SubscriptionEntry } from './dht-journal.js';
import { dhtMetrics, getMetrics, share } from './dht-metrics.js';
import type { DhtMetrics, GetMetrics } from './dht-metrics.js';
import { percentile, rounded, roundedSpread, spread } from './percentile.js';
import type { Spread } from './percentile.js';

/** What a kill did to records. */
export interface DhtKillMetrics {
  readonly killed: number;
  /** Keys that nobody had any more at that instant; … */
  readonly expectedLost: number;
  /** … and those that a get returned nothing for a minute later. The promise: the same keys. */
  readonly lost: number;
  readonly exactlyTheLost: boolean;
  /** Shares of the other keys that a minute later all their k nearest had, and that nobody else had either. */
  readonly complete: number | null;
  readonly exactNearest: number | null;
  /** Gets from the instant of the kill on. */
  readonly atOnce: GetMetrics;
  /** Gets a minute later. */
  readonly later: GetMetrics;
}

/** How writes on both sides of a cut came together. */
export interface DhtHealMetrics {
  /** Keys written on either side, and writes that were confirmed. */
  readonly keys: number;
  readonly stored: number;
  /** From the healing until the k nearest of each key had the one record that counts; null: not within a minute. */
  readonly secondsToAgreement: number | null;
  /** Keys of which somebody who should not hold them still had an older record then. */
  readonly staleElsewhere: number;
  /** Gets by everyone, a minute after the healing. */
  readonly gets: GetMetrics;
}

/** How subscribers fared that were up all through. */
export interface SubscriptionMetrics {
  readonly subscribers: number;
  /** Pairs of an update that was stored and a subscriber that had subscribed before it; … */
  readonly expected: number;
  /** … those of them that it was told of; those of which it had a newer one first; and neither. */
  readonly notified: number;
  readonly superseded: number;
  readonly lost: number;
  /** Told twice of the same version, or of an older one after a newer one. */
  readonly repeated: number;
  /** From the put to the subscriber, of updates that were stored before holders died; … */
  readonly latencyMs: Spread;
  /** … and of those that were not. */
  readonly killedLatencyMs: Spread;
  readonly killedHolders: number;
  /** Twice the median latency of a direct message in the same mesh, and `latencyMs` in that unit. */
  readonly roundTripMs: number | null;
  readonly roundTrips: Spread;
  /** At all peers: with all subscribers there, and when they had been gone for longer than a lease lasts. */
  readonly leases: { readonly before: number; readonly after: number | null } | null;
}

/** How the dht fared: while nothing else happened, and in whatever happened. */
export interface DhtResults extends DhtMetrics {
  readonly afterKill: DhtKillMetrics | null;
  /** Gets under churn. */
  readonly churn: (GetMetrics & { readonly puts: number; readonly stored: number }) | null;
  readonly afterHeal: DhtHealMetrics | null;
  readonly subscriptions: SubscriptionMetrics | null;
}

/** @param roundTripMs of a direct message; null: none was measured */
export function dhtResults(journal: DhtJournal, roundTripMs: number | null): DhtResults {
  return {
    ...dhtMetrics(journal),
    afterKill: killMetrics(journal),
    churn: churnMetrics(journal),
    afterHeal: healMetrics(journal),
    subscriptions: journal.subscriptions.length === 0 ? null : subscriptionMetrics(journal, roundTripMs),
  };
}

function killMetrics(journal: DhtJournal): DhtKillMetrics | null {
  const { kill } = journal;
  if (kill === null) return null;
  const later = gets(journal, 'after');
  const absent = later.filter(({ verdict }) => verdict === 'gone' || verdict === 'missing').map((get) => get.keyId);
  const lost = new Set(absent);
  return {
    killed: kill.killed,
    expectedLost: kill.lost.length,
    lost: lost.size,
    exactlyTheLost: lost.size === kill.lost.length && kill.lost.every((id) => lost.has(id)),
    complete: kill.complete === null ? null : share(kill.complete, journal.keys().length - kill.lost.length),
    exactNearest: kill.exact === null ? null : share(kill.exact, journal.keys().length - kill.lost.length),
    atOnce: getMetrics(gets(journal, 'upheaval')),
    later: getMetrics(later),
  };
}

function churnMetrics(journal: DhtJournal): DhtResults['churn'] {
  const during = gets(journal, 'upheaval');
  if (journal.kill !== null || during.length === 0) return null;
  const puts = journal.puts.filter(({ phase }) => phase === 'upheaval');
  return { puts: puts.length, stored: puts.filter(({ storedMs }) => storedMs !== null).length, ...getMetrics(during) };
}

function healMetrics(journal: DhtJournal): DhtHealMetrics | null {
  const { heal } = journal;
  if (heal === null) return null;
  const writes = journal.puts.filter(({ phase }) => phase === 'upheaval');
  const { sinceMs, agreedMs, staleElsewhere } = heal;
  return {
    keys: new Set(writes.map(({ keyId }) => keyId)).size,
    stored: writes.filter(({ storedMs }) => storedMs !== null).length,
    secondsToAgreement: agreedMs === null ? null : Math.round(agreedMs - sinceMs) / 1_000,
    staleElsewhere,
    gets: getMetrics(gets(journal, 'after')),
  };
}

/** What subscribers were told of the updates that were stored. */
export function subscriptionMetrics(journal: DhtJournal, roundTripMs: number | null): SubscriptionMetrics {
  const stayed = journal.subscriptions.filter(({ stays, doneMs }) => stays && doneMs !== null);
  const killMs = journal.holdersKilled?.atMs ?? Infinity;
  const latencies: number[] = [];
  const killedLatencies: number[] = [];
  let [expected, superseded, lost] = [0, 0, 0];
  for (const { keyId, changes, doneMs } of stayed) {
    for (const { atMs, storedMs, record } of journal.writesOf(keyId)) {
      if (record === null || atMs < (doneMs ?? Infinity)) continue;
      expected++;
      const told = changes.find(({ version }) => version === record.version);
      if (told !== undefined) ((storedMs ?? Infinity) < killMs ? latencies : killedLatencies).push(told.atMs - atMs);
      else if (changes.some(({ version }) => version > record.version)) superseded++;
      else lost++;
    }
  }
  return {
    subscribers: stayed.length,
    expected,
    notified: latencies.length + killedLatencies.length,
    superseded,
    lost,
    repeated: stayed.reduce((sum, entry) => sum + repeatedOf(entry), 0),
    latencyMs: roundedSpread(spread(latencies)),
    killedLatencyMs: roundedSpread(spread(killedLatencies)),
    killedHolders: journal.holdersKilled?.count ?? 0,
    roundTripMs: rounded(roundTripMs),
    roundTrips: roundedSpread(spread(roundTripMs === null ? [] : latencies.map((ms) => ms / roundTripMs))),
    leases: journal.leases,
  };
}

function repeatedOf({ changes }: SubscriptionEntry): number {
  return changes.filter(({ version }, i) => i > 0 && version <= (changes[i - 1]?.version ?? 0)).length;
}

function gets(journal: DhtJournal, phase: GetEntry['phase']): GetEntry[] {
  return journal.gets.filter((get) => get.phase === phase);
}

/** Twice the median of these latencies; null of none. */
export function roundTripOf(latencies: readonly number[]): number | null {
  const median = percentile(
    [...latencies].sort((a, b) => a - b),
    0.5,
  );
  return median === null ? null : 2 * median;
}
