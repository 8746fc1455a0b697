import { findFault as findRelayFault } from '@peerpigeon/core';
import type { Fault, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Message } from './message.js';

/**
 * What no correct peer passes on, as far as one message shows it (S175, S176). Every relay makes the same checks, so that
 * the sender is to blame whoever the author is.
 * @param from the link it came over
 */
export function findFault(message: Message, from: PeerId, { network, maxHops }: Config): Fault | undefined {
  const { ttl } = message;
  if (ttl < 1 || ttl > maxHops) return { code: 'over-limit', detail: `TTL ${ttl}, limit ${maxHops}` };
  if (message.type === 'data') {
    const { envelope } = message;
    if (envelope.to === envelope.from) return { code: 'malformed', detail: 'an envelope from its receiver' };
    return findRelayFault(message, from, { kind: 'direct', network, maxHops });
  }
  const { route, to } = message;
  if (route.length > maxHops) return { code: 'over-limit', detail: `a route of ${route.length}` };
  if (route.length > 0 && route[0] !== to) return { code: 'malformed', detail: 'a route that does not lead home' };
  return undefined;
}
