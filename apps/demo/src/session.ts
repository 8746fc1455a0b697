import { indexedDbStorage, PeerPigeonMesh, type StatusChange } from '@peerpigeon/client';
import { contentText, count, errorText, shortId } from './format.js';
import { labelledConsole } from './labelled-console.js';
import type { Launch, Settings } from './settings.js';
import type { LogLevel, Store } from './store.js';

/** How often uptime and the forgetting of peers are looked at, in ms; all else comes by events. */
const REFRESH_MS = 1_000;
/** How long a server that is away is tried, in ms: a tab left open joins when it is back. A day; leaving ends it sooner. */
const JOIN_PATIENCE_MS = 86_400_000;

/** One mesh and the store that shows it: events flow into the store, the page's commands to the mesh. */
export class Session {
  readonly mesh: PeerPigeonMesh;
  private readonly store: Store;
  /** Evicted, and the end of the link yet to come. */
  private readonly evicted = new Set<string>();
  private readonly undo: (() => void)[] = [];
  private readonly refreshing: number;

  constructor(store: Store, settings: Settings, { debug, tab, peerId }: Launch) {
    this.store = store;
    const { network: networkName, maxPeers, minPeers } = settings;
    this.mesh = new PeerPigeonMesh({
      networkName,
      maxPeers,
      minPeers,
      debug,
      ...(peerId === null ? {} : { peerId, storage: indexedDbStorage() }),
      // With a logger of its own the library says more than errors.
      ...(debug && tab !== null ? { logger: labelledConsole(tab) } : {}),
    });
    this.listen();
    this.refreshing = window.setInterval(() => this.refresh(), REFRESH_MS);
    this.refresh();
  }

  async join(url: string): Promise<void> {
    this.store.phase.value = 'joining';
    this.note('info', `Joining through ${url}`);
    try {
      await this.mesh.init();
      this.refresh();
      await this.mesh.connect(url, { timeoutMs: JOIN_PATIENCE_MS });
    } catch (error) {
      this.note('error', `Could not join: ${errorText(error)}`);
      // Left meanwhile: nothing failed.
      if (this.store.phase.value === 'joining') this.store.phase.value = 'failed';
    }
    this.refresh();
  }

  leave(): void {
    this.mesh.disconnect();
    this.store.phase.value = 'left';
    this.store.clearMesh();
    this.refresh();
    this.note('info', 'Left the mesh');
  }

  /** Ends this session for good. */
  end(): void {
    window.clearInterval(this.refreshing);
    for (const undo of this.undo) undo();
    this.mesh.disconnect();
    this.store.clearMesh();
  }

  say(text: string, to: string | null): void {
    try {
      if (to === null) {
        this.mesh.sendMessage(text);
        const from = this.mesh.getStatus().peerId ?? '';
        for (const peer of this.mesh.getPeers()) this.store.addPulse([from, peer]);
        return;
      }
      const id = this.mesh.sendDirectMessage(to, text);
      // A direct message is not echoed (S20).
      const from = this.mesh.getStatus().peerId ?? '';
      const fate = { state: 'travelling' } as const;
      this.store.addMessage({ id, from, to, text, mine: true, hops: 0, verified: true, at: Date.now(), fate });
    } catch (error) {
      this.note('error', `Not sent: ${errorText(error)}`);
    }
  }

  link(peer: string): void {
    this.attempt(() => {
      this.mesh.connectToPeer(peer);
      this.note('info', `Dialling ${shortId(peer)}`);
    });
  }

  unlink(peer: string): void {
    this.attempt(() => this.mesh.disconnectPeer(peer, 'closed by hand'));
  }

  forceLinks(): void {
    this.attempt(() => {
      const attempts = this.mesh.forceConnectToAllPeers();
      this.note('info', `Forced: ${count(attempts, 'dial')} started`);
    });
  }

