import { sample } from '@peerpigeon/core';
import type { Millis, PeerId } from '@peerpigeon/core';
import type { PeerRecord } from '@peerpigeon/identity';
import type { Context } from './context.js';
import type { Entry, Message } from './message.js';

/** Entries drawn at random besides those near the receiver: the prototype's 3 passive ones. */
const FAR_ENTRIES = 3;

/**
 * What one end tells the other of the peers it knows: those nearest the receiver, where they are worth most.
 * @param record who we are
 * @param open a slot of ours for a long link is free
 */
export function neighboursMessage(
  { knowledge, neighbourhood, config, rng }: Context,
  record: PeerRecord,
  open: boolean,
  receiver: PeerId,
  now: Millis,
): Message {
  const links = [...neighbourhood.links.keys()];
  const entries: Entry[] = [{ record, ageMs: 0, open }];
  for (const peer of new Set([...knowledge.near(config.leafSetSize, receiver), ...sample(rng, links, FAR_ENTRIES)])) {
    const known = knowledge.get(peer);
    if (known === undefined || peer === receiver) continue;
    const linked = neighbourhood.links.has(peer);
    // A free slot is passed on at first hand only, or the rumour would outlive it.
    entries.push({
      record: known.record,
      // Whole, as on the wire: else peers that share memory would act on other ages than peers that share a link.
      ageMs: linked ? 0 : Math.round(now - known.heardAt),
      open: linked && known.openUntil > now,
    });
  }
  return { kind: 'neighbours', entries, links };
}
