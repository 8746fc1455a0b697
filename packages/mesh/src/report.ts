import type { Millis, PeerId } from '@peerpigeon/core';
import type { Gossip } from '@peerpigeon/gossip';
import type { Routing } from '@peerpigeon/routing';
import type { Session, SessionState } from '@peerpigeon/signaling-protocol';
import type { Evaluation, Role, Topology } from '@peerpigeon/topology';
import { distanceBytes, formatId } from '@peerpigeon/xor';
import type { MeshSettings } from './config.js';
import { explain } from './explanation.js';
import type { Explanation, ExplanationCode } from './explanation.js';
import { healthOf } from './health.js';
import type { Health } from './health.js';
import type { LinkPhase } from './link-table.js';
import { mapSizesOf } from './map-sizes.js';
import type { MapSizes } from './map-sizes.js';
import type { LinkBoard } from './link-board.js';
import type { ProtocolBoard } from './protocol-board.js';
import type { Signaler } from './signaler.js';

/** One link, as tools see it. */
export interface LinkReport {
  readonly peer: PeerId;
  /** `mesh`: shown; `handover`: ready above `maxPeers`, until the link it replaces has closed; `extra`: for a call or a transfer. */
  readonly kind: 'mesh' | 'handover' | 'extra';
  readonly role: Role;
  /** Silent for some seconds. */
  readonly degraded: boolean;
  /** When it became ready, monotonic. */
  readonly since: Millis;
}

/** A peer that is known and not linked. */
export interface DiscoveredReport {
  readonly peerId: PeerId;
  /** XOR distance, 40 hexadecimal digits. */
  readonly distance: string;
  /** A link with it is being made. */
  readonly isConnecting: boolean;
  /** Failed dials in a row. */
  readonly attempts: number;
}

/** Why a peer is, or is not, linked (S84). */
export interface ConnectivityReport extends DiscoveredReport {
  readonly state: LinkPhase | 'known';
  /** Who initiates by the lexicographic rule: the larger id (S89). */
  readonly initiator: 'self' | 'peer';
  readonly code: ExplanationCode;
  readonly why: string;
}

/** What reports are made from. */
export interface Parts {
  readonly self: PeerId;
  readonly links: LinkBoard;
  readonly session: Session;
  readonly topology: Topology;
  readonly gossip: Gossip;
  readonly routing: Routing;
  readonly signaler: Signaler;
  readonly protocols: ProtocolBoard;
  readonly settings: () => MeshSettings;
}

/** Read-only views of a running mesh. */
export class Report {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Where signaling stands. */
  get signaling(): SessionState {
    return this.parts.session.state;
  }

  /** Peers whose links are shown. */
  peers(): PeerId[] {
    return this.parts.links.shown;
  }

  /** Whether `peer` is one of {@link peers}. */
  hasPeer(peer: PeerId): boolean {
    return this.parts.links.shown.includes(peer);
  }

  /** Whether there is a ready link with `peer`, of any kind: datagrams and bulk go over it. */
  isLinked(peer: PeerId): boolean {
    return (this.phase(peer) ?? 'connecting') !== 'connecting';
  }

  /** All ready links. */
  links(): LinkReport[] {
    return this.parts.links.table.all().flatMap(({ peer, phase, degraded, readySince: since }) => {
      if (phase === 'connecting') return [];
      const role = this.parts.topology.neighbourhood.links.get(peer)?.role ?? 'none';
      return [{ peer, kind: phase === 'connected' ? ('mesh' as const) : phase, role, degraded, since }];
    });
  }

  /** Ring neighbours that cannot be linked and are reached over others. */
  tunnels(): PeerId[] {
    return [...this.parts.topology.neighbourhood.tunnels];
  }

  /** Peers that are known and not connected. */
  discovered(): DiscoveredReport[] {
    const rows: DiscoveredReport[] = [];
    for (const [peer] of this.parts.topology.knowledge.entries())
      if (!this.hasPeer(peer)) rows.push(this.discoveredRow(peer));
    return rows;
  }

  /** How many message ids are remembered (S21). */
  get seenMessages(): { readonly size: number } {
    return this.parts.gossip.seen;
  }

  /** How the mesh stands, as seen from here. */
  health(now: Millis): Health {
    return healthOf(this.parts, now);
  }

  /** Why `peer` is, or is not, linked with us. */
  explain(peer: PeerId, now: Millis): Explanation {
    return explain(this.parts, peer, now);
  }

  /** How well this peer is linked, and what could be better (S107). */
  evaluate(now: Millis): Evaluation {
    return this.parts.topology.evaluate(now);
  }

  /** Every bounded map of every machine, by name (S114). */
  mapSizes(): MapSizes {
    return mapSizesOf(this.parts);
  }

  /** For each known peer, why it is linked or not. */
  connectivity(now: Millis): ConnectivityReport[] {
    const { self, links, topology } = this.parts;
    const ids = new Set([
      ...links.table.all().map(({ peer }) => peer),
      ...[...topology.knowledge.entries()].map(([id]) => id),
    ]);
    return [...ids].map((peer) => {
      const { code, message: why } = this.explain(peer, now);
      const initiator = self > peer ? 'self' : 'peer';
      return { ...this.discoveredRow(peer), state: this.phase(peer) ?? 'known', initiator, code, why };
    });
  }

  private phase(peer: PeerId): LinkPhase | undefined {
    return this.parts.links.table.get(peer)?.phase;
  }

  private discoveredRow(peer: PeerId): DiscoveredReport {
    return {
      peerId: peer,
      distance: formatId(distanceBytes(this.parts.self, peer)),
      isConnecting: this.phase(peer) === 'connecting',
      attempts: this.parts.topology.knowledge.get(peer)?.attempts ?? 0,
    };
  }
}
