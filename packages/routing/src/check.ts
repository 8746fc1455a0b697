import type { PeerId, ViolationCode } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Message } from './message.js';

/** What is wrong with a message. */
export interface Fault {
  readonly code: ViolationCode;
  readonly detail: string;
}

/**
 * What no correct peer passes on, as far as one message shows it (S175, S176). Every relay makes the same checks, so that
 * the sender is to blame whoever the author is.
 * @param from the link it came over
 */
export function findFault(message: Message, from: PeerId, config: Config): Fault | undefined {
  if (message.type !== 'data') {
    const { route, to, ttl } = message;
    if (ttl < 1 || ttl > config.maxHops) return { code: 'over-limit', detail: `an answer with TTL ${ttl}` };
    if (route.length > config.maxHops) return { code: 'over-limit', detail: `a route of ${route.length}` };
    if (route.length > 0 && route[0] !== to) return { code: 'malformed', detail: 'a route that does not lead home' };
    return undefined;
  }
  const { envelope, ttl, hops, path } = message;
  if (envelope.kind !== 'direct' || envelope.to === undefined) {
    return { code: 'unexpected', detail: `a ${envelope.kind} envelope in routing` };
  }
  if (envelope.network !== config.network) return { code: 'unexpected', detail: 'an envelope of another network' };
  if (envelope.to === envelope.from) return { code: 'malformed', detail: 'an envelope from its receiver' };
  if (hops !== path.length || hops < 1) return { code: 'malformed', detail: `${hops} hops, a path of ${path.length}` };
  // On arrival ttl + hops − 1 is what the author started with.
  if (ttl < 1 || ttl + hops - 1 > config.maxHops) {
    return { code: 'over-limit', detail: `TTL ${ttl} after ${hops} hops, limit ${config.maxHops}` };
  }
  if (path[0] !== envelope.from) return { code: 'forged', detail: 'a path that does not start with the author' };
  if (path[hops - 1] !== from) return { code: 'forged', detail: 'a path that does not end with the sender' };
  return undefined;
}
