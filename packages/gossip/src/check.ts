import { findFault as findRelayFault } from '@peerpigeon/core';
import type { Fault, PeerId } from '@peerpigeon/core';
import type { Config } from './config.js';
import type { Payload } from './message.js';

/**
 * What no correct peer sends, as far as one message shows it (S175, S176). Cheap: it precedes the memory of what was seen.
 * @param from the link it came over
 */
export function findFault(message: Payload, from: PeerId, { network, maxTtlHops }: Config): Fault | undefined {
  const { path } = message;
  const fault = findRelayFault(message, from, { kind: 'broadcast', network, maxHops: maxTtlHops });
  if (fault === undefined && new Set(path).size < path.length)
    return { code: 'malformed', detail: 'a path with a loop' };
  return fault;
}
