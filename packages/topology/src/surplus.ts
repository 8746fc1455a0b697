import type { Millis, PeerId } from '@peerpigeon/core';
import { compareDistance } from '@peerpigeon/xor';
import type { Config } from './config.js';
import type { Neighbor, Neighborhood } from './neighborhood.js';
import type { Role } from './role.js';

/** Who goes first among those that may go. */
const ORDER: readonly Role[] = ['none', 'near', 'random', 'finger', 'leaf', 'ring'];

/** What is known when it is decided which links go. */
export interface SurplusContext {
  readonly self: PeerId;
  readonly maxPeers: number;
  readonly ringOk: boolean;
  /** The server can be asked: whoever loses a bridge finds its way back. */
  readonly online: boolean;
  /** Since when there are too many; undefined while there are not. */
  readonly since: Millis | undefined;
  /** `maxPeers` was lowered: the surplus goes now, whatever it is. */
  readonly trim: boolean;
  readonly now: Millis;
  readonly config: Config;
}

/**
 * Which links above `maxPeers` to close now.
 *
 * A link that has no role here, and is not ring at the other end, goes at once. While a replaced ring link waits for its
 * other end, nothing else goes for `handoverMs`; then a long or near link goes that the other end does not hold as ring,
 * the XOR-farthest of a kind first (S102). Without the server a long link may be a bridge while a ring is open, so it goes
 * only if both ends report a right ring, or a detour is known; with it, waiting would only keep out the ring neighbour
 * that the slot is needed for. After twice that time, with the server, a replaced link goes although its other end has not
 * yet replaced it: peers that wait for each other in a circle would wait for ever (maxPeers 2).
 */
export function surplusLinks(neighborhood: Neighborhood, context: SurplusContext): Neighbor[] {
  const { self, maxPeers, ringOk, online, since, trim, now, config } = context;
  const open = [...neighborhood.links.values()].filter((link) => !link.closing);
  let excess = open.length - maxPeers;
  const going: Neighbor[] = [];
  if (excess <= 0) return going;

  const take = (link: Neighbor): void => {
    if (excess <= 0 || going.includes(link)) return;
    going.push(link);
    excess--;
  };
  const yielding = (link: Neighbor): boolean =>
    link.role !== 'ring' && link.theirRole !== 'ring' && link.theirRole !== undefined;
  for (const link of open) if (link.role === 'none' && yielding(link)) take(link);
  if (excess <= 0 || (!trim && (since === undefined || now < since + config.handoverMs))) return going;

  const ordered = open.sort(
    (a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role) || compareDistance(self, b.peer, a.peer),
  );
  for (const link of ordered) {
    const safe = online || (ringOk && link.theirRingOk) || neighborhood.hasDetour(link);
    const overdue = link.role === 'none' && online && since !== undefined && now >= since + 2 * config.handoverMs;
    if (trim || (yielding(link) && safe) || overdue) take(link);
  }
  return going;
}