  setLimits({ maxPeers, minPeers }: Settings): void {
    this.attempt(() => {
      // A minimum above the maximum is refused, so the one that makes room goes first.
      if (maxPeers >= this.mesh.getStatus().minPeers) this.mesh.setMaxPeers(maxPeers);
      this.mesh.setMinPeers(minPeers);
      this.mesh.setMaxPeers(maxPeers);
    });
    this.refresh();
  }

  private listen(): void {
    const { mesh, store } = this;
    this.undo.push(
      mesh.on('connected', () => {
        store.phase.value = 'joined';
        this.note('good', 'Signaling server reached');
        this.refresh();
      }),
      mesh.on('disconnected', () => {
        if (store.phase.value === 'joined') {
          store.phase.value = 'alone';
          this.note('warning', 'Signaling server lost; the mesh goes on without it');
        }
        this.refresh();
      }),
      mesh.on('statusChanged', (change) => {
        this.show(change);
        this.refresh();
      }),
      mesh.on('peerDiscovered', ({ peerId }) => {
        this.note('info', `Heard of ${shortId(peerId)}`);
        this.refresh();
      }),
      mesh.on('peerConnected', ({ peerId }) => this.note('good', `Linked with ${shortId(peerId)}`)),
      mesh.on('peerDisconnected', ({ peerId, reason }) => {
        store.setSilent(peerId, false);
        // An eviction was told already, and the peer is still there.
        if (this.evicted.delete(peerId)) return;
        store.dropSightings(peerId);
        this.note('warning', `Link with ${shortId(peerId)} closed: ${reason}`);
      }),
      mesh.on('peerEvicted', ({ peerId, initiatedBy, reason }) => {
        this.evicted.add(peerId);
        this.note('info', `${initiatedBy === 'local' ? 'Let go of' : 'Let go by'} ${shortId(peerId)}: ${reason}`);
      }),
      mesh.on('peersUpdated', () => this.refresh()),
      mesh.on('messageReceived', ({ messageId, from, content, direct, hops, path, timestamp, verified }) => {
        const self = mesh.getStatus().peerId ?? '';
        const mine = from === self;
        const to = direct ? self : null;
        const text = contentText(content);
        store.addMessage({ id: messageId, from, to, text, mine, hops, verified, at: timestamp });
        if (!mine) store.sawPath([...path, self], Date.now());
      }),
      mesh.on('messageDelivered', ({ messageId, hops, roundTripMs }) =>
        store.settleMessage(messageId, { state: 'delivered', hops, ms: roundTripMs }),
      ),
      mesh.on('messageFailed', ({ messageId, peerId, reason }) => {
        store.settleMessage(messageId, { state: 'failed', reason });
        this.note('error', `Message to ${shortId(peerId)} not delivered: ${reason}`);
      }),
    );
  }

  private show(change: StatusChange): void {
    switch (change.type) {
      case 'warning':
      case 'error':
        return this.note(change.type, change.message);
      case 'reconnecting':
        if (this.store.phase.value === 'joining') this.note('warning', 'Signaling server not reached; trying on');
        return;
      case 'peerDegraded':
      case 'peerRecovered':
        this.store.setSilent(change.peerId, change.type === 'peerDegraded');
        return this.note('info', change.message);
      default:
      // The rest is told by events of its own.
    }
  }

  private attempt(command: () => void): void {
    try {
      command();
    } catch (error) {
      this.note('error', errorText(error));
    }
  }

  private refresh(): void {
    const { mesh, store } = this;
    const { peerId, maxPeers, minPeers, uptime } = mesh.getStatus();
    store.status.value = { peerId, maxPeers, minPeers, uptime };
    store.peers.value = mesh.getPeers();
    store.known.value = mesh
      .getDiscoveredPeers()
      .map((peer) => ({ id: peer.peerId, kind: peer.isConnecting ? 'dialling' : 'known' }));
    store.forgetSightings(Date.now());
  }

  private note(level: LogLevel, text: string): void {
    this.store.addLog(level, text, Date.now());
  }
}
