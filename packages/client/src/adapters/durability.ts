import { ArgumentRangeError } from '../argument.js';

/**
 * How long a write must last before it is acknowledged. `relaxed`: the operating system has it, so that it outlives the tab or
 * the process, but not a power cut within seconds. `strict`: it is on the disk.
 */
export type Durability = 'relaxed' | 'strict';

/** Options of a storage that lasts. */
export interface DurableOptions {
  /** Default `relaxed`, as in browsers: each record is at several peers. `strict` takes longer, and wears batteries. */
  readonly durability?: Durability;
}

/** @throws {RangeError} for another durability */
export function checkDurability({ durability = 'relaxed' }: DurableOptions): Durability {
  if (durability === 'relaxed' || durability === 'strict') return durability;
  throw new ArgumentRangeError(`durability: expected 'relaxed' or 'strict', got ${String(durability)}`);
}
