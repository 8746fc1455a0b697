import type { PeerId } from '@peerpigeon/core';
import { DEFAULT_SETTINGS } from '@peerpigeon/mesh';
import { hash } from './hash.js';
import { nearestPolicy } from './nearest-policy.js';
import type { JoinOptions } from './network-options.js';
import type { RunOptions } from './options.js';
import { drawId } from './peer-id.js';

/** The caps of a mixed mesh, a quarter of the peers each. */
const MIXED_CAPS: readonly number[] = [1, 2, 3, 8];

/** Of ten tabs: one hidden for long, five in the background, four in sight. */
const TIMERS = [
  'minute',
  'second',
  'second',
  'second',
  'second',
  'second',
  'prompt',
  'prompt',
  'prompt',
  'prompt',
] as const;

/** The first hexadecimal digits of adversarial ids. */
const PREFIXES = { uniform: [''], prefix: ['5af'], clusters: ['000000', 'ffffff'] } as const;

/** What each peer is like, by its place in the order of joining. Dealt in turn, so that the shares are exact. */
export function joinOptions(
  options: RunOptions,
  index: number,
  isTaken: (id: PeerId) => boolean = () => false,
): JoinOptions {
  const { seed, mixedCaps, throttled, policy, ids, puts } = options;
  const maxPeers = mixedCaps ? dealt(MIXED_CAPS, index) : options.maxPeers;
  const prefix = dealt(PREFIXES[ids], index);
  return {
    id: drawId(seed, index, isTaken, prefix),
    settings: { maxPeers, minPeers: Math.min(DEFAULT_SETTINGS.minPeers, maxPeers), xorRouting: policy !== 'random' },
    ...(throttled ? { timers: dealt(TIMERS, index) } : {}),
    ...(puts > 0 ? { dht: {} } : {}),
    ...(policy === 'nearest' ? { config: { topology: { policy: nearestPolicy } } } : {}),
  };
}

/** Whole hands of `cards`, each in an order of its own, so that no period of the joins meets that of the cards. */
function dealt<T>(cards: readonly T[], index: number): T {
  const shift = hash(Math.floor(index / cards.length), 'hand');
  return cards[(index + shift) % cards.length] as T;
}
