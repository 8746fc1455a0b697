import type { Millis, PeerId } from '@peerpigeon/core';
import { bucketIndex, compareDistance } from '@peerpigeon/xor';
import type { Context } from './context.js';
import type { Output } from './output.js';
import { spareSlots } from './plan.js';
import type { Plan } from './plan.js';
import { worseThan } from './replacement.js';

/** One thing that is not as wanted, with a sentence for people. */
export interface Finding {
  readonly code:
    | 'isolated'
    | 'below-min-peers'
    | 'ring-open'
    | 'ring-tunnelled'
    | 'suspects'
    | 'slots-free'
    | 'fingers-redundant'
    | 'near-improvable'
    | 'above-max-peers';
  readonly message: string;
  readonly peers?: readonly PeerId[];
}

/** How well a peer is linked (README, MeshOptimizer; S107). */
export interface Evaluation {
  /** Nothing was found. */
  readonly ok: boolean;
  /** The share of wanted links that are there: 1 when all slots are rightly taken. */
  readonly score: number;
  /** How many peers the mesh has, as far as can be told from here. */
  readonly size: number;
  readonly findings: readonly Finding[];
}

/** Compares the links with what the plan wants. Changes nothing; the review that follows each input mends what it can. */
export function evaluate(context: Context, plan: Plan, ringOk: boolean, now: Millis): Evaluation {
  const { self, knowledge, neighbourhood } = context;
  const { settings, slots, policy, size } = plan;
  const findings: Finding[] = [];
  const find = (found: unknown, code: Finding['code'], message: string, peers?: readonly PeerId[]): void => {
    if (found) findings.push(peers === undefined ? { code, message } : { code, message, peers });
  };
  const links = neighbourhood.ordinary;
  const linked = links.length;
  const others = Math.max(0, size - 1);
  find(linked === 0, 'isolated', 'no link to any peer: check the signaling server and the network');
  const minPeers = Math.min(settings.minPeers, settings.maxPeers);
  find(linked > 0 && linked < minPeers, 'below-min-peers', `${linked} of at least ${minPeers} links (minPeers)`);
  find(linked > 0 && slots.ring > 0 && !ringOk, 'ring-open', 'a nearer ring neighbour is known and being linked');
  const tunnels = [...neighbourhood.tunnels];
  find(tunnels.length, 'ring-tunnelled', 'ring neighbours reached over others: a TURN server would link them', tunnels);
  const suspects = [...neighbourhood.links.values()].filter(({ suspect }) => suspect).map(({ peer }) => peer);
  find(suspects.length, 'suspects', 'nothing is heard of some neighbours; their roles went to others', suspects);
  // A mesh that has no more peers than this one has links cannot fill its slots.
  const free = Math.min(spareSlots(plan, neighbourhood), others - linked);
  find(free > 0, 'slots-free', `${free} slots for further links are free; partners with room are being looked for`);
  const buckets = new Set<number>();
  const fingers = links.filter(({ role }) => role === 'finger').map(({ peer }) => peer);
  const redundant = policy.spread
    ? fingers.filter((peer) => buckets.size === buckets.add(bucketIndex(self, peer)).size)
    : [];
  find(redundant.length, 'fingers-redundant', 'fingers lead into an XOR bucket that another covers', redundant);
  if (slots.near > 0) {
    const better = [...knowledge.entries()].flatMap(([peer, { refusedUntil, retryAt }]) =>
      !neighbourhood.has(peer) && Math.max(refusedUntil, retryAt) <= now && worseThan(self, peer, neighbourhood, policy)
        ? [peer]
        : [],
    );
    better.sort((a, b) => compareDistance(self, a, b));
    find(better.length, 'near-improvable', 'nearer peers are known than some near links', better);
  }
  const surplus = linked - settings.maxPeers;
  find(surplus > 0, 'above-max-peers', `${surplus} links above maxPeers, until what they hold is handed over`);
  const wanted = Math.min(settings.maxPeers, others);
  const held = links.filter(({ role }) => role !== 'none').length;
  return { ok: findings.length === 0, score: wanted === 0 ? 1 : Math.min(1, held / wanted), size, findings };
}

/** Evaluates from time to time and tells of it when something has changed (README: the optimizer works periodically). */
export class Evaluator {
  /** Infinity before the first review: a peer that has just come is not as it shall be. */
  private at: Millis = Infinity;
  private told = '';

  /** Returns when to look again. */
  review(context: Context, plan: Plan, ringOk: boolean, now: Millis, out: Output[]): Millis {
    const { evaluateMs } = context.config;
    if (this.at === Infinity) this.at = now + evaluateMs;
    if (now < this.at) return this.at;
    this.at = now + evaluateMs;
    const { findings } = evaluate(context, plan, ringOk, now);
    const found = findings.map(({ message }) => message).join();
    if (found !== this.told) out.push({ type: 'event', event: { type: 'evaluated', findings } });
    this.told = found;
    return this.at;
  }
}
