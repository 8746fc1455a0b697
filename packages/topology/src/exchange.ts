import type { Millis, PeerId, Rng } from '@peerpigeon/core';
import { jitter, sample } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Config } from './config.js';
import type { Knowledge } from './knowledge.js';
import type { Entry, Message } from './message.js';
import type { Neighbor, Neighborhood } from './neighborhood.js';

/** Entries drawn at random besides those near the receiver: the prototype's 3 passive ones. */
const FAR_ENTRIES = 3;

/** What one end tells the other of the peers it knows: those nearest the receiver, where they are worth most. */
export function neighborsMessage(
  self: PeerRecord,
  open: boolean,
  receiver: PeerId,
  knowledge: Knowledge,
  neighborhood: Neighborhood,
  config: Config,
  now: Millis,
  rng: Rng,
): Message {
  const chosen = new Set([
    ...knowledge.side(1, config.leafSetSize, receiver),
    ...knowledge.side(-1, config.leafSetSize, receiver),
    ...sample(rng, [...neighborhood.links.keys()], FAR_ENTRIES),
  ]);
  const entries: Entry[] = [{ record: self, ageMs: 0, open }];
  for (const peer of chosen) {
    const known = knowledge.get(peer);
    if (known === undefined || peer === receiver) continue;
    const linked = neighborhood.links.has(peer);
    // A free slot is passed on at first hand only, or the rumour would outlive it.
    entries.push({
      record: known.record,
      // Whole, as on the wire: else peers that share memory would act on other ages than peers that share a link.
      ageMs: linked ? 0 : Math.round(now - known.heardAt),
      open: linked && known.openUntil > now,
    });
  }
  return { kind: 'neighbors', entries, links: [...neighborhood.links.keys()] };
}

/** Sets when a neighbour is told next: soon after a change, then ever more rarely. */
export function scheduleExchange(link: Neighbor, config: Config, now: Millis, rng: Rng): void {
  link.exchangePeriodMs = Math.min(config.maxExchangeMs, Math.max(config.exchangeMs, link.exchangePeriodMs * 2));
  link.exchangeAt = now + jitter(rng, link.exchangePeriodMs);
}

/** Something changed: neighbours are told within the first period. */
export function hastenExchange(neighborhood: Neighborhood, config: Config, now: Millis, rng: Rng): void {
  for (const link of neighborhood.links.values()) {
    if (link.exchangePeriodMs <= config.exchangeMs) continue;
    link.exchangePeriodMs = config.exchangeMs;
    link.exchangeAt = Math.min(link.exchangeAt, now + jitter(rng, config.exchangeMs));
  }
}
