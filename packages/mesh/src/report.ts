import type { Millis, PeerId } from '@peerpigeon/core';
import type { Gossip } from '@peerpigeon/gossip';
import type { Session, SessionState } from '@peerpigeon/signaling-protocol';
import type { Role, Topology } from '@peerpigeon/topology';
import { distanceBytes, formatId } from '@peerpigeon/xor';
import type { MeshSettings } from './config.js';
import type { LinkPhase, LinkTable } from './link-table.js';

/** One link, as tools see it. */
export interface LinkReport {
  readonly peer: PeerId;
  /** `mesh`: shown; `handover`: ready above `maxPeers`, until the link it replaces has closed. */
  readonly kind: 'mesh' | 'handover';
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
  readonly why: string;
}

/** Read-only views of a running mesh. */
export class Report {
  private readonly self: PeerId;
  private readonly table: LinkTable;
  private readonly session: Session;
  private readonly topology: Topology;
  private readonly gossip: Gossip;
  private readonly settings: () => MeshSettings;

  constructor(
    self: PeerId,
    table: LinkTable,
    session: Session,
    topology: Topology,
    gossip: Gossip,
    settings: () => MeshSettings,
  ) {
    this.self = self;
    this.table = table;
    this.session = session;
    this.topology = topology;
    this.gossip = gossip;
    this.settings = settings;
  }

  /** Where signaling stands. */
  get signaling(): SessionState {
    return this.session.state;
  }

  /** Peers whose links are shown. */
  peers(): PeerId[] {
    return this.table.connected();
  }

  /** Whether `peer` is one of {@link peers}. */
  hasPeer(peer: PeerId): boolean {
    return this.table.get(peer)?.phase === 'connected';
  }

  /** All ready links. */
  links(): LinkReport[] {
    return this.table.all().flatMap(({ peer, phase, degraded, readySince: since }) => {
      if (phase === 'connecting') return [];
      const role = this.topology.neighbourhood.links.get(peer)?.role ?? 'none';
      return [{ peer, kind: phase === 'connected' ? ('mesh' as const) : phase, role, degraded, since }];
    });
  }

  /** Peers that are known and not connected. */
  discovered(): DiscoveredReport[] {
    const rows: DiscoveredReport[] = [];
    for (const [peer] of this.topology.knowledge.entries())
      if (!this.hasPeer(peer)) rows.push(this.discoveredRow(peer));
    return rows;
  }

  /** How many message ids are remembered (S21). */
  get seenMessages(): { readonly size: number } {
    return this.gossip.seen;
  }

  /** For each known peer, why it is linked or not. */
  connectivity(now: Millis): ConnectivityReport[] {
    const ids = new Set([
      ...this.table.all().map(({ peer }) => peer),
      ...[...this.topology.knowledge.entries()].map(([id]) => id),
    ]);
    return [...ids].map((peer) => {
      const initiator = this.self > peer ? 'self' : 'peer';
      const state = this.table.get(peer)?.phase ?? 'known';
      return { ...this.discoveredRow(peer), state, initiator, why: this.why(peer, state, initiator, now) };
    });
  }

  private discoveredRow(peer: PeerId): DiscoveredReport {
    return {
      peerId: peer,
      distance: formatId(distanceBytes(this.self, peer)),
      isConnecting: this.table.get(peer)?.phase === 'connecting',
      attempts: this.topology.knowledge.get(peer)?.attempts ?? 0,
    };
  }

  private why(peer: PeerId, state: LinkPhase | 'known', initiator: 'self' | 'peer', now: Millis): string {
    const { knowledge, neighbourhood } = this.topology;
    const { autoDiscovery, maxPeers } = this.settings();
    const link = neighbourhood.links.get(peer);
    if (link !== undefined) return `linked as ${link.role}`;
    if (state === 'connecting') return 'a link is being made';
    if (!autoDiscovery) return 'autoDiscovery is off';
    if (this.session.state.name !== 'connected') return 'signaling is down, so that it cannot be asked';
    const { retryAt = 0, refusedUntil = 0 } = knowledge.get(peer) ?? {};
    if (retryAt > now) return `dialled again in ${Math.ceil(retryAt - now)} ms`;
    if (refusedUntil > now) return 'it had no room when last asked';
    if (neighbourhood.load >= maxPeers) return 'all slots are taken by links that are preferred';
    return initiator === 'peer' ? 'the other side, with the larger id, initiates' : 'not wanted yet';
  }
}
