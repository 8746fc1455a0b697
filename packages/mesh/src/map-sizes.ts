import { LIMITS } from './config.js';
import type { Parts } from './report.js';

/** Entries that a map holds and those that it may hold, by the map's name. */
export type MapSizes = Readonly<Record<string, { readonly size: number; readonly cap: number }>>;

/** Link machines: the links, those that replace them, silent ones that hold no slot, extra ones, and attempts. */
const linkCap = (maxPeers: number): number => 2 * maxPeers + 24;

/** Every bounded map of every machine of a mesh, optional protocols included. */
export function mapSizesOf({ links, signaler, topology, gossip, routing, protocols, settings }: Parts): MapSizes {
  return {
    links: { size: links.table.size, cap: linkCap(settings().maxPeers) },
    endedSessions: { size: links.endedSessions, cap: LIMITS.endedSessions },
    signals: { size: signaler.size, cap: LIMITS.signals },
    ...topology.mapSizes,
    ...gossip.mapSizes,
    ...routing.mapSizes,
    ...protocols.mapSizes,
  };
}
