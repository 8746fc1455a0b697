import type { Millis, PeerId } from '@peerpigeon/core';
import { compareDistance } from '@peerpigeon/xor';
import type { Context } from './context.js';

/** Whom a peer without links dials next, and when to look again if nobody now. */
export interface IsolationStep {
  readonly peer?: PeerId;
  readonly until: Millis;
}

/**
 * For a peer without a link (S90): first those that it dials anyway, having the larger id, in XOR order (S91), else the
 * XOR-closest (S92). One dial at a time, so that a dead peer costs one request timeout. After a redirect its neighbours on
 * the ring come first: they never refuse it.
 * @param rescue whoever takes us in will do: nobody is left out because he had no room
 */
export function isolationStep(context: Context, rescue: boolean, now: Millis): IsolationStep {
  const { self, config, knowledge, neighbourhood } = context;
  let until: Millis = Infinity;
  for (const { ours, since } of neighbourhood.pending.values()) {
    // One that is slow to come about does not keep the next waiting for long.
    const slowAt = since + config.slowDialMs;
    if (ours && slowAt > now) return { until: slowAt };
  }
  let redirected = false;
  const candidates: PeerId[] = [];
  for (const [peer, known] of knowledge.entries()) {
    if (neighbourhood.has(peer) || !knowledge.reaches(known)) continue;
    if (known.refusedUntil > now) redirected = true;
    if (known.retryAt > now) until = Math.min(until, known.retryAt);
    else candidates.push(peer);
  }
  const sure = redirected && !rescue ? knowledge.near(1) : [];
  // Whoever had no room, or parted from us, comes last; but nobody stays alone for that.
  const isRefused = (peer: PeerId): boolean => !rescue && (knowledge.get(peer)?.refusedUntil ?? 0) > now;
  const rank = (peer: PeerId): number =>
    (knowledge.get(peer)?.unlinked ?? 0) > 0 ? 4 : isRefused(peer) ? 3 : sure.includes(peer) ? 0 : self > peer ? 1 : 2;
  const [peer] = candidates.sort((a, b) => rank(a) - rank(b) || compareDistance(self, a, b));
  return peer === undefined ? { until } : { peer, until };
}
