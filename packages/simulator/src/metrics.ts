import { SeededRng, sample } from '@peerpigeon/core';
import type { PeerId } from '@peerpigeon/core';
import { DELIVERY_WINDOW_MS, ECCENTRICITY_SOURCES, EXACT_ECCENTRICITY_PEERS } from './config.js';
import { Graph } from './graph.js';
import { hash } from './hash.js';
import type { BroadcastEntry, Journal } from './journal.js';
import { largest, mean, rounded, roundedSpread, spread } from './percentile.js';
import type { Spread } from './percentile.js';

/** The mesh as a graph, at the end of the run. */
export interface GraphMetrics {
  /** Connected components among the peers that are up, by ready links of any kind; 1 is the promise. */
  readonly components: number;
  /** Peers in the largest of them. */
  readonly largestComponent: number;
  /** The longest shortest path, in links: over all sources up to 2,000 peers, over 200 random ones above. */
  readonly eccentricity: number;
  /** Mesh links per peer (`extra` links and handovers excluded). */
  readonly degree: { readonly mean: number | null; readonly max: number | null };
}

/** How broadcasts fared. All but `rmr` leave the warm-up out. */
export interface BroadcastMetrics {
  readonly sent: number;
  /** Pairs of a broadcast and a peer that was up from its sending until 30 s later, its sender among them. */
  readonly expected: number;
  /** Those of the expected pairs in which the application got the broadcast. */
  readonly delivered: number;
  /** How often an application got a broadcast that it had got before. */
  readonly duplicatesToApp: number;
  /** Relative message redundancy, the warm-up included: payload copies received / deliveries to others − 1. */
  readonly rmr: number | null;
  /** The same after the warm-up. */
  readonly rmrWarm: number | null;
  /** Bytes of gossip frames without a payload, from the first broadcast after the warm-up on, per delivery to others. */
  readonly controlBytesPerDelivery: number | null;
  /** Links crossed until the last delivery, one value a broadcast. */
  readonly lastHop: Spread;
  /** From sending to delivery, one value a delivery to others. */
  readonly latencyMs: Spread;
  readonly history: {
    /** Copies received that came to close a gap, the warm-up included. */
    readonly repaired: number;
    /** Broadcasts that an application was told it had missed, the warm-up included. */
    readonly gaps: number;
  };
  readonly ordering: {
    /** Two broadcasts of one author in succession that one peer got, the warm-up included. */
    readonly pairs: number;
    /** Those of them that it got in the wrong order. */
    readonly outOfOrder: number;
  };
}

/** Components, eccentricity and degrees of the links that are open at the end, among the peers that are up. */
export function graphMetrics(journal: Journal, seed: number): GraphMetrics {
  const live = new Map(journal.peers.filter((peer) => peer.downMs === null).map((peer, index) => [peer.id, index]));
  const all = new Graph(live.size);
  const mesh = new Graph(live.size);
  for (const { a, b, kind, closedMs } of journal.links) {
    const [from, to] = [live.get(a), live.get(b)];
    if (closedMs !== null || from === undefined || to === undefined) continue;
    all.link(from, to);
    if (kind === 'mesh') mesh.link(from, to);
  }
  const components = all.components();
  const nodes = Array.from({ length: all.size }, (_, index) => index);
  const exact = nodes.length <= EXACT_ECCENTRICITY_PEERS;
  const sources = exact ? nodes : sample(new SeededRng(hash(seed, 'eccentricity')), nodes, ECCENTRICITY_SOURCES);
  const degrees = mesh.degrees();
  return {
    components: components.length,
    largestComponent: components[0] ?? 0,
    eccentricity: all.eccentricity(sources),
    degree: { mean: rounded(mean(degrees)), max: largest(degrees) },
  };
}

/** @param controlBytes of gossip since the first broadcast after the warm-up */
export function broadcastMetrics(journal: Journal, controlBytes: number): BroadcastMetrics {
  const measured = journal.broadcasts.filter((broadcast) => !broadcast.warmup);
  const lastHops: number[] = [];
  const latencies: number[] = [];
  let expected = 0;
  let delivered = 0;
  let duplicatesToApp = 0;
  for (const { sentMs, deliveries } of measured) {
    const had = new Set<number>();
    let lastHop = 0;
    for (let i = 0; i < deliveries.peers.length; i++) {
      const peer = deliveries.peers[i] as number;
      const hops = deliveries.hops[i] as number;
      if (had.has(peer)) {
        duplicatesToApp++;
        continue;
      }
      had.add(peer);
      lastHop = Math.max(lastHop, hops);
      if (hops > 0) latencies.push((deliveries.atMs[i] as number) - sentMs);
    }
    lastHops.push(lastHop);
    journal.peers.forEach(({ upMs, downMs }, peer) => {
      if (upMs > sentMs || (downMs !== null && downMs < sentMs + DELIVERY_WINDOW_MS)) return;
      expected++;
      if (had.has(peer)) delivered++;
    });
  }
  return {
    sent: measured.length,
    expected,
    delivered,
    duplicatesToApp,
    rmr: redundancy(journal.broadcasts),
    rmrWarm: redundancy(measured),
    controlBytesPerDelivery: latencies.length === 0 ? null : rounded(controlBytes / latencies.length),
    lastHop: spread(lastHops),
    latencyMs: roundedSpread(spread(latencies)),
    history: { repaired: journal.repaired, gaps: journal.gaps },
    ordering: ordering(journal.broadcasts),
  };
}

function ordering(broadcasts: readonly BroadcastEntry[]): BroadcastMetrics['ordering'] {
  const formerOf = new Map<PeerId, Map<number, number>>();
  let pairs = 0;
  let outOfOrder = 0;
  for (const { from, deliveries } of broadcasts) {
    const former = formerOf.get(from);
    const times = new Map<number, number>();
    deliveries.peers.forEach((peer, i) => {
      if (!times.has(peer)) times.set(peer, deliveries.atMs[i] as number);
    });
    for (const [peer, at] of times) {
      const before = former?.get(peer);
      if (before === undefined) continue;
      pairs++;
      if (before > at) outOfOrder++;
    }
    formerOf.set(from, times);
  }
  return { pairs, outOfOrder };
}

/** Payloads received over first deliveries, the sender's own excluded, less one: 0 is a perfect tree. */
function redundancy(broadcasts: readonly BroadcastEntry[]): number | null {
  let copies = 0;
  let deliveries = 0;
  for (const broadcast of broadcasts) {
    const own = broadcast.deliveries.hops.includes(0) ? 1 : 0;
    copies += broadcast.copies;
    deliveries += new Set(broadcast.deliveries.peers).size - own;
  }
  return deliveries === 0 ? null : rounded(copies / deliveries - 1);
}
