import { largest, mean, rounded, roundedSpread, spread } from './percentile.js';
import type { Spread } from './percentile.js';
import { linkRates } from './link-rates.js';
import { dhtResults, roundTripOf } from './dht-results.js';
import type { DhtResults } from './dht-results.js';
import { directMetrics } from './direct-metrics.js';
import type { DirectMetrics } from './direct-metrics.js';
import type { DirectCosts } from './direct-traffic.js';
import { broadcastMetrics, graphMetrics } from './metrics.js';
import type { BroadcastMetrics, GraphMetrics } from './metrics.js';
import type { OutbreakMessage } from './outbreak.js';
import type { Recovery } from './recovery.js';
import type { Run, Upheaval } from './run.js';
import type { MapSize } from './samples.js';
import { half } from './upheavals.js';
import type { Outage } from './upheavals.js';
import type { DirectEntry } from './journal.js';

/** How long a mesh took to come together, in seconds, by looks every 250 ms; null for what was not seen. */
export interface RecoveryTimes {
  /** Until all that are up were one component, by links. */
  readonly secondsToOneComponent: number | null;
  /** Until everyone on the ring had a link or a tunnel with its true successor. */
  readonly secondsToRightRing: number | null;
}

/** What a kill did, counted from it on, the time to notice included. */
export interface KillMetrics extends RecoveryTimes {
  /** Components among the survivors at the very instant of the kill. */
  readonly components: number;
  readonly largestComponent: number;
  /** Survivors that had lost all their links. */
  readonly alone: number;
  /** Until every survivor had noticed every link that it had lost: closed it, or called it degraded. */
  readonly detectionSeconds: number | null;
  /** Until every component was a right ring of its own. */
  readonly secondsToRightIslandRings: number | null;
  /** Components when the time to recover was over: at the server's return, or 60 s after the kill. */
  readonly islands: number | null;
  readonly message: OutbreakMessage;
  /** Direct messages between survivors, sent at that instant. */
  readonly direct: DirectMetrics;
}

/** What a cut did, while it lasted. */
export interface CutMetrics {
  readonly components: number;
  /** Until each side was a right ring of its own. */
  readonly secondsToRightIslandRings: number | null;
  /** Direct messages halfway through: between peers of one side, and to the other. */
  readonly direct: { readonly within: DirectMetrics; readonly across: DirectMetrics };
}

/** Broadcasts of the time of a cut. */
export interface Reconciliation {
  /** Until everyone who was up from the cut on had all of them; null if anyone has not. */
  readonly secondsToReconciled: number | null;
}

/** What a run showed, apart from its name and options. README.md says what each field means. */
export interface Results extends GraphMetrics {
  readonly broadcast: BroadcastMetrics;
  readonly direct: DirectMetrics & DirectCosts;
  /** What a join costs the server in messages; `join-costs.ts` says what counts. */
  readonly signaling: { readonly messagesPerJoin: { readonly mean: number | null; readonly max: number | null } };
  readonly serverMessagesPerPeerMinute: number | null;
  readonly links: { readonly opened: number; readonly closed: number };
  /** Transports constructed, whether or not they opened: by each peer in its life, and by all in an hour of one's life. */
  readonly constructed: { readonly perPeer: Spread; readonly perPeerHour: number | null };
  readonly linksPerPeerHour: number | null;
  readonly newLinksPerPeerMinute: Spread;
  readonly tunnels: number;
  readonly ringErrors: Spread;
  readonly afterJoin: RecoveryTimes | null;
  readonly afterKill: KillMetrics | null;
  readonly duringCut: CutMetrics | null;
  readonly afterHeal: (RecoveryTimes & Reconciliation) | null;
  readonly afterReturn: (RecoveryTimes & Outage) | null;
  /** Where peers have a dht. */
  readonly dht: DhtResults | null;
  readonly maxMapSizes: Readonly<Record<string, MapSize>>;
  /** Messages and other inputs that all machines handled, the server's included. */
  readonly handled: number;
}

