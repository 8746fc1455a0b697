import { DELIVERY_WINDOW_MS } from './config.js';
import type { DirectEntry, Journal } from './journal.js';
import { mean, percentile, rounded, roundedSpread, spread } from './percentile.js';
import type { Spread } from './percentile.js';

/** How direct messages fared. */
export interface DirectMetrics {
  readonly sent: number;
  /** Given to the receiver's application. */
  readonly delivered: number;
  /** Reported to the sender as failed; with a lost acknowledgement also some of the delivered. */
  readonly failed: number;
  /** Why, and how often. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Those of the failed that were reported as delivered later. */
  readonly late: number;
  /** Neither reported as delivered nor as failed, though the sender is still up. The promise is 0. */
  readonly silent: number;
  /** Those whose sender and receiver were both up until 30 s after the sending, and how many of these were delivered. */
  readonly lasting: { readonly sent: number; readonly delivered: number };
  /** Links crossed by those delivered. */
  readonly hops: { readonly mean: number | null; readonly p99: number | null; readonly max: number | null };
  /** From sending to delivery. */
  readonly latencyMs: Spread;
}

/** How these messages fared. */
export function directMetrics(journal: Journal, directs: readonly DirectEntry[] = journal.directs): DirectMetrics {
  const hops = directs.flatMap((direct) => (direct.hops === null ? [] : [direct.hops])).sort((a, b) => a - b);
  const lasting = directs.filter(({ from, to, sentMs }) =>
    [from, to].every((peer) => isUpUntil(journal, peer, sentMs + DELIVERY_WINDOW_MS)),
  );
  const reasons: Record<string, number> = {};
  for (const { failed } of directs) if (failed !== null) reasons[failed] = (reasons[failed] ?? 0) + 1;
  const latencies = directs.flatMap(({ deliveredMs, sentMs }) => (deliveredMs === null ? [] : [deliveredMs - sentMs]));
  return {
    sent: directs.length,
    delivered: hops.length,
    failed: directs.filter(({ failed }) => failed !== null).length,
    reasons,
    late: directs.filter(({ failed, acknowledgedMs }) => failed !== null && acknowledgedMs !== null).length,
    silent: directs.filter(
      ({ from, failed, acknowledgedMs }) =>
        failed === null && acknowledgedMs === null && isUpUntil(journal, from, Infinity),
    ).length,
    lasting: { sent: lasting.length, delivered: lasting.filter(({ deliveredMs }) => deliveredMs !== null).length },
    hops: { mean: rounded(mean(hops)), p99: percentile(hops, 0.99), max: percentile(hops, 1) },
    latencyMs: roundedSpread(spread(latencies)),
  };
}

function isUpUntil(journal: Journal, peer: string, atMs: number): boolean {
  const downMs = journal.peers[journal.indexOf(peer)]?.downMs ?? null;
  return downMs === null || downMs >= atMs;
}
