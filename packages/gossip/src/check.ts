import type { PeerId, ViolationCode } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Message } from './message.js';

/** What is wrong with a message. */
export interface Fault {
  readonly code: ViolationCode;
  readonly detail: string;
}

/**
 * What no correct peer sends, as far as one message shows it (S175, S176). Cheap: it precedes the memory of what was seen.
 * @param from the link it came over
 */
export function findFault(message: Message, from: PeerId, config: Config): Fault | undefined {
  const { envelope, ttl, hops, path } = message;
  if (envelope.kind !== 'broadcast') return { code: 'unexpected', detail: `a ${envelope.kind} envelope in gossip` };
  if (envelope.network !== config.network) return { code: 'unexpected', detail: 'an envelope of another network' };
  if (hops !== path.length || hops < 1) return { code: 'malformed', detail: `${hops} hops, a path of ${path.length}` };
  // On arrival ttl + hops − 1 is what the author started with.
  if (ttl + hops - 1 > config.maxTtlHops) {
    return { code: 'over-limit', detail: `TTL ${ttl} after ${hops} hops, limit ${config.maxTtlHops}` };
  }
  if (path[0] !== envelope.from) return { code: 'forged', detail: 'a path that does not start with the author' };
  if (path[hops - 1] !== from) return { code: 'forged', detail: 'a path that does not end with the sender' };
  for (let i = 0; i < hops; i++) {
    if (path.indexOf(path[i] as PeerId, i + 1) !== -1) return { code: 'malformed', detail: 'a path with a loop' };
  }
  return undefined;
}
