import type { PeerPigeonMesh } from '@peerpigeon/client';
import type { Store } from './store.js';

declare global {
  interface Window {
    /** The live mesh (S159). */
    peerPigeonMesh: PeerPigeonMesh;
    /** The complete state, JSON-safe (S161). */
    getPeerPigeonState: () => object;
  }
}

/** What `window.getPeerPigeonState()` gives. */
export function describeState(store: Store, mesh: PeerPigeonMesh): object {
  return {
    phase: store.phase.value,
    status: mesh.getStatus(),
    peers: mesh.getPeers(),
    discoveredPeers: mesh.getDiscoveredPeers(),
    connectionAttempts: mesh.getConnectionAttempts(),
    gossip: { seenMessages: mesh.gossipManager.seenMessages.size },
    roster: store.roster.value,
    sightings: [...store.sightings.value.values()],
    messages: store.messages.value,
    log: store.log.value,
    settings: store.settings.value,
  };
}
