import type { Millis, PeerId } from '@peerpigeon/core';
import type { Parts } from './report.js';

/** Why a peer is, or is not, linked with us. */
export type ExplanationCode =
  /** It is this peer. */
  | 'self'
  /** Nobody has told of it, or it is gone and forgotten. */
  | 'unknown'
  /** There is a link, shown in `getPeers`. */
  | 'linked'
  /** There is a link, above `maxPeers` until the one that it replaces has closed. */
  | 'handover'
  /** There is a link beside the mesh links, for a call or a transfer. */
  | 'extra'
  /** A link is being made. */
  | 'connecting'
  /** No link can be made; as a ring neighbour it is reached over others. */
  | 'tunnelled'
  /** It answers, yet time and again no path was found between us. */
  | 'unlinkable'
  /** The last dials failed; the next one has its time. */
  | 'backing-off'
  /** It had no room when last asked, or the link with it has just been closed. */
  | 'refused'
  /** `autoDiscovery` is off: only the application dials. */
  | 'auto-discovery-off'
  /** Signaling is down, and no way over the mesh is known. */
  | 'unreachable'
  /** All slots are taken by links that are preferred. */
  | 'full'
  /** The other side, with the larger id, initiates. */
  | 'their-turn'
  /** Nothing needs a link with it now. */
  | 'not-wanted';

/** An {@link ExplanationCode} and a sentence for people. */
export interface Explanation {
  readonly code: ExplanationCode;
  readonly message: string;
}

/** Why `peer` is, or is not, linked with us (S84). */
export function explain({ self, links, topology, session, settings }: Parts, peer: PeerId, now: Millis): Explanation {
  const say = (code: ExplanationCode, message: string): Explanation => ({ code, message });
  if (peer === self) return say('self', 'it is this peer');
  const { knowledge, neighbourhood } = topology;
  const entry = links.table.get(peer);
  const link = neighbourhood.links.get(peer);
  if (entry !== undefined && entry.phase !== 'connecting') {
    const silent = entry.degraded ? '; nothing was heard of it for some seconds' : '';
    const as = `linked as ${link?.role ?? 'none'}${silent}`;
    if (entry.phase === 'extra') return say('extra', 'linked beside the mesh, for a call or a transfer');
    return entry.phase === 'connected'
      ? say('linked', as)
      : say('handover', `${as}; the link it replaces closes first`);
  }
  if (entry !== undefined) return say('connecting', 'a link is being made');
  if (neighbourhood.tunnels.has(peer)) {
    return say('tunnelled', 'no path was found between us; it is a ring neighbour over other peers');
  }
  const known = knowledge.get(peer);
  if (known === undefined) return say('unknown', 'nobody has told of it');
  const { retryAt, refusedUntil, attempts, unlinked, route } = known;
  const again = `dialled again in ${Math.ceil(retryAt - now)} ms`;
  if (retryAt > now && unlinked > 0) {
    return say('unlinkable', `it answers, yet no path between us was found, ${unlinked} times in a row; ${again}`);
  }
  if (retryAt > now && attempts > 0) {
    return say('backing-off', `${attempts} dials failed; ${again}`);
  }
  if (Math.max(retryAt, refusedUntil) > now) return say('refused', 'it had no room, or has just been parted from');
  const { autoDiscovery, maxPeers } = settings();
  if (!autoDiscovery) return say('auto-discovery-off', 'autoDiscovery is off');
  if (session.state.name !== 'connected' && route === undefined) {
    return say('unreachable', 'signaling is down, and no way over the mesh is known');
  }
  if (neighbourhood.load >= maxPeers) return say('full', 'all slots are taken by links that are preferred');
  return self > peer
    ? say('not-wanted', 'not wanted yet')
    : say('their-turn', 'the other side, with the larger id, initiates');
}
