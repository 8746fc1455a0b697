import { pick } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import { bucketIndex } from '@peerpigeon/xor';
import type { Context } from './context.js';
import type { Known } from './known.js';
import type { Neighbourhood } from './neighbourhood.js';
import { longSlots } from './plan.js';
import type { Plan } from './plan.js';

/** Whom to ask for a link that is no ring link. */
export interface Partner {
  readonly peer: PeerId;
  readonly purpose: 'finger' | 'near';
  /** It expects to be asked. */
  readonly invited: boolean;
}

/** From when on peers are asked that do not expect it. */
export interface Due {
  /** Those said to have room. */
  readonly open: Millis;
  /** Anybody: in a mesh at rest nearly all are full. */
  readonly anybody: Millis;
}

/** Wanted buckets that no link covers; undefined: any bucket will do. */
export function wantedBuckets({ self, neighbourhood }: Context): ReadonlySet<number> | undefined {
  if (neighbourhood.wanted === undefined) return undefined;
  const missing = new Set(neighbourhood.wanted);
  for (const bucket of coveredBuckets(self, neighbourhood)) missing.delete(bucket);
  return missing;
}

/** Buckets that long links cover. */
export function coveredBuckets(self: PeerId, neighbourhood: Neighbourhood): ReadonlySet<number> {
  const long = neighbourhood.ordinary.filter(({ role }) => role === 'finger' || role === 'random');
  return new Set(long.map(({ peer }) => bucketIndex(self, peer)));
}

/**
 * Chooses whom to ask for a free slot.
 *
 * For a long link a far peer, or any in a wanted bucket, those first: one that expects us or, when it is due, one said to have
 * room, or anyone; of equals one is drawn. When all long slots are taken, for a near one the policy's best.
 */
export function choosePartner(
  context: Context,
  plan: Plan,
  candidates: readonly Known[],
  due: Due,
  now: Millis,
): Partner | undefined {
  const { self, knowledge, neighbourhood, rng } = context;
  const ask = now >= due.open;
  if (longSlots(plan, neighbourhood) > 0) {
    const near = knowledge.near(plan.farRank);
    const missing = wantedBuckets(context);
    const adjacent = knowledge.near(1);
    const wanted = candidates.filter(
      ({ record: { id } }) => !adjacent.includes(id) && missing?.has(bucketIndex(self, id)),
    );
    const far = candidates.filter(({ record }) => !near.includes(record.id));
    const invited = (list: readonly Known[]): Known[] => list.filter(({ invitedUntil }) => invitedUntil > now);
    const open = (list: readonly Known[]): Known[] => (ask ? list.filter(({ openUntil }) => openUntil > now) : []);
    const expecting = pick(rng, invited(wanted)) ?? (open(wanted).length > 0 ? undefined : pick(rng, invited(far)));
    if (expecting !== undefined) return { peer: expecting.record.id, purpose: 'finger', invited: true };
    const anybody = now >= due.anybody ? [wanted, far] : [];
    for (const pool of [open(wanted), open(far), ...anybody]) {
      const one = pick(rng, pool);
      if (one !== undefined) return { peer: one.record.id, purpose: 'finger', invited: false };
    }
  }
  if (plan.slots.near === 0 || !ask) return undefined;
  const [best] = candidates.map(({ record }) => record.id).sort((a, b) => plan.policy.compareNear(self, a, b));
  return best === undefined ? undefined : { peer: best, purpose: 'near', invited: false };
}
