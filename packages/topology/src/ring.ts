import type { Millis, PeerId } from '@peerpigeon/core';
import type { Context } from './context.js';
import type { Known } from './known.js';

/** What there is to do about one side of the ring. */
export type RingStep =
  /** The nearest peer that can be reached is linked or tunnelled, or there is none. */
  | { readonly type: 'closed' }
  /** A dial or a tunnel is under way, or the initiative is the other's until `until`. */
  | { readonly type: 'waiting'; readonly until: Millis }
  | { readonly type: 'dial'; readonly peer: PeerId };

/** One side of the ring, as it is seen now. */
export interface RingSide {
  readonly step: RingStep;
  /** Peers before the linked one that cannot be linked, or are not so far: to be held over others. */
  readonly tunnels: readonly PeerId[];
}

/**
 * From when on a peer may be dialled. The larger id initiates (S89): the smaller waits for `patienceMs`, unless it has no
 * link at all (S90). Failed peers wait for their backoff.
 * @param patienceMs how long the other has had the initiative, from when it was discovered
 */
export function dialableAt({ self, neighbourhood }: Context, peer: PeerId, known: Known, patienceMs: Millis): Millis {
  const ours = neighbourhood.ordinary.length === 0 || self > peer;
  return Math.max(ours ? 0 : known.discoveredAt + patienceMs, known.retryAt);
}

/** A pair that cannot be linked: it answered, and time and again no path was found. */
export function isUnlinkable({ config }: Context, { unlinked }: Known): boolean {
  return unlinked >= config.unlinkableAfter;
}

/**
 * Looks along one side of the ring (1: following, −1: preceding) for the nearest peer that is linked or can be.
 * @param trustFrom who was not heard of since may be lost with the others, and is not dialled yet
 */
export function ringSide(
  context: Context,
  direction: 1 | -1,
  patienceMs: Millis,
  trustFrom: Millis,
  now: Millis,
): RingSide {
  const { knowledge, neighbourhood, config } = context;
  const tunnels: PeerId[] = [];
  let until: Millis = Infinity;
  const side = (step: RingStep): RingSide => ({ step, tunnels });
  for (const peer of knowledge.side(direction, config.leafSetSize)) {
    const link = neighbourhood.links.get(peer);
    if (link?.suspect === true) continue;
    if (link !== undefined) return side(until === Infinity ? { type: 'closed' } : { type: 'waiting', until });
    const known = knowledge.get(peer) as Known;
    // Meanwhile it is held over others: that no path is found takes a browser 15 s, and a full peer lets it wait.
    if (isUnlinkable(context, known) || known.discoveredAt + config.slowDialMs <= now) tunnels.push(peer);
    const pending = neighbourhood.pending.get(peer);
    if (pending !== undefined) {
      // What takes long may come to nothing: the next one is asked meanwhile.
      const slowAt = pending.since + config.slowDialMs;
      if (slowAt > now) return side({ type: 'waiting', until: Math.min(until, slowAt) });
      until = now + config.slowDialMs;
      continue;
    }
    if (known.heardAt < trustFrom) {
      until = Math.min(until, now + config.repairMs);
      continue;
    }
    const at = dialableAt(context, peer, known, patienceMs);
    if (at <= now) return side({ type: 'dial', peer });
    if (isUnlinkable(context, known)) {
      if (neighbourhood.tunnels.has(peer)) {
        return side(until === Infinity ? { type: 'closed' } : { type: 'waiting', until });
      }
      until = Math.min(until, now + config.slowDialMs);
      continue;
    }
    until = Math.min(until, at);
    // A peer whose turn it is will come; one that failed is passed over for the next until it is tried again.
    if (known.retryAt <= now) return side({ type: 'waiting', until });
  }
  return side(until === Infinity ? { type: 'closed' } : { type: 'waiting', until });
}
