import type { Millis, PeerId } from '@peerpigeon/core';
import type { SessionState } from '@peerpigeon/signaling-protocol';
import type { Role } from '@peerpigeon/topology';
import { predecessor, successor } from '@peerpigeon/xor';
import { LIMITS } from './config.js';
import type { LinkPhase } from './link-table.js';
import type { Parts } from './report.js';

/** How a mesh stands, as seen from one peer; JSON-safe. */
export interface Health {
  readonly peerId: PeerId;
  /** Peers in the mesh, from the density of ids near one's own; exact up to 17. */
  readonly sizeEstimate: number;
  readonly ring: RingHealth;
  /** All ready links. */
  readonly links: readonly LinkHealth[];
  /** Ring neighbours that cannot be linked and are reached over others. */
  readonly tunnels: readonly PeerId[];
  /**
   * Members that the server names cannot be reached over the mesh; or others are known, and either no link is alive or the
   * ring has been open for too long to be only in repair.
   */
  readonly partitionSuspected: boolean;
  /** Peers with which a link is being made. */
  readonly connecting: readonly PeerId[];
  /** Failed dials in a row, by peer, where there were any. */
  readonly connectionAttempts: Readonly<Record<PeerId, number>>;
  /** How many peers are known, linked ones included. */
  readonly known: number;
  readonly signaling: SessionState['name'];
}

/** The ring links of a peer. */
export interface RingHealth {
  /** `right`: both neighbours are the nearest known; `tunnelled`: so they are, one of them over others; else `open`. */
  readonly state: 'right' | 'open' | 'tunnelled';
  /** The nearest reachable peers below and above the own id, wrapping; null without any. */
  readonly predecessor: PeerId | null;
  readonly successor: PeerId | null;
  /** For how long the ring has been open, or not. */
  readonly ageMs: Millis;
}

/** One ready link. */
export interface LinkHealth {
  readonly peer: PeerId;
  /** `mesh`: shown in `getPeers`; `handover`: above `maxPeers` for a moment; `extra`: for a call or a transfer. */
  readonly kind: Exclude<LinkPhase, 'connecting' | 'connected'> | 'mesh';
  /** What it is for at this end. */
  readonly role: Role;
  /** What it is for at the other; null before it said so. */
  readonly theirRole: Role | null;
  /** Silent for some seconds. */
  readonly degraded: boolean;
  readonly ageMs: Millis;
  /** The latest round trip of a ping; null before the first. */
  readonly rttMs: Millis | null;
  /** Bytes that wait to be sent, and messages dropped so far because too many waited. */
  readonly waitingBytes: number;
  readonly dropped: number;
}

/** How the mesh stands now. */
export function healthOf(parts: Parts, now: Millis): Health {
  const { self, topology, session } = parts;
  const { table } = parts.links;
  const { neighbourhood, knowledge } = topology;
  const links = table.all().flatMap((entry): LinkHealth[] => {
    const { peer, phase, degraded, readySince, link, scheduler, dropped } = entry;
    if (phase === 'connecting') return [];
    const { role = 'none', theirRole = null } = neighbourhood.links.get(peer) ?? {};
    const kind = phase === 'connected' ? 'mesh' : phase;
    const { rttMs = null } = link;
    const { waitingBytes } = scheduler;
    return [{ peer, kind, role, theirRole, degraded, ageMs: now - readySince, rttMs, waitingBytes, dropped }];
  });
  const connectionAttempts: Record<PeerId, number> = {};
  for (const [peer, { attempts }] of knowledge.entries()) if (attempts > 0) connectionAttempts[peer] = attempts;
  const ring = ringOf(parts, now);
  const alive = links.some(({ degraded }) => !degraded);
  const torn = ring.state === 'open' && ring.ageMs > LIMITS.suspectPartitionMs;
  return {
    peerId: self,
    sizeEstimate: topology.sizeEstimate,
    ring,
    links,
    tunnels: [...neighbourhood.tunnels],
    partitionSuspected: topology.partitionSuspected || (knowledge.size > 0 && (!alive || torn)),
    connecting: table.in('connecting').map(({ peer }) => peer),
    connectionAttempts,
    known: knowledge.size,
    signaling: session.state.name,
  };
}

function ringOf({ self, topology }: Parts, now: Millis): RingHealth {
  const { neighbourhood, ring } = topology;
  const ids = new Set(neighbourhood.tunnels);
  for (const { peer, suspect, record } of neighbourhood.links.values()) {
    if (!suspect && record.caps.maxPeers > 1) ids.add(peer);
  }
  const sides = [predecessor(self, ids), successor(self, ids)];
  const held = sides.some((peer) => peer !== undefined && neighbourhood.tunnels.has(peer));
  return {
    state: ring.state === 'right' && held ? 'tunnelled' : ring.state,
    predecessor: sides[0] ?? null,
    successor: sides[1] ?? null,
    ageMs: now - ring.since,
  };
}
