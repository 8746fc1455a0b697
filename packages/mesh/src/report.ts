import type { Millis, PeerId } from '@peerpigeon/core';
import type { Session, SessionState } from '@peerpigeon/signaling-protocol';
import type { Role, Topology } from '@peerpigeon/topology';
import { distanceBytes, formatId } from '@peerpigeon/xor';
import type { MeshSettings } from './config.js';
import type { LinkPhase, LinkTable } from './link-table.js';
import type { Overlay } from './overlay.js';

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
  private readonly topology: Topology;
  private readonly overlay: Overlay;
  private readonly session: Session;
  private readonly current: () => MeshSettings;

  constructor(
    self: PeerId,
    table: LinkTable,
    topology: Topology,
    overlay: Overlay,
    session: Session,
    current: () => MeshSettings,
  ) {
    this.self = self;
    this.table = table;
    this.topology = topology;
    this.overlay = overlay;
    this.session = session;
    this.current = current;
  }

  /** The settings in force. */
  get settings(): MeshSettings {
    return this.current();
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
      const role = this.topology.neighborhood.links.get(peer)?.role ?? 'none';
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

  /** How many peers the mesh has, as far as can be told from here. */
  get sizeEstimate(): number {
    return this.topology.sizeEstimate;
  }

  /** Both ring neighbours are the nearest known. */
  get ringOk(): boolean {
    return this.topology.ringOk;
  }

  /** How many message ids are remembered (S21). */
  get seenMessages(): { readonly size: number } {
    return this.overlay.gossip.seen;
  }

  /** What gossip and routing counted. */
  get counters(): { readonly gossip: Overlay['gossip']['counters']; readonly routing: Overlay['routing']['counters'] } {
    return { gossip: this.overlay.gossip.counters, routing: this.overlay.routing.counters };
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
    const link = this.topology.neighborhood.links.get(peer);
    if (link !== undefined) return `linked as ${link.role}`;
    if (state === 'connecting') return 'a link is being made';
    const known = this.topology.knowledge.get(peer);
    const { autoDiscovery } = this.current();
    if (!autoDiscovery) return 'autoDiscovery is off';
    if (this.session.state.name !== 'connected') return 'signaling is down, so that it cannot be asked';
    if (known !== undefined && known.retryAt > now) return `dialled again in ${Math.ceil(known.retryAt - now)} ms`;
    if (known !== undefined && known.refusedUntil > now) return 'it had no room when last asked';
    if (this.topology.neighborhood.load >= this.current().maxPeers)
      return 'all slots are taken by links that are preferred';
    return initiator === 'peer' ? 'the other side, with the larger id, initiates' : 'not wanted yet';
  }
}
