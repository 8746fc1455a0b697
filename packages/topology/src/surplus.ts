import type { Millis, PeerId } from '@peerpigeon/core';
import { compareDistance } from '@peerpigeon/xor';
import type { Context } from './context.js';
import type { Neighbour } from './neighbourhood.js';
import type { Role } from './role.js';

/** Who goes first among those that may go. */
const ORDER: readonly Role[] = ['none', 'near', 'random', 'finger', 'leaf', 'ring'];

/** Links above `maxPeers`, and which of them to close. */
export class Surplus {
  private readonly context: Context;
  /** Since when there are too many: Infinity while there are not, −Infinity for those that have no time left. */
  private since: Millis = Infinity;

  /** Links that would go, were it known that they are no bridges. */
  doubtful: readonly PeerId[] = [];

  constructor(context: Context) {
    this.context = context;
  }

  /** `maxPeers` was lowered: the surplus goes now, whatever it is. */
  trim(): void {
    this.since = -Infinity;
  }

  clear(): void {
    this.doubtful = [];
    this.since = Infinity;
  }

  /** When to look again. */
  nextAt(now: Millis): Millis {
    const { handoverMs } = this.context.config;
    const due = [this.since + handoverMs, this.since + 2 * handoverMs].find((at) => at > now);
    return due ?? now + handoverMs;
  }

  /**
   * Which links to close now.
   *
   * A link that has no role here, and is not ring at the other end, goes at once. While a replaced ring link waits for its
   * other end, nothing else goes for `handoverMs`; then a long or near link goes that the other end does not hold as ring,
   * the XOR-farthest of a kind first (S102). Without the server a long link may be a bridge while a ring is open, so it
   * goes only if both ends report a right ring, or a detour is known; with it, waiting would only keep out the ring
   * neighbour that the slot is needed for. After twice that time, with the server, a replaced link goes although its other
   * end has not yet replaced it: peers that wait for each other in a circle would wait for ever (maxPeers 2). That is the
   * one case in which a link goes that the other end calls ring. Suspects and extra links never go.
   * @param online the server can be asked: whoever loses a bridge finds its way back
   */
  review(maxPeers: number, ringOk: boolean, online: boolean, now: Millis): readonly Neighbour[] {
    const { self, knowledge, neighbourhood, config } = this.context;
    const links = neighbourhood.ordinary;
    if (links.length <= maxPeers) {
      this.clear();
      return [];
    }
    this.since = Math.min(this.since, now);
    const open = links.filter((link) => !link.closing);
    const excess = Math.max(0, open.length - maxPeers);
    const yielding = ({ role, theirRole }: Neighbour): boolean =>
      role !== 'ring' && theirRole !== 'ring' && theirRole !== undefined;
    const safe = (link: Neighbour): boolean =>
      online ||
      (ringOk && link.theirRingOk) ||
      link.theirRole === 'none' ||
      neighbourhood.hasDetour(link) ||
      (knowledge.get(link.peer)?.detourAt ?? -Infinity) + config.detourMs > now;
    const going = open.filter((link) => link.role === 'none' && yielding(link) && safe(link));
    const waitedMs = now - this.since;
    if (waitedMs >= config.handoverMs) {
      open.sort((a, b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role) || compareDistance(self, b.peer, a.peer));
      for (const link of open) {
        const overdue = link.role === 'none' && online && waitedMs >= 2 * config.handoverMs;
        if (waitedMs === Infinity || (yielding(link) && safe(link)) || overdue) going.push(link);
      }
    }
    this.doubtful = open.filter((link) => yielding(link) && !safe(link)).map(({ peer }) => peer);
    return [...new Set(going)].slice(0, excess);
  }
}
