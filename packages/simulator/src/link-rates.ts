import type { Millis, PeerId } from '@peerpigeon/core';
import { MIN_RATE_MS, SETTLE_MS } from './config.js';
import type { Journal } from './journal.js';

/**
 * Mesh links that each peer opened per minute, one value a peer, in the order of joining: those that opened since
 * `sinceMs`, and not in the first {@link SETTLE_MS} of its life, until it went or until `untilMs`. Each link counts at both
 * of its ends. Peers that were there for less than {@link MIN_RATE_MS} of that time are left out.
 */
export function linkRates(journal: Journal, sinceMs: Millis, untilMs: Millis): number[] {
  const fromMs = journal.peers.map(({ upMs }) => Math.max(sinceMs, upMs + SETTLE_MS));
  const opened = journal.peers.map(() => 0);
  const count = (id: PeerId, openMs: Millis): void => {
    const peer = journal.indexOf(id);
    if (openMs > (fromMs[peer] ?? Infinity)) opened[peer] = (opened[peer] ?? 0) + 1;
  };
  for (const { a, b, kind, openMs } of journal.links) {
    if (kind !== 'mesh') continue;
    count(a, openMs);
    count(b, openMs);
  }
  return journal.peers.flatMap(({ downMs }, peer) => {
    const durationMs = (downMs ?? untilMs) - (fromMs[peer] as Millis);
    return durationMs < MIN_RATE_MS ? [] : [((opened[peer] as number) * 60_000) / durationMs];
  });
}
