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
  /** How many peers the mesh has, about. */
  readonly size: number;
  /** Links above `maxPeers` that a handover may take. */
  readonly handover: number;
}

/** The plan for the mesh as it is known now. The slot of a ring neighbour that is held by a tunnel is a finger's. */
export function planFor({ config, knowledge, neighbourhood }: Context, settings: Settings, handover = 1): Plan {
  const size = knowledge.sizeEstimate();
  const policy = config.policy ?? (settings.xorRouting ? xorPolicy : randomPolicy);
  const slots = policy.slots(settings.maxPeers, size);
  return {
    settings,
    slots: slots.ring === 0 ? slots : { ...slots, finger: slots.finger + neighbourhood.tunnelled },
    policy,
    farRank: Math.min(MAX_FAR_RANK, Math.floor(size / 6)),
    size,
    handover,
  };
}

/** Slots for links other than ring links. */
export function spareTotal({ slots }: Plan): number {
  return slots.random + slots.finger + slots.near;
}

/** How many long and near slots of the plan are free. */
export function spareSlots(plan: Plan, neighbourhood: Neighbourhood): number {
  return spareTotal(plan) - neighbourhood.spareLoad;
}

/** How many of them are free for long links. Leaves take near slots first. */
export function longSlots({ slots }: Plan, neighbourhood: Neighbourhood): number {
  const leaves = Math.max(0, neighbourhood.count('leaf') - slots.near);
  return slots.random + slots.finger - neighbourhood.longLoad - leaves;
}

/** The ⌈log2 N̂⌉ buckets from 0 on in which there are others. */
export function shallowBuckets({ size }: Plan): number {
  return Math.max(1, Math.ceil(Math.log2(size)));
}
