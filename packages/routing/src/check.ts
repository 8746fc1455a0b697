import { findFault as findRelayFault } from '@peerpigeon/core';
import type { Fault, PeerId } from '@peerpigeon/core';
import { MAX_PARCEL_BYTES, MAX_ROUTE_HOPS, MAX_WALK_STEPS } from './config.js';
import type { Config } from './config.js';
import type { Data, Message, Parcel } from './message.js';

/**
 * What no correct peer passes on, as far as one message shows it (S175, S176). Every relay makes the same checks, so that
 * the sender is to blame whoever the author is.
 * @param from the link it came over
 */
export function findFault(message: Message, from: PeerId, config: Config): Fault | undefined {
  if (message.type === 'receipt') return undefined;
  const { ttl, route } = message;
  const { maxHops, peerId } = config;
  if (ttl < 1 || ttl > maxHops) return { code: 'over-limit', detail: `TTL ${ttl}, limit ${maxHops}` };
  const carries = message.type === 'data' || message.type === 'parcel';
  if (route.length > (carries ? MAX_ROUTE_HOPS : maxHops)) {
    return { code: 'over-limit', detail: `a route of ${route.length}` };
  }
  if (carries) {
    if (route.includes(peerId) || new Set(route).size < route.length) {
      return { code: 'malformed', detail: 'a route that leads back' };
    }
    return message.type === 'data' ? findDataFault(message, from, config) : findParcelFault(message, from, config);
  }
  if (message.type === 'bounce' && message.peer === message.to) {
    return { code: 'malformed', detail: 'a bounce of a parcel to its sender' };
  }
  return undefined;
}

function findDataFault(data: Data, from: PeerId, { network, maxHops }: Config): Fault | undefined {
  const { envelope } = data;
  if (envelope.to === envelope.from) return { code: 'malformed', detail: 'an envelope from its receiver' };
  const kind = envelope.kind === 'signal' ? 'signal' : 'direct';
  return findRelayFault(data, from, { kind, network, maxHops });
}

function findParcelFault(parcel: Parcel, from: PeerId, { maxHops }: Config): Fault | undefined {
  const { address, to, ttl, path, body } = parcel;
  const most = address === 'walk' ? MAX_WALK_STEPS : maxHops;
  if (path.length < 1 || (address === 'peer' && path[0] === to)) {
    return { code: 'malformed', detail: 'a parcel from nobody, or to its sender' };
  }
  if (ttl + path.length - 1 > most) {
    return { code: 'over-limit', detail: `TTL ${ttl} after ${path.length} hops, limit ${most}` };
  }
  if (body instanceof Uint8Array && body.length > MAX_PARCEL_BYTES)
    return { code: 'over-limit', detail: `a parcel of ${body.length} bytes` };
  if (path[path.length - 1] !== from) return { code: 'forged', detail: 'a path that does not end with the sender' };
  return undefined;
}
