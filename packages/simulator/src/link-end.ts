import type { Millis, PeerId } from '@peerpigeon/core';
import type { TransportBuffer } from './bandwidth.js';
import type { LinkKind } from './observer.js';
import type { SimulatedPeer } from './peer.js';

/**
 * Where a transport stands.
 *
 * ```
 * new ──offer──▶ offering ──accept──▶ connecting ──both ends──▶ open ──▶ closed
 *  └─────────────answer──(or offering: rollback)──▶┘
 * ```
 * Every state may go to `closed`: by command, by a reset, or because ICE gave up.
 */
export type EndState = 'new' | 'offering' | 'connecting' | 'open' | 'closed';

/** One end of a link: what an RTCPeerConnection is to its peer. */
export class LinkEnd {
  /** Names it in descriptions. */
  readonly number: number;
  readonly owner: SimulatedPeer;
  readonly peer: PeerId;
  readonly session: string;
  state: EndState = 'new';
  /** The end whose description was set here. */
  remote: LinkEnd | undefined;
  /** The link it is an end of, once open. */
  link: SimulatedLink | undefined;
  /** What the owner's machine says the link is; undefined before it is ready there. */
  kind: LinkKind | undefined;
  /** Half-open: what this end sends is lost, without a word. */
  muted = false;
  /** Under modelled liveness: since when nothing can be heard here; undefined while something can. */
  silentSince: Millis | undefined;
  /** What waits in it; undefined where nothing ever does. */
  buffer: TransportBuffer | undefined;
  /** When the last thing on its way here arrives: nothing overtakes. */
  lastArrival: Millis = 0;

  constructor(number: number, owner: SimulatedPeer, peer: PeerId, session: string) {
    this.number = number;
    this.owner = owner;
    this.peer = peer;
    this.session = session;
  }
}

/** Two ends that have found each other. */
export class SimulatedLink {
  readonly a: LinkEnd;
  readonly b: LinkEnd;
  readonly latencyMs: Millis;
  /** `broken`: a reset; the ends do not know yet. `closed`: at least one end is. */
  state: 'open' | 'broken' | 'closed' = 'open';
  /** What both ends agree that it is; undefined unless it is ready at both. */
  kind: LinkKind | undefined;

  constructor(a: LinkEnd, b: LinkEnd, latencyMs: Millis) {
    this.a = a;
    this.b = b;
    this.latencyMs = latencyMs;
  }

  /** The kind by what its two ends say: it is there when both have it, and a handover while either calls it so. */
  agreedKind(): LinkKind | undefined {
    const { a, b } = this;
    if (this.state !== 'open' || a.kind === undefined || b.kind === undefined) return undefined;
    if (a.kind === 'handover' || b.kind === 'handover') return 'handover';
    return a.kind === 'extra' || b.kind === 'extra' ? 'extra' : 'mesh';
  }
}