/** What a run showed so far. */
export function resultsOf(run: Run): Results {
  const { recorder, network, samples, recoveries } = run;
  const { journal, joins, controlBytes, mesh } = recorder;
  const costs = joins.costs();
  const perMinute = spread(linkRates(journal, run.settledMs, network.now));
  const times = (upheaval: Upheaval): RecoveryTimes | null => timesOf(recoveries.get(upheaval));
  const afterReturn = times('return');
  const latencies = journal.directs.flatMap((one) => (one.deliveredMs === null ? [] : one.deliveredMs - one.sentMs));
  return {
    ...graphMetrics(journal, run.options.seed),
    broadcast: broadcastMetrics(journal, controlBytes),
    direct: {
      ...directMetrics(
        journal,
        journal.directs.filter(({ upheaval }) => !upheaval),
      ),
      ...recorder.directTraffic.costs,
    },
    signaling: { messagesPerJoin: { mean: rounded(mean(costs)), max: largest(costs) } },
    serverMessagesPerPeerMinute: rounded(samples.serverMessagesPerPeerMinute),
    links: { ...network.links },
    constructed: constructed(run),
    linksPerPeerHour: perMinute.p50 === null ? null : rounded(perMinute.p50 * 60),
    newLinksPerPeerMinute: roundedSpread(perMinute),
    tunnels: mesh.tunnels(),
    ringErrors: roundedSpread(spread(samples.ringErrors)),
    afterJoin: times('join'),
    afterKill: killMetrics(run),
    duringCut: cutMetrics(run),
    afterHeal: healMetrics(run),
    afterReturn: afterReturn === null || run.outage === undefined ? null : { ...afterReturn, ...run.outage },
    dht: run.options.puts > 0 ? dhtResults(run.dht.journal, roundTripOf(latencies)) : null,
    maxMapSizes: Object.fromEntries([...samples.mapSizes].map(([name, size]) => [name, { ...size }])),
    handled: network.handled,
  };
}

function constructed({ network, recorder }: Run): Results['constructed'] {
  const counts = network.peers.map((peer) => peer.constructed);
  let hours = 0;
  let total = 0;
  for (const count of counts) total += count;
  for (const { upMs, downMs } of recorder.journal.peers) hours += ((downMs ?? network.now) - upMs) / 3_600_000;
  return { perPeer: roundedSpread(spread(counts)), perPeerHour: hours === 0 ? null : rounded(total / hours) };
}

function timesOf(recovery: Recovery | undefined): RecoveryTimes | null {
  if (recovery === undefined) return null;
  return {
    secondsToOneComponent: recovery.secondsUntil(recovery.oneComponentMs),
    secondsToRightRing: recovery.secondsUntil(recovery.rightRingMs),
  };
}

function healMetrics({ recoveries, recorder, divided }: Run): Results['afterHeal'] {
  const recovery = recoveries.get('heal');
  if (recovery === undefined) return null;
  const { journal } = recorder;
  const stayed = journal.peers.filter(({ upMs, downMs }) => downMs === null && upMs < recovery.sinceMs);
  let last = recovery.sinceMs;
  let missing = 0;
  for (const id of divided) {
    const times = journal.deliveryTimes(id);
    for (const peer of stayed) {
      const at = times.get(peer.id);
      if (at === undefined) missing++;
      else last = Math.max(last, at);
    }
  }
  const secondsToReconciled = recovery.secondsUntil(missing > 0 ? null : last);
  return { ...(timesOf(recovery) as RecoveryTimes), secondsToReconciled };
}

function killMetrics({ outbreak, recorder }: Run): KillMetrics | null {
  if (outbreak === undefined) return null;
  const { recovery, islands } = outbreak;
  const { before, detection, rightIslandRingsMs } = recovery;
  return {
    ...before,
    detectionSeconds: recovery.secondsUntil(detection?.atMs ?? null),
    ...(timesOf(recovery) as RecoveryTimes),
    secondsToRightIslandRings: recovery.secondsUntil(rightIslandRingsMs),
    islands,
    message: outbreak.message(recorder),
    direct: directMetrics(
      recorder.journal,
      recorder.journal.directs.filter(({ upheaval }) => upheaval),
    ),
  };
}

function cutMetrics({ recoveries, recorder, options }: Run): CutMetrics | null {
  const recovery = recoveries.get('cut');
  if (recovery === undefined) return null;
  const { journal } = recorder;
  const sent = journal.directs.filter(({ upheaval }) => upheaval);
  const isWithin = ({ from, to }: DirectEntry): boolean => half(options.seed, from) === half(options.seed, to);
  const { before, rightIslandRingsMs } = recovery;
  return {
    components: before.components,
    secondsToRightIslandRings: recovery.secondsUntil(rightIslandRingsMs),
    direct: {
      within: directMetrics(journal, sent.filter(isWithin)),
      across: directMetrics(
        journal,
        sent.filter((direct) => !isWithin(direct)),
      ),
    },
  };
}
