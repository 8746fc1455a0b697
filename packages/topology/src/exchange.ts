import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Context } from './context.js';
import type { Entry, Message } from './message.js';
import { straighten } from './route.js';
import type { Route } from './route.js';

/** What peers tell each other of the others. */
export type Neighbours = Extract<Message, { readonly kind: 'neighbours' }>;

/** Entries drawn at random besides those near the receiver: the prototype's 3 passive ones. */
const FAR_ENTRIES = 3;
/** Peers on all routes of a message, at most: with them a message stays below what a parcel carries. */
const MAX_ROUTED = 400;
/** Entries in a shuffle, besides oneself. HyParView: 3 active and 4 passive ones. */
const SHUFFLED_ENTRIES = 7;

/**
 * What one end tells the other of the peers it knows: those nearest the receiver, where they are worth most, and how it
 * reaches them.
 * @param record who we are
 * @param open a slot of ours for a long link is free
 * @param receiver undefined: whoever a random walk leads to
 * @param ask the receiver is to answer in kind
 */
export function neighboursMessage(
  { knowledge, neighbourhood, config, rng }: Context,
  record: PeerRecord,
  open: boolean,
  receiver: PeerId | undefined,
  ask: boolean,
  now: Millis,
): Neighbours {
  let routed = 0;
  const entries: Entry[] = [{ record, ageMs: 0, open, route: [] }];
  const near = receiver === undefined ? [] : knowledge.near(config.leafSetSize, receiver);
  const far = knowledge.draw(rng, receiver === undefined ? SHUFFLED_ENTRIES : FAR_ENTRIES);
  for (const peer of new Set([...near, ...far])) {
    const known = knowledge.get(peer);
    // What the receiver told us, or leads back over it, is no news there.
    const first = known?.route?.[0];
    if (known === undefined || peer === receiver || (first !== undefined && first === receiver)) continue;
    const { route } = known;
    const linked = route?.length === 0;
    // With a way its own age counts: a way is worth what is known of it.
    const heardAt = linked ? now : route === undefined ? known.heardAt : known.routedAt;
    if (heardAt + config.tellMs <= now) continue;
    const { record: theirs, openUntil } = known;
    // Whole, as on the wire: else peers that share memory would act on other ages than peers that share a link.
    const ageMs = Math.max(0, Math.round(now - heardAt));
    // A free slot is passed on at first hand only, or the rumour would outlive it.
    const hasRoom = linked && openUntil > now;
    const told = route !== undefined && (routed += route.length) <= MAX_ROUTED;
    entries.push(told ? { record: theirs, ageMs, open: hasRoom, route } : { record: theirs, ageMs, open: hasRoom });
  }
  const linked = receiver !== undefined && neighbourhood.links.has(receiver);
  const { links, leaves } = linked ? neighbourhood.view : { links: [], leaves: [] };
  const lost = receiver === undefined ? [] : knowledge.losses.near(receiver, now);
  return { kind: 'neighbours', ask, entries, lost, links, leaves };
}

/** What came of a message. */
export interface Absorbed {
  readonly found: readonly PeerId[];
  readonly lost: readonly PeerId[];
  /** Somebody is new, or has a free slot. */
  readonly news: boolean;
}

/** Takes note of what `from`, who is reached by `route`, knows. */
export function absorb(
  { self, knowledge, config }: Context,
  from: PeerId,
  route: Route,
  { entries, lost }: Neighbours,
  now: Millis,
): Absorbed {
  const found: PeerId[] = [];
  let news = false;
  const isNeighbour = (peer: PeerId): boolean => knowledge.isNeighbour(peer);
  for (const { record, ageMs, open, route: rest } of entries) {
    const peer = record.id;
    if (peer === self) continue;
    const heardAt = now - ageMs;
    let known = knowledge.get(peer);
    if (known !== undefined) knowledge.refresh(known, record, heardAt, now);
    else if (knowledge.worthLearning(peer) && knowledge.learn(record, heardAt, now)) {
      known = knowledge.get(peer);
      news = true;
      found.push(peer);
    }
    if (known === undefined) continue;
    if (rest !== undefined && knowledge.wantsRoute(known, heardAt)) {
      const way = straighten(self, peer, peer === from ? route : [...route, from, ...rest], isNeighbour);
      if (way !== undefined) knowledge.learnRoute(peer, way, heardAt);
    }
    if (open && !knowledge.isOpen(peer, now)) {
      knowledge.hasRoom(peer, now + config.openMs);
      news = true;
    }
  }
  const gone = lost.filter(({ peer, epoch, ageMs }) => peer !== self && knowledge.lost(peer, epoch, now - ageMs, now));
  return { found, lost: gone.map(({ peer }) => peer), news: news || gone.length > 0 };
}
