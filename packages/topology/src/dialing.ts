import type { Millis, PeerId } from '@peerpigeon/core';
import { compareDistance } from '@peerpigeon/xor';
import type { Context } from './context.js';
import { isOnRing } from './known.js';
import type { Known } from './known.js';
import { choosePartner } from './partner.js';
import type { Due, Partner } from './partner.js';
import type { Plan } from './plan.js';
import { dialableAt, isUnlinkable } from './ring.js';

/** Which peer to ask for a link that is no ring link, and when to look again if there is none now. */
export interface SpareStep extends Partial<Partner> {
  readonly until: Millis;
}

/**
 * A peer to ask for a free slot, of those that can be asked now.
 */
export function spareStep(context: Context, plan: Plan, due: Due, now: Millis): SpareStep {
  const { knowledge, neighbourhood, config } = context;
  let until: Millis = Infinity;
  const candidates: Known[] = [];
  for (const [peer, known] of knowledge.entries()) {
    if (neighbourhood.has(peer) || !knowledge.reaches(known)) continue;
    if (isUnlinkable(context, known)) continue;
    // Asking is free, whoever has the larger id offers: for a free slot nobody waits for the other's initiative.
    // Whoever the server has just named may be without links, and then the server alone leads there: let it find its ring first.
    const named = known.route === undefined ? known.discoveredAt + config.patienceMs : 0;
    const at = Math.max(known.retryAt, known.refusedUntil, named);
    if (at <= now) candidates.push(known);
    else until = Math.min(until, at);
  }
  const partner = choosePartner(context, plan, candidates, due, now);
  if (partner !== undefined) return { ...partner, until };
  if (candidates.length > 0) for (const at of [due.open, due.anybody]) if (at > now) until = Math.min(until, at);
  return { until };
}

/**
 * For a peer with a single link: the XOR-nearest peer that can take it (S92). Two of its kind hold each other only while they
 * know nobody else, or they would stay an island of two.
 */
export function leafStep(context: Context, now: Millis): SpareStep {
  const { self, knowledge, neighbourhood, config } = context;
  let until: Millis = Infinity;
  if (neighbourhood.hangsOn) return { until };
  const reachable = [...knowledge.entries()].filter(([, known]) => knowledge.reaches(known));
  const onRing = reachable.filter(([, { record }]) => isOnRing(record));
  let best: PeerId | undefined;
  for (const [peer, known] of onRing.length > 0 || neighbourhood.load > 0 ? onRing : reachable) {
    const at = Math.max(dialableAt(context, peer, known, config.patienceMs), known.refusedUntil);
    if (at > now) until = Math.min(until, at);
    else if (best === undefined || compareDistance(self, peer, best) < 0) best = peer;
  }
  return best === undefined ? { until } : { peer: best, until };
}
