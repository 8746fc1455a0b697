import type { Settings } from './config.js';
import type { Context } from './context.js';
import type { Neighbourhood } from './neighbourhood.js';
import { randomPolicy, xorPolicy } from './policy.js';
import type { Policy } from './policy.js';
import type { Slots } from './slots.js';

/** Of the ranks nearest on the ring, at most so many are no use as long links (prototype: min(8, N̂/6)). */
const MAX_FAR_RANK = 8;

/** What is wanted now: follows from the settings and the size of the mesh, computed once for each look at the links. */
export interface Plan {
  readonly settings: Settings;
  readonly slots: Slots;
  readonly policy: Policy;
  /** A long link leads beyond so many peers on either side. */
  readonly farRank: number;
}

/** The plan for the mesh as it is known now. */
export function planFor({ config, knowledge }: Context, settings: Settings): Plan {
  const size = knowledge.sizeEstimate();
  const policy = config.policy ?? (settings.xorRouting ? xorPolicy : randomPolicy);
  return {
    settings,
    slots: policy.slots(settings.maxPeers, size),
    policy,
    farRank: Math.min(MAX_FAR_RANK, Math.floor(size / 6)),
  };
}

/** How many long and near slots of the plan are free. */
export function spareSlots({ slots }: Plan, neighbourhood: Neighbourhood): number {
  return slots.random + slots.finger + slots.near - neighbourhood.spareLoad;
}
