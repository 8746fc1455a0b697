import type { Millis, PeerId } from '@peerpigeon/core';
import type { ConnectivityReport, DiscoveredReport, MeshSettings } from '@peerpigeon/mesh';

/** What `getStatus()` gives (S63–S74); JSON-safe. */
export interface MeshStatus extends MeshSettings {
  /** The own id; null before `init()` unless it was given. */
  readonly peerId: PeerId | null;
  /** Whether signaling is up now. */
  readonly connected: boolean;
  /** `getPeers().length`. */
  readonly connectedCount: number;
  /** `getDiscoveredPeers().length`. */
  readonly discoveredCount: number;
  readonly connectionType: 'websocket';
  /** The address of the signaling server that has us, or is tried; the last one after `disconnect()`, null before any. */
  readonly signalingUrl: string | null;
  /** Milliseconds since the successful `connect()`; 0 before it and after `disconnect()`. */
  readonly uptime: Millis;
}

/** A peer that is known and not connected (S77); JSON-safe. */
export type DiscoveredPeer = DiscoveredReport;

/** What `debugConnectivity()` gives (S84); JSON-safe. */
export interface ConnectivityStatus {
  readonly status: MeshStatus;
  /** For each known peer its state, distance, attempts, who should initiate, and why it is or is not connected. */
  readonly peers: readonly ConnectivityReport[];
}
